//! The HTTP origins that a plugin may send requests to.

use std::fmt;
use std::str::FromStr;

use toril_job::settings::{AuthorityError, authority};

/// An exact HTTP origin: scheme, host and port. `https://api.github.com` allows no other host, no other port and no
/// plain HTTP.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    scheme: Scheme,
    host: String,
    port: u16,
}

/// The scheme of an [`Origin`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Plain HTTP; default port 80.
    Http,
    /// HTTP over TLS; default port 443.
    Https,
}

/// Why a text is not an origin. The message follows the name of the value. It never repeats the value, which may
/// contain a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Neither `http://` nor `https://`.
    #[error("must start with http:// or https://")]
    Scheme,
    /// `https://host/`.
    #[error("must not end with a slash: an origin has no path")]
    TrailingSlash,
    /// `https://host/path`.
    #[error("must not have a path: a plugin may send requests to every path of an origin")]
    Path,
    /// `https://host?query` or `https://host#fragment`.
    #[error("must not have a query or fragment")]
    Query,
    /// `https://user:password@host`.
    #[error("must not have a user name or password")]
    UserInfo,
    /// `https://*.host`.
    #[error("must name one host: there are no wildcards")]
    Wildcard,
    /// The host is missing or not valid.
    #[error(transparent)]
    Host(#[from] AuthorityError),
}

impl Scheme {
    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The default port of the scheme.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Http, Self::Https].into_iter().find(|scheme| scheme.as_str().eq_ignore_ascii_case(text))
    }
}

impl Origin {
    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host in lower case. An IPv6 address is in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, or the scheme's default if none was given.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether a request to `scheme://authority` goes to this origin. False if the authority cannot be parsed.
    pub fn matches(&self, scheme: &str, authority: &str) -> bool {
        if Scheme::parse(scheme) != Some(self.scheme) {
            return false;
        }
        authority::split(authority)
            .is_ok_and(|(host, port)| host == self.host && port.unwrap_or(self.scheme.default_port()) == self.port)
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let (scheme, rest) = text.split_once("://").ok_or(OriginError::Scheme)?;
        let scheme = Scheme::parse(scheme).ok_or(OriginError::Scheme)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        // This check comes first, so that a password with a slash in it is still recognised as user information.
        if rest.contains('@') {
            return Err(OriginError::UserInfo);
        }
        match tail {
            "" => {}
            "/" => return Err(OriginError::TrailingSlash),
            _ if tail.starts_with('/') => return Err(OriginError::Path),
            _ => return Err(OriginError::Query),
        }
        if authority.contains('*') {
            return Err(OriginError::Wildcard);
        }
        let (host, port) = authority::split(authority)?;
        Ok(Self { scheme, host, port: port.unwrap_or(scheme.default_port()) })
    }
}

/// The form used in the file, without the scheme's default port.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().unwrap()
    }

    #[test]
    fn an_origin_matches_its_own_scheme_host_and_port_only() {
        let github = origin("https://API.github.com");
        for (scheme, authority, matches) in [
            ("https", "api.github.com", true),
            ("HTTPS", "Api.GitHub.com:443", true),
            ("http", "api.github.com", false),
            ("http", "api.github.com:443", false),
            ("https", "api.github.com:8443", false),
            ("https", "api.github.com.evil.example", false),
            ("https", "evil.example", false),
            ("https", "api.github.com@evil.example", false),
            ("https", "evil.example@api.github.com", false),
            ("https", "api.github.com.", false),
            ("https", "api.github.com:", false),
            ("https", "", false),
            ("ftp", "api.github.com", false),
        ] {
            assert_eq!(github.matches(scheme, authority), matches, "{scheme}://{authority}");
        }
        assert!(origin("http://[0::1]:8080").matches("http", "[::1]:8080"));
    }

    #[test]
    fn an_origin_is_shown_without_its_default_port() {
        for (text, shown) in [
            ("https://API.github.com:443", "https://api.github.com"),
            ("http://localhost:80", "http://localhost"),
            ("https://localhost:80", "https://localhost:80"),
            ("http://[0:0::1]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(origin(text).to_string(), shown);
            assert_eq!(origin(shown), origin(text));
        }
    }

    #[test]
    fn a_text_with_more_or_less_than_an_origin_is_refused() {
        for (text, error) in [
            ("api.github.com", OriginError::Scheme),
            ("ftp://api.github.com", OriginError::Scheme),
            ("*", OriginError::Scheme),
            ("https://api.github.com/", OriginError::TrailingSlash),
            ("https://api.github.com/repos", OriginError::Path),
            ("https://api.github.com?x=1", OriginError::Query),
            ("https://api.github.com#x", OriginError::Query),
            ("https://me:hunter2@api.github.com", OriginError::UserInfo),
            ("https://me:hunt/er2@api.github.com", OriginError::UserInfo),
            ("https://*.github.com", OriginError::Wildcard),
            ("https://", OriginError::Host(AuthorityError::NoHost)),
            ("https://host:0", OriginError::Host(AuthorityError::Port)),
            ("http://127.1", OriginError::Host(AuthorityError::Host)),
        ] {
            assert_eq!(text.parse::<Origin>(), Err(error), "{text}");
        }
    }
}
