//! The URL of a Redis server, as written in the configuration file or in the environment.

use std::fmt;
use std::str::FromStr;

use super::authority::{self, AuthorityError};

/// The URL of a Redis server. `Display` and `Debug` show neither user, password nor query. Only [`RedisUrl::expose`]
/// returns the whole URL.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl {
    /// The whole URL, with its scheme in lower case.
    whole: String,
    /// The same URL without secrets, safe to show.
    shown: String,
}

/// Why a text is not a Redis URL. The message follows the name of the value. It never repeats the value, which may
/// contain a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedisUrlError {
    /// An unknown scheme, or none.
    #[error("must start with redis://, rediss:// (TLS), unix:// or redis+unix://")]
    Scheme,
    /// White space or a control character.
    #[error("must not contain blanks or control characters")]
    Blank,
    /// A `#`, as in `redis://…#insecure`.
    #[error("must not have a fragment: `#` in a password is written %23")]
    Fragment,
    /// An `@` after the host, from a password that contains `/` or `?`.
    #[error("has special characters in its user name or password: write them as %2F for `/`, %3F for `?`, %40 for `@`")]
    UserInfo,
    /// 0.0.0.0 or `[::]`. Servers can listen on these addresses, but clients cannot connect to them.
    #[error("has a wildcard address as its host: write the address of the server")]
    Wildcard,
    /// The path is not a database number.
    #[error("has something other than a database number after the host")]
    Database,
    /// The URL of a socket without an absolute path.
    #[error("has no absolute path of a socket, as in unix:///run/redis.sock")]
    Socket,
    /// The host is missing or not valid.
    #[error(transparent)]
    Host(#[from] AuthorityError),
}

impl RedisUrl {
    /// The whole URL, including the password. Never pass it to code that logs.
    pub fn expose(&self) -> &str {
        &self.whole
    }

    /// Whether the URL uses TLS.
    pub fn is_tls(&self) -> bool {
        self.whole.starts_with("rediss://")
    }

    /// Whether the URL is the path of a Unix socket.
    pub fn is_unix(&self) -> bool {
        ["unix://", "redis+unix://"].iter().any(|scheme| self.whole.starts_with(scheme))
    }

    /// The host without brackets, and the port if the URL has one. A socket has neither.
    pub fn server(&self) -> (&str, Option<u16>) {
        let rest = self.whole.split_once("://").map_or("", |(_, rest)| rest);
        if self.is_unix() {
            return ("", None);
        }
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let server = authority.rsplit_once('@').map_or(authority, |(_, server)| server);
        let (host, port) = match server.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
            _ => (server, None),
        };
        (host.trim_start_matches('[').trim_end_matches(']'), port)
    }

    /// The database number; 0 if the URL has none.
    pub fn database(&self) -> u32 {
        let rest = self.whole.split_once("://").map_or("", |(_, rest)| rest);
        let path = rest.split('?').next().unwrap_or_default().split_once('/').map_or("", |(_, path)| path);
        path.trim_matches('/').parse().unwrap_or(0)
    }

    /// The same server over TLS. The URL of a socket does not change.
    pub(super) fn with_tls(self) -> Self {
        let secure = |url: &str| url.strip_prefix("redis://").map(|rest| format!("rediss://{rest}"));
        Self { whole: secure(&self.whole).unwrap_or(self.whole), shown: secure(&self.shown).unwrap_or(self.shown) }
    }
}

impl FromStr for RedisUrl {
    type Err = RedisUrlError;

    fn from_str(text: &str) -> Result<Self, RedisUrlError> {
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(RedisUrlError::Blank);
        }
        let (scheme, rest) = text.split_once("://").ok_or(RedisUrlError::Scheme)?;
        let scheme = scheme.to_ascii_lowercase();
        let shown = match scheme.as_str() {
            "redis" | "rediss" => show_server(rest)?,
            "unix" | "redis+unix" => show_socket(rest)?,
            _ => return Err(RedisUrlError::Scheme),
        };
        Ok(Self { whole: format!("{scheme}://{rest}"), shown: format!("{scheme}://{shown}") })
    }
}

/// Checks `[user[:password]@]host[:port][/db][?query]` and returns it without the credentials and the query.
fn show_server(rest: &str) -> Result<String, RedisUrlError> {
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if rest.contains('#') {
        return Err(RedisUrlError::Fragment);
    }
    let (user, server) = match authority.rsplit_once('@') {
        Some((user, server)) => (Some(user), server),
        None => (None, authority),
    };
    if user.is_some_and(|user| user.contains('@')) || tail.contains('@') {
        return Err(RedisUrlError::UserInfo);
    }
    let (host, _) = authority::split(server)?;
    if host == "0.0.0.0" || host == "[::]" {
        return Err(RedisUrlError::Wildcard);
    }
    let path = tail.split('?').next().unwrap_or_default();
    let database = path.trim_matches('/');
    if !database.bytes().all(|byte| byte.is_ascii_digit()) || database.len() > 9 {
        return Err(RedisUrlError::Database);
    }
    let user = if user.is_some() { "***@" } else { "" };
    Ok(format!("{user}{server}{path}"))
}

/// Checks `/path[?query]` and returns it without the query, which may hold a password.
fn show_socket(rest: &str) -> Result<String, RedisUrlError> {
    if rest.contains('#') {
        return Err(RedisUrlError::Fragment);
    }
    let path = rest.split('?').next().unwrap_or_default();
    if !path.starts_with('/') || path.ends_with('/') {
        return Err(RedisUrlError::Socket);
    }
    Ok(path.to_owned())
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_user_password_and_query() {
        for (url, shown) in [
            ("redis://localhost", "redis://localhost"),
            ("redis://localhost:6379/2", "redis://localhost:6379/2"),
            ("redis://:hunter2@redis:6379/0", "redis://***@redis:6379/0"),
            ("rediss://me:hunter2@redis", "rediss://***@redis"),
            ("redis://redis/?password=hunter2", "redis://redis/"),
            ("redis://[::1]:6380", "redis://[::1]:6380"),
            ("unix:///run/redis.sock?pass=hunter2&db=1", "unix:///run/redis.sock"),
            ("redis+unix:///run/redis.sock", "redis+unix:///run/redis.sock"),
        ] {
            let parsed: RedisUrl = url.parse().unwrap();
            assert_eq!(parsed.to_string(), shown);
            assert_eq!(parsed.expose(), url);
            assert!(!format!("{parsed:?}").contains("hunter2"));
        }
    }

    #[test]
    fn an_invalid_redis_url_is_refused_and_not_shown() {
        for (url, error) in [
            ("localhost:6379", RedisUrlError::Scheme),
            ("http://localhost", RedisUrlError::Scheme),
            ("redis://local host", RedisUrlError::Blank),
            ("redis://:hunter2@h#1", RedisUrlError::Fragment),
            ("redis://:hun/ter2@h", RedisUrlError::UserInfo),
            ("redis://:hun@ter2@h", RedisUrlError::UserInfo),
            ("redis://0.0.0.0", RedisUrlError::Wildcard),
            ("redis://localhost/cache", RedisUrlError::Database),
            ("redis://localhost/1/2", RedisUrlError::Database),
            ("unix://run/redis.sock", RedisUrlError::Socket),
            ("unix:///", RedisUrlError::Socket),
            ("redis://", RedisUrlError::Host(AuthorityError::NoHost)),
            ("redis://:hunter2@", RedisUrlError::Host(AuthorityError::NoHost)),
            ("redis://h:70000", RedisUrlError::Host(AuthorityError::Port)),
        ] {
            assert_eq!(url.parse::<RedisUrl>(), Err(error), "{url}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn a_url_knows_its_host_port_and_database() {
        for (url, host, port, database) in [
            ("redis://h", "h", None, 0),
            ("redis://user:p%40ss@Main.Master:7000/3?x=1", "Main.Master", Some(7000), 3),
            ("rediss://[::1]/", "::1", None, 0),
            ("redis://:p@[::1]:6380", "::1", Some(6380), 0),
            ("unix:///s", "", None, 0),
        ] {
            let url: RedisUrl = url.parse().unwrap();
            assert_eq!(
                (url.server(), if url.is_unix() { 0 } else { url.database() }),
                ((host, port), database),
                "{url}"
            );
        }
    }
}
