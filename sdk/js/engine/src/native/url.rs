//! URLs of the WHATWG's standard, and the encoding of forms.
//!
//! `urlParse(url, base | undefined)` returns undefined or an array: the serialized URL, then where its components begin and end in it
//! (see `parts`). `urlSet(href, component, value)` is the setter of URL's attribute of that name. `formDecode(query)` returns
//! `[name, value, name, value, …]`, which `formEncode` takes. Strings must not contain lone surrogates.

use rquickjs::{Array, Ctx, Object, prelude::Func};
use url::{Url, form_urlencoded, quirks};

use super::type_error;

pub fn install(native: &Object<'_>) -> rquickjs::Result<()> {
    native.set("urlParse", Func::from(parse))?;
    native.set("urlSet", Func::from(set))?;
    native.set("formDecode", Func::from(form_decode))?;
    native.set("formEncode", Func::from(form_encode))
}

fn parse<'js>(
    ctx: Ctx<'js>,
    input: String,
    base: rquickjs::prelude::Opt<Option<String>>,
) -> rquickjs::Result<Option<Array<'js>>> {
    let base = match base.0.flatten().map(|base| Url::parse(&base)) {
        None => None,
        Some(Ok(base)) => Some(base),
        Some(Err(_)) => return Ok(None),
    };
    match Url::options().base_url(base.as_ref()).parse(&input) {
        Ok(url) => parts(&ctx, &url).map(Some),
        Err(_) => Ok(None),
    }
}

/// An invalid value leaves the URL as it is, as the standard asks.
fn set<'js>(ctx: Ctx<'js>, href: String, component: String, value: String) -> rquickjs::Result<Array<'js>> {
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
    parts(&ctx, &url)
}

/// `[href, scheme's end, username's start and end, password's start and end, host's start and end, port's start and end,
/// path's start and end, query's end]`. Offsets count bytes, which are JavaScript's units: a serialized URL is ASCII.
fn parts<'js>(ctx: &Ctx<'js>, url: &Url) -> rquickjs::Result<Array<'js>> {
    let array = Array::new(ctx.clone())?;
    array.set(0, url.as_str())?;
    for (index, offset) in offsets(url).into_iter().enumerate() {
        array.set(index + 1, offset)?;
    }
    Ok(array)
}

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
