//! Protection against cross-site requests: a page of another site must not make a browser change anything here.

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method};

/// Whether the method only reads.
pub fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether a request that changes something comes from a page of this server, or from no page at all.
///
/// Current browsers send the relation to the requesting page in `Sec-Fetch-Site`, which no page can set. Older
/// browsers send the page's origin in `Origin` with every request that is not a GET. A client that sends neither is
/// not a browser, and has only the credentials that it added itself.
pub fn is_own(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let (Ok(origin), Some(Ok(host))) = (origin.to_str(), headers.get(HOST).map(|host| host.to_str())) else {
        return false;
    };
    let origin = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(headers: &[(&'static str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().expect("a header"));
        }
        is_own(&map)
    }

    #[test]
    fn a_browser_says_where_a_request_comes_from() {
        for (site, allowed) in
            [("same-origin", true), ("none", true), ("same-site", false), ("cross-site", false), ("x", false)]
        {
            assert_eq!(own(&[("sec-fetch-site", site)]), allowed, "{site}");
        }
        // `Sec-Fetch-Site` takes precedence, because no page can set it.
        assert!(!own(&[("sec-fetch-site", "cross-site"), ("origin", "http://localhost:1"), ("host", "localhost:1")]));
    }

    #[test]
    fn an_older_browser_names_the_origin() {
        for (origin, allowed) in [
            ("http://localhost:1", true),
            ("https://LOCALHOST:1", true),
            ("http://localhost:2", false),
            ("http://evil.example", false),
            ("null", false),
        ] {
            assert_eq!(own(&[("origin", origin), ("host", "localhost:1")]), allowed, "{origin}");
        }
    }

    #[test]
    fn a_request_of_a_program_has_no_origin_and_is_accepted() {
        assert!(own(&[("host", "localhost:1")]));
    }
}
