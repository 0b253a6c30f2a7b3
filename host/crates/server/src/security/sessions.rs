//! Sessions of users who logged in with the token in a browser, which then sends a cookie. The sessions are kept in
//! memory. A session ends when the host stops, when it expires, or when the user logs out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The lifetime of a session.
pub const LASTS: Duration = Duration::from_secs(12 * 60 * 60);
/// The limit of sessions. A new one then replaces the oldest.
const MOST: usize = 1000;

type Hash = [u8; 32];

/// The sessions of one server.
#[derive(Clone)]
pub struct Sessions {
    /// The cookie's name. It contains the port, because browsers share cookies among all ports of a host.
    cookie: String,
    /// The cookie's name if the browser uses TLS. Browsers accept it neither over plain HTTP nor from another host.
    secure_cookie: String,
    open: Arc<Mutex<HashMap<Hash, Session>>>,
}

struct Session {
    ends: Instant,
    /// The CSRF token that every form of this session must send.
    csrf: String,
}

impl Sessions {
    /// Creates an empty store, for a server on this port.
    pub fn new(port: u16) -> Self {
        let cookie = format!("toril-session-{port}");
        Self { secure_cookie: format!("__Host-{cookie}"), cookie, open: Arc::default() }
    }

    /// Starts a session for the sender of these headers. Returns the value of `Set-Cookie`.
    pub fn begin(&self, headers: &HeaderMap) -> Result<String, getrandom::Error> {
        let (secret, csrf) = (random()?, random()?);
        let ends = Instant::now() + LASTS;
        let mut open = self.open();
        open.retain(|_, session| session.ends > Instant::now());
        if open.len() >= MOST
            && let Some(oldest) = open.iter().min_by_key(|(_, session)| session.ends).map(|(hash, _)| *hash)
        {
            open.remove(&oldest);
        }
        open.insert(hash(&secret), Session { ends, csrf });
        let seconds = LASTS.as_secs();
        Ok(match is_encrypted(headers) {
            true => {
                let name = &self.secure_cookie;
                format!("{name}={secret}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}")
            }
            false => format!("{}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}", self.cookie),
        })
    }

    /// The CSRF token of the request's session, if it has one.
    pub fn csrf(&self, headers: &HeaderMap) -> Option<String> {
        let shown = hash(self.shown(headers)?);
        let open = self.open();
        open.get(&shown).filter(|session| session.ends > Instant::now()).map(|session| session.csrf.clone())
    }

    /// Whether the request has the cookie of a valid session.
    pub fn knows(&self, headers: &HeaderMap) -> bool {
        self.csrf(headers).is_some()
    }

    /// Ends the session of the request. Returns the value of `Set-Cookie`.
    pub fn end(&self, headers: &HeaderMap) -> String {
        if let Some(shown) = self.shown(headers) {
            self.open().remove(&hash(shown));
        }
        match is_encrypted(headers) {
            true => format!("{}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0", self.secure_cookie),
            false => format!("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0", self.cookie),
        }
    }

    fn shown<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
        let pairs = cookies.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let ours = pairs.filter(|(name, _)| *name == self.secure_cookie || *name == self.cookie);
        // The secure cookie takes precedence, because only this host can have set it.
        ours.max_by_key(|(name, _)| *name == self.secure_cookie).map(|(_, value)| value)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Hash, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the browser used TLS to reach a proxy in front of this server. The browser shows that in `Origin`, the
/// proxy in `X-Forwarded-Proto`. Nobody can forge them for another user's browser, and a client that lies only
/// restricts its own cookie.
fn is_encrypted(headers: &HeaderMap) -> bool {
    let says = |name: &str, is: fn(&str) -> bool| {
        headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| is(&value.to_ascii_lowercase()))
    };
    says("origin", |origin| origin.starts_with("https://"))
        || says("x-forwarded-proto", |proto| proto.split(',').next().is_some_and(|first| first.trim() == "https"))
}

/// Compares two texts in constant time.
pub fn same(a: &str, b: &str) -> bool {
    hash(a).ct_eq(&hash(b)).into()
}

/// The map's key is a hash, so that the time of a look-up reveals nothing about the secret.
fn hash(text: &str) -> Hash {
    Sha256::digest(text).into()
}

fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, format!("other=1; {cookie}").parse().expect("a header"));
        headers
    }

    #[test]
    fn a_cookie_is_worth_something_until_it_is_logged_out() {
        let sessions = Sessions::new(9090);
        let set = sessions.begin(&HeaderMap::new()).expect("random bytes");
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"));
        let shown = headers(set.split(';').next().expect("a cookie"));
        assert!(sessions.csrf(&shown).is_some_and(|csrf| !set.contains(&csrf)));
        assert!(sessions.csrf(&headers("toril-session-9090=x")).is_none());
        sessions.end(&shown);
        assert!(sessions.csrf(&shown).is_none());
    }

    #[test]
    fn a_cookie_that_came_by_tls_never_goes_another_way() {
        let sessions = Sessions::new(9090);
        for (name, value, secure) in [
            ("origin", "https://toril.test", true),
            ("x-forwarded-proto", "HTTPS", true),
            ("x-forwarded-proto", "https, http", true),
            ("x-forwarded-proto", "http, https", false),
            ("origin", "http://localhost:9090", false),
            ("origin", "null", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().expect("a header"));
            let set = sessions.begin(&headers).expect("random bytes");
            assert_eq!(set.starts_with("__Host-") && set.contains("; Secure;"), secure, "{name}: {value}: {set}");
            assert_eq!(set.contains("Secure"), secure, "{set}");
            let cookie = set.split(';').next().expect("a cookie");
            assert!(sessions.knows(&self::headers(cookie)));
            // An additional cookie, set by someone who can set cookies for this host name without TLS.
            if secure {
                assert!(sessions.knows(&self::headers(&format!("toril-session-9090=x; {cookie}"))));
            }
        }
    }

    #[test]
    fn the_oldest_session_ends_when_there_are_too_many() {
        let sessions = Sessions::new(1);
        let first = sessions.begin(&HeaderMap::new()).expect("random bytes");
        for _ in 0..MOST {
            sessions.begin(&HeaderMap::new()).expect("random bytes");
        }
        assert!(sessions.csrf(&headers(first.split(';').next().expect("a cookie"))).is_none());
    }
}
