//! Fuzz targets for the HTTP server.

use std::net::SocketAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::api::fuzz as api;
pub use super::dashboard::fuzz::form;
use super::hooks::fuzz as hooks;
use super::security::fuzz as security;

/// A request. The first line is its path and query, the lines up to an empty line are its headers, and the rest is
/// the body.
pub fn request(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let Ok(uri) = lines.next().unwrap_or_default().parse::<Uri>() else { return };
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if let (Ok(name), Ok(value)) = (name.trim().parse::<HeaderName>(), HeaderValue::from_str(value.trim())) {
            headers.append(name, value);
        }
    }
    security::headers(&headers, SocketAddr::from(([127, 0, 0, 1], 9090)));
    api::query(&uri);
    api::body(body.as_bytes());
    hooks::webhook(&headers, body.as_bytes());
}

#[cfg(test)]
mod tests {
    const TARGETS: &[toril_corpus::Target] = &[("form", super::form), ("request", super::request)];

    #[test]
    fn the_corpus_of_each_target_holds() {
        toril_corpus::hold(TARGETS);
    }

    #[test]
    #[ignore = "takes as long as it is given"]
    fn each_target_holds_for_a_while() {
        toril_corpus::drive(TARGETS);
    }
}
