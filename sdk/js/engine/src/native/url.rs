//! URLs of the WHATWG's standard, and the encoding of forms.
//!
//! `urlParse(url, base | undefined)` returns the serialized URL, or undefined. `urlOffsets(href)` returns where its components
//! begin and end in it (see `offsets`). `urlSet(href, component, value)` is the setter of URL's attribute of that name, and
//! returns the new serialized URL. `formDecode(query)` returns
//! `[name, value, name, value, …]`, which `formEncode` takes. Strings must not contain lone surrogates.

use std::cell::RefCell;

use rquickjs::{Array, Ctx, Object, String as JsString, prelude::Func};
use url::{Url, form_urlencoded, quirks};

use super::type_error;

pub fn install(native: &Object<'_>) -> rquickjs::Result<()> {
    native.set("urlParse", Func::from(parse))?;
    native.set("urlOffsets", Func::from(url_offsets))?;
    native.set("urlSet", Func::from(set))?;
    native.set("formDecode", Func::from(form_decode))?;
    native.set("formEncode", Func::from(form_encode))
}

thread_local! {
    /// The URL of the last call: its components are often read next.
    static LAST: RefCell<Option<Url>> = const { RefCell::new(None) };
}

/// Keeps the URL, and returns its serialization.
fn keep<'js>(ctx: &Ctx<'js>, url: Url) -> rquickjs::Result<JsString<'js>> {
    let href = JsString::from_str(ctx.clone(), url.as_str());
    LAST.set(Some(url));
    href
}

fn parse<'js>(
    ctx: Ctx<'js>,
    input: String,
    base: rquickjs::prelude::Opt<Option<String>>,
) -> rquickjs::Result<Option<JsString<'js>>> {
    let base = match base.0.flatten().map(|base| Url::parse(&base)) {
        None => None,
        Some(Ok(base)) => Some(base),
        Some(Err(_)) => return Ok(None),
    };
    if is_serialized(&input) {
        return JsString::from_str(ctx, &input).map(Some);
    }
    match Url::options().base_url(base.as_ref()).parse(&input) {
        Ok(url) => keep(&ctx, url).map(Some),
        Err(_) => Ok(None),
    }
}

/// Whether this is certainly a URL as the parser would serialize it: of http, with a host in lower case that is a name,
/// `localhost` or an IPv4 address, another port than the default one, and a path and a query of characters that need no
/// encoding. Most URLs of programs are like that, and the parser takes ten times as long. If in doubt, it is not.
fn is_serialized(url: &str) -> bool {
    let (rest, default_port) = match url.strip_prefix("https://") {
        Some(rest) => (rest, "443"),
        None => match url.strip_prefix("http://") {
            Some(rest) => (rest, "80"),
            None => return false,
        },
    };
    let Some(slash) = rest.find('/') else { return false };
    let (authority, path) = rest.split_at(slash);
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    is_plain_host(host)
        && port.is_none_or(|port| port != default_port && is_number(port, 65_535))
        && !path.contains("/.")
        && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.~?=&,:@+".contains(&byte))
}

fn is_plain_host(host: &str) -> bool {
    let mut labels = host.split('.');
    let is_plain = |label: &str| {
        !label.is_empty()
            && !label.starts_with("xn--")
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    // A last label that looks like a number makes the host an IPv4 address.
    let is_name = host.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_lowercase()));
    if is_name {
        return labels.all(is_plain);
    }
    host.split('.').count() == 4 && labels.all(|label| is_number(label, 255))
}

/// Whether this is a decimal number of at most `most`, without zeros before it.
fn is_number(text: &str, most: u32) -> bool {
    (text == "0" || !text.starts_with('0'))
        && text.len() <= 5
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<u32>().is_ok_and(|number| number <= most)
}

fn url_offsets(ctx: Ctx<'_>, href: String) -> rquickjs::Result<Vec<u32>> {
    let url = match LAST.take() {
        Some(last) if last.as_str() == href => last,
        _ => Url::parse(&href).map_err(|_| type_error(&ctx, "Invalid URL"))?,
    };
    let offsets = offsets(&url).into_iter().map(|offset| u32::try_from(offset).unwrap_or(u32::MAX)).collect();
    LAST.set(Some(url));
    Ok(offsets)
}

/// An invalid value leaves the URL as it is, as the standard asks.
fn set<'js>(ctx: Ctx<'js>, href: String, component: String, value: String) -> rquickjs::Result<JsString<'js>> {
    let mut url = Url::parse(&href).map_err(|_| type_error(&ctx, "Invalid URL"))?;
    let _ = match component.as_str() {
        "protocol" => quirks::set_protocol(&mut url, &value),
        "username" => quirks::set_username(&mut url, &value),
        "password" => quirks::set_password(&mut url, &value),
        "host" => quirks::set_host(&mut url, &value),
        "hostname" => quirks::set_hostname(&mut url, &value),
        "port" => quirks::set_port(&mut url, &value),
        "pathname" => {
            quirks::set_pathname(&mut url, &value);
            Ok(())
        }
        "search" => {
            quirks::set_search(&mut url, &value);
            Ok(())
        }
        "hash" => {
            quirks::set_hash(&mut url, &value);
            Ok(())
        }
        _ => return Err(type_error(&ctx, "unknown component of a URL")),
    };
    keep(&ctx, url)
}

/// `[scheme's end, username's start and end, password's start and end, host's start and end, port's start and end, path's
/// start and end, query's end]`. Offsets count bytes, which are JavaScript's units: a serialized URL is ASCII.
///
/// From the lengths of the components. Slicing by `Position` panics for some URLs, such as `foo://`.
fn offsets(url: &Url) -> [usize; 12] {
    let scheme = url.scheme().len();
    // Behind `://`, or behind `:`.
    let start = scheme + if url.has_authority() { 3 } else { 1 };
    let username = start + url.username().len();
    let password_start = username + usize::from(url.password().is_some());
    let password = password_start + url.password().map_or(0, str::len);
    let has_credentials = password > start;
    let host_start = if has_credentials { password + 1 } else { start };
    let host = host_start + url.host_str().map_or(0, str::len);
    let port_start = host + usize::from(url.port().is_some());
    let port = port_start + url.port().map_or(0, |port| port.to_string().len());
    let query_length = url.query().map_or(0, |query| query.len() + 1);
    let fragment_length = url.fragment().map_or(0, |fragment| fragment.len() + 1);
    let query = url.as_str().len() - fragment_length;
    let path = query - query_length;
    [
        scheme,
        start,
        username,
        password_start,
        password,
        host_start,
        host,
        port_start,
        port,
        path - url.path().len(),
        path,
        query,
    ]
}

fn form_decode<'js>(ctx: Ctx<'js>, query: String) -> rquickjs::Result<Array<'js>> {
    let array = Array::new(ctx)?;
    for (index, (name, value)) in form_urlencoded::parse(query.as_bytes()).enumerate() {
        array.set(2 * index, &*name)?;
        array.set(2 * index + 1, &*value)?;
    }
    Ok(array)
}

fn form_encode(pairs: Vec<String>) -> String {
    let mut serializer = form_urlencoded::Serializer::new(String::new());
    for pair in pairs.chunks_exact(2) {
        if let [name, value] = pair {
            serializer.append_pair(name, value);
        }
    }
    serializer.finish()
}
