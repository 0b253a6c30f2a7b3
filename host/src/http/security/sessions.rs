//! Sessions of people who have shown the token in a browser, which then shows a cookie instead. What is behind a cookie is
//! kept here, in memory: a session ends with the host, when its time is over, or when it is logged out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How long a session lasts.
pub const LASTS: Duration = Duration::from_secs(12 * 60 * 60);
/// How many there are at most; then the oldest ends.
const MOST: usize = 1000;

type Hash = [u8; 32];

/// The sessions of one server.
#[derive(Clone)]
pub struct Sessions {
    /// The cookie's name. Has the port in it: browsers share cookies among all ports of a host.
    cookie: String,
    open: Arc<Mutex<HashMap<Hash, Session>>>,
}

struct Session {
    ends: Instant,
    /// What each form of a page of this session has to bring.
    csrf: String,
}

impl Sessions {
    /// None yet, for a server on this port.
    pub fn new(port: u16) -> Self {
        Self { cookie: format!("toril-session-{port}"), open: Arc::default() }
    }

    /// Begins one. What `Set-Cookie` has to say.
    pub fn begin(&self) -> Result<String, getrandom::Error> {
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
        Ok(format!("{}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}", self.cookie))
    }

    /// The token for forms of the session whose cookie a request shows, if there is one.
    pub fn csrf(&self, headers: &HeaderMap) -> Option<String> {
        let shown = hash(self.shown(headers)?);
        let open = self.open();
        open.get(&shown).filter(|session| session.ends > Instant::now()).map(|session| session.csrf.clone())
    }

    /// Ends the session whose cookie a request shows. What `Set-Cookie` has to say.
    pub fn end(&self, headers: &HeaderMap) -> String {
        if let Some(shown) = self.shown(headers) {
            self.open().remove(&hash(shown));
        }
        format!("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0", self.cookie)
    }

    fn shown<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
        let mut pairs = cookies.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == self.cookie).map(|(_, value)| value)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Hash, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether two texts are the same, in a time that does not tell where they differ.
pub fn same(a: &str, b: &str) -> bool {
    hash(a).ct_eq(&hash(b)).into()
}

/// Looked up by this, so that the time of a look-up tells nothing of the secret.
fn hash(text: &str) -> Hash {
    Sha256::digest(text).into()
}

fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
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
        let set = sessions.begin().expect("random bytes");
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"));
        let shown = headers(set.split(';').next().expect("a cookie"));
        assert!(sessions.csrf(&shown).is_some_and(|csrf| !set.contains(&csrf)));
        assert!(sessions.csrf(&headers("toril-session-9090=x")).is_none());
        sessions.end(&shown);
        assert!(sessions.csrf(&shown).is_none());
    }

    #[test]
    fn the_oldest_session_ends_when_there_are_too_many() {
        let sessions = Sessions::new(1);
        let first = sessions.begin().expect("random bytes");
        for _ in 0..MOST {
            sessions.begin().expect("random bytes");
        }
        assert!(sessions.csrf(&headers(first.split(';').next().expect("a cookie"))).is_none());
    }
}
