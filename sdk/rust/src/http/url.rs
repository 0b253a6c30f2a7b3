//! Splits a URL into the parts that a request needs.

use super::HttpError;

/// An absolute `http` or `https` URL, without user, password and fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) https: bool,
    /// Host, and port if the URL has one: `api.example.com`, `127.0.0.1:8080`, `[::1]:8080`.
    pub(super) authority: String,
    /// Begins with `/`.
    pub(super) path_and_query: String,
}

impl Url {
    pub(super) fn parse(text: &str) -> Result<Self, HttpError> {
        if let Some(bad) = text.chars().find(|c| !c.is_ascii_graphic()) {
            return Err(invalid(format!("{bad:?} has to be percent-encoded")));
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(|| invalid("it does not begin with https://"))?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(invalid("only http and https can be requested")),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, path_and_query) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        check_authority(authority)?;
        let slash = if path_and_query.starts_with('/') { "" } else { "/" };
        Ok(Self {
            https,
            authority: authority.to_ascii_lowercase(),
            path_and_query: format!("{slash}{path_and_query}"),
        })
    }

    /// Scheme, host and port: the parts that messages may name.
    pub(super) fn origin(&self) -> String {
        let scheme = if self.https { "https" } else { "http" };
        format!("{scheme}://{}", self.authority)
    }
}

fn check_authority(authority: &str) -> Result<(), HttpError> {
    if authority.contains('@') {
        return Err(invalid("send a user and password in a header instead"));
    }
    // The last colon separates a port, unless it is part of an IPv6 address.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_valid = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')),
    };
    if !is_valid {
        return Err(invalid("it has no host"));
    }
    if port.is_some_and(|port| !port.bytes().all(|digit| digit.is_ascii_digit()) || port.parse::<u16>().is_err()) {
        return Err(invalid("its port is not a number up to 65535"));
    }
    Ok(())
}

fn invalid(reason: impl Into<String>) -> HttpError {
    HttpError::InvalidUrl { reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (bool, String, String) {
        let url = Url::parse(text).expect(text);
        (url.https, url.authority, url.path_and_query)
    }

    #[test]
    fn addresses_come_apart() {
        let expect = |text, https, authority: &str, path: &str| {
            assert_eq!(parts(text), (https, authority.to_owned(), path.to_owned()));
        };
        expect("https://api.github.com/repos/a/b?x=1#top", true, "api.github.com", "/repos/a/b?x=1");
        expect("HTTP://127.0.0.1:8080", false, "127.0.0.1:8080", "/");
        expect("http://[::1]:99/", false, "[::1]:99", "/");
        expect("https://[::1]", true, "[::1]", "/");
        expect("https://Example.com?q", true, "example.com", "/?q");
        expect("https://example.com/a@b:c", true, "example.com", "/a@b:c");
    }

    #[test]
    fn invalid_urls_are_rejected() {
        let wrong = [
            "",
            "example.com",
            "ftp://example.com",
            "https://",
            "https:///path",
            "https://:80",
            "https://user:pass@example.com",
            "https://example.com:port",
            "https://example.com:70000",
            "https://example.com:+80",
            "https://::1/",
            "https://[::1",
            "https://exa mple.com",
            "https://example.com/a b",
            "https://example.com/\r\nHost: other",
            "https://münchen.de",
        ];
        for text in wrong {
            assert!(matches!(Url::parse(text), Err(HttpError::InvalidUrl { .. })), "{text:?}");
        }
    }

    #[test]
    fn messages_contain_only_the_origin() {
        let url = Url::parse("https://example.com:8443/secret?key=1").expect("valid");
        assert_eq!(url.origin(), "https://example.com:8443");
    }
}
