//! The servers that a plugin may open TCP connections to.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use toril_job::settings::{AuthorityError, authority};

/// An exact server: a host and a port. `smtp.example.com:587` allows no other host and no other port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TcpTarget {
    host: String,
    port: u16,
}

/// Why a text is not a target. The message follows the name of the value. It never repeats the value, which may contain
/// a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TcpTargetError {
    /// `smtp://host:25`.
    #[error("must not have a scheme or a path")]
    Scheme,
    /// `user:password@host:25`.
    #[error("must not have a user name or password")]
    UserInfo,
    /// `*.example.com:25`.
    #[error("must name one host: there are no wildcards")]
    Wildcard,
    /// `host`.
    #[error("has no port")]
    NoPort,
    /// The host is missing or not valid.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

impl TcpTarget {
    /// The host in lower case. An IPv6 address has no brackets.
    pub fn host(&self) -> &str {
        self.host.trim_matches(['[', ']'])
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address, if the host is one and not a name.
    pub fn address(&self) -> Option<IpAddr> {
        self.host().parse().ok()
    }
}

impl FromStr for TcpTarget {
    type Err = TcpTargetError;

    fn from_str(text: &str) -> Result<Self, TcpTargetError> {
        if text.contains('@') {
            return Err(TcpTargetError::UserInfo);
        }
        if text.contains('/') {
            return Err(TcpTargetError::Scheme);
        }
        if text.contains('*') {
            return Err(TcpTargetError::Wildcard);
        }
        let (host, port) = authority::split(text)?;
        Ok(Self { host, port: port.ok_or(TcpTargetError::NoPort)? })
    }
}

/// The form used in the file: `host:port`, with an IPv6 address in brackets.
impl fmt::Display for TcpTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_shown_as_it_is_written_in_the_file() {
        for (text, shown, host, port) in [
            ("SMTP.example.com:587", "smtp.example.com:587", "smtp.example.com", 587),
            ("10.0.0.1:3306", "10.0.0.1:3306", "10.0.0.1", 3306),
            ("[0:0::1]:6379", "[::1]:6379", "::1", 6379),
        ] {
            let target: TcpTarget = text.parse().unwrap();
            assert_eq!((target.to_string().as_str(), target.host(), target.port()), (shown, host, port));
            assert_eq!(shown.parse(), Ok(target));
        }
    }

    #[test]
    fn a_text_with_more_or_less_than_a_target_is_refused() {
        for (text, error) in [
            ("smtp.example.com", TcpTargetError::NoPort),
            ("smtp://smtp.example.com:25", TcpTargetError::Scheme),
            ("smtp.example.com:25/x", TcpTargetError::Scheme),
            ("me:hunter2@smtp.example.com:25", TcpTargetError::UserInfo),
            ("*.example.com:25", TcpTargetError::Wildcard),
            ("smtp.example.com:*", TcpTargetError::Wildcard),
            ("smtp.example.com:0", TcpTargetError::Authority(AuthorityError::Port)),
            (":25", TcpTargetError::Authority(AuthorityError::NoHost)),
            ("127.1:25", TcpTargetError::Authority(AuthorityError::Host)),
            ("::1:25", TcpTargetError::Authority(AuthorityError::Port)),
        ] {
            assert_eq!(text.parse::<TcpTarget>(), Err(error), "{text}");
        }
    }
}
