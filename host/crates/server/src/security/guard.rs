//! Checks requests before they are answered, in this order: a valid `Host`, then the token. A request that changes
//! something must also not come from another site's page, and changes must be allowed.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::cross_site;
use super::host_name::HostNames;
use super::sessions::Sessions;
use crate::changes::Changes;
use crate::problem::Problem;
use toril_config::{AdminAccess, HostSettings, Secret};

/// The access rules.
#[derive(Clone, Debug)]
pub struct Guard {
    names: HostNames,
    token: Option<Token>,
    read_only: bool,
    changes: Changes,
}

/// The SHA-256 digest of the token. It is enough for a comparison, and its length is constant.
#[derive(Clone)]
struct Token([u8; 32]);

impl Token {
    fn new(secret: &Secret) -> Self {
        Self(Sha256::digest(secret.expose()).into())
    }

    /// Compares in constant time.
    fn is(&self, shown: &[u8]) -> bool {
        let shown: [u8; 32] = Sha256::digest(shown).into();
        self.0.ct_eq(&shown).into()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(***)")
    }
}

impl Guard {
    /// Creates the access rules from `[host]` and the environment, for a server with these names. `changes` owns the
    /// requests that change something.
    pub fn new(settings: &HostSettings, names: HostNames, changes: Changes) -> Self {
        Self {
            names,
            token: settings.admin_token.as_ref().map(Token::new),
            read_only: settings.admin != AdminAccess::Full,
            changes,
        }
    }

    /// Answers an authorised request, with a timeout.
    pub async fn run(&self, request: Request, next: Next) -> Response {
        match cross_site::is_safe(request.method()) {
            true => Changes::look(request, next).await,
            false => self.changes.change(request, next).await,
        }
    }

    /// Checks whether a request may be answered. It needs the token, if there is one.
    pub fn check(&self, request: &Request) -> Result<(), Refusal> {
        self.names.check(request.headers()).map_err(Refusal::WrongName)?;
        if self.knows(request.headers()) { self.check_method(request) } else { Err(Refusal::NoToken) }
    }

    /// The same for a request that was authenticated by its session.
    pub fn check_of_session(&self, request: &Request) -> Result<(), Refusal> {
        self.names.check(request.headers()).map_err(Refusal::WrongName)?;
        self.check_method(request)
    }

    /// A change must not come from another site's page, and not be forbidden.
    fn check_method(&self, request: &Request) -> Result<(), Refusal> {
        match cross_site::is_safe(request.method()) {
            true => Ok(()),
            false if !cross_site::is_own(request.headers()) => Err(Refusal::OtherSite),
            false if self.read_only => Err(Refusal::ReadOnly),
            false => Ok(()),
        }
    }

    /// Checks a request that has no token yet: its `Host` must be valid, and it must not come from another site's
    /// page.
    pub fn check_stranger(&self, request: &Request) -> Result<(), Refusal> {
        let headers = request.headers();
        self.names.check(headers).map_err(Refusal::WrongName)?;
        let own = cross_site::is_safe(request.method()) || cross_site::is_own(headers);
        if own { Ok(()) } else { Err(Refusal::OtherSite) }
    }

    /// Whether a token is required.
    pub fn wants_token(&self) -> bool {
        self.token.is_some()
    }

    /// Whether this is the token. Compares in constant time.
    pub fn is_token(&self, shown: &str) -> bool {
        self.token.as_ref().is_some_and(|token| token.is(shown.as_bytes()))
    }

    /// Whether changes are forbidden.
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Whether the request has the token in its header, or no token is required.
    fn knows(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let shown = headers.get(AUTHORIZATION).and_then(|header| bearer(header.as_bytes()));
        shown.is_some_and(|shown| token.is(shown))
    }
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its `Host` is not valid for this server.
    WrongName(&'static str),
    /// It has no valid token, and one is required.
    NoToken,
    /// It changes something, and comes from a page of another site.
    OtherSite,
    /// It changes something, and changes are forbidden.
    ReadOnly,
}

impl Refusal {
    /// The status of the response.
    pub fn status(self) -> StatusCode {
        match self {
            Self::NoToken => StatusCode::UNAUTHORIZED,
            Self::WrongName(_) | Self::OtherSite | Self::ReadOnly => StatusCode::FORBIDDEN,
        }
    }

    /// The reason in the response.
    pub fn reason(self) -> &'static str {
        match self {
            Self::WrongName(why) => why,
            Self::NoToken => "this needs `Authorization: Bearer` and the token that TORIL_ADMIN_TOKEN has",
            Self::OtherSite => "a page of another site must not change anything here",
            Self::ReadOnly => "nothing can be changed here: `admin` under [host] is \"read-only\"",
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut answer = Problem::new(self.status(), self.reason()).into_response();
        if self == Self::NoToken {
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"toril\""));
        }
        answer
    }
}

/// The credentials after `Bearer` in a header.
pub fn bearer(header: &[u8]) -> Option<&[u8]> {
    let (scheme, shown) = header.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| shown.trim_ascii())
}

/// Passes only authorised requests to `routes`. A session is enough to read. To change something, a program must send
/// the token, because these requests have no form with a CSRF token.
pub fn guarded(routes: Router, guard: Guard, sessions: Sessions) -> Router {
    routes.layer(from_fn_with_state((guard, sessions), ask))
}

async fn ask(State((guard, sessions)): State<(Guard, Sessions)>, request: Request, next: Next) -> Response {
    let looks = cross_site::is_safe(request.method());
    let has_session = looks && guard.wants_token() && sessions.knows(request.headers());
    let checked = if has_session { guard.check_of_session(&request) } else { guard.check(&request) };
    match checked {
        Ok(()) => guard.run(request, next).await,
        Err(refusal) => refusal.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_that_one_and_no_other() {
        let token = Token::new(&Secret::new("0123456789abcdef"));
        assert!(token.is(b"0123456789abcdef"));
        assert!(!token.is(b"0123456789abcdeF") && !token.is(b"") && !token.is(b"0123456789abcdef0"));
        assert!(!format!("{token:?}").contains("0123"));
    }

    #[test]
    fn the_scheme_has_any_case() {
        assert_eq!(bearer(b"bearer  x "), Some(&b"x"[..]));
        assert_eq!((bearer(b"Basic x"), bearer(b"Bear")), (None, None));
    }
}
