//! What a request says to the host, and what the host says about its failure.

use wasip2::http::types::{ErrorCode, Fields, Method, OutgoingRequest, Scheme};

/// A request with this method, URL and `[name, value, …]` of headers.
pub fn request(method: &str, url: &str, headers: &[String]) -> Result<OutgoingRequest, String> {
    let (scheme, rest) = match url.split_once("://") {
        Some(("https", rest)) => (Scheme::Https, rest),
        Some(("http", rest)) => (Scheme::Http, rest),
        _ => return Err("only http and https are supported".into()),
    };
    let rest = rest.split('#').next().unwrap_or(rest);
    let path = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(path);
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let fields = fields(headers)?;
    let request = OutgoingRequest::new(fields);
    let invalid = |part: &'static str| move |()| format!("the request's {part} is invalid");
    // A request without a method is a GET.
    if method != "GET" {
        request.set_method(&method_of(method)).map_err(invalid("method"))?;
    }
    request.set_scheme(Some(&scheme)).map_err(invalid("scheme"))?;
    request.set_authority(Some(authority)).map_err(invalid("host"))?;
    request.set_path_with_query(Some(&path)).map_err(invalid("path"))?;
    Ok(request)
}

/// The headers of a request, in one call of the host. If it refuses one of them, they are added one by one to find out which.
fn fields(headers: &[String]) -> Result<Fields, String> {
    let pairs = headers.chunks_exact(2).filter_map(|pair| Some((pair.first()?, pair.get(1)?)));
    let mut entries = Vec::with_capacity(headers.len() / 2);
    for (name, value) in pairs {
        let bytes: Option<Vec<u8>> = value.chars().map(|char| u8::try_from(char).ok()).collect();
        entries.push((name.clone(), bytes.ok_or_else(|| format!("the header {name} has a character beyond Latin-1"))?));
    }
    if let Ok(fields) = Fields::from_list(&entries) {
        return Ok(fields);
    }
    let fields = Fields::new();
    for (name, bytes) in &entries {
        fields.append(name, bytes).map_err(|error| format!("the header {name} is refused: {error:?}"))?;
    }
    Ok(fields)
}

/// `scheme://authority` of a URL.
pub fn origin(url: &str) -> String {
    let after = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(after..).and_then(|rest| rest.find(['/', '?', '#'])).map_or(url.len(), |at| after + at);
    url.get(..end).unwrap_or(url).to_owned()
}

fn method_of(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "CONNECT" => Method::Connect,
        "OPTIONS" => Method::Options,
        "TRACE" => Method::Trace,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

/// The reason of a failed request, for people.
pub fn describe(error: &ErrorCode) -> String {
    match error {
        ErrorCode::HttpRequestDenied => {
            "requests to this origin are not allowed: add it to this plugin's `http` in queues.toml".into()
        }
        ErrorCode::DestinationIpProhibited => {
            "the address is not public: add its range to this plugin's `private_addresses` in queues.toml".into()
        }
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => "the host name was not found".into(),
        ErrorCode::ConnectionRefused => "connection refused".into(),
        ErrorCode::ConnectionTerminated => "the connection was closed".into(),
        ErrorCode::ConnectionTimeout | ErrorCode::ConnectionReadTimeout | ErrorCode::ConnectionWriteTimeout => {
            "timed out".into()
        }
        // `sdk/js/runtime/src/fetch/transport.js` sends such a request again.
        ErrorCode::ConnectionLimitReached => "too many requests at the same time".into(),
        ErrorCode::InternalError(Some(reason)) => reason.clone(),
        other => format!("{other:?}"),
    }
}
