//! Tokens of OAuth2 client credentials (RFC 6749, 4.4), cached for their lifetime within the attempt.

use std::cell::RefCell;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;
use toril_plugin::http::{HttpError, Request};
use toril_plugin::{clock, log};

use super::credentials::Client;
use super::secret::Secret;
use crate::error::CallError;
use crate::exchange::{FullResponse, exchange, without_mark};
use crate::watch::WaitLimit;

/// Timeout of a request to the token server.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A token is replaced this long before it expires: a request takes time, and clocks differ.
const MARGIN: Duration = Duration::from_secs(30);
/// Characters that stay unencoded in `application/x-www-form-urlencoded`.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*');

/// Where and how a client gets its tokens.
#[derive(Debug)]
pub struct Source<'a> {
    pub client: &'a Client,
    pub url: &'a str,
    pub scope: Option<String>,
    /// Describes the client in messages, with the agent and the scheme of its card.
    pub label: String,
    /// Prefix of the names of the agent's settings.
    pub prefix: &'a str,
}

/// The token of this attempt.
#[derive(Debug, Default)]
pub struct Tokens(RefCell<Option<Token>>);

#[derive(Debug, Clone)]
struct Token {
    secret: Secret,
    /// When a new one is needed. `None` if the server has not said.
    until: Option<SystemTime>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: Option<String>,
    /// Seconds, as a number. Some servers send it as a string.
    expires_in: Option<Value>,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

impl Tokens {
    /// Returns the cached token while it is valid, otherwise a new one.
    pub fn get(&self, source: &Source<'_>, wait_limit: WaitLimit<'_>) -> Result<Secret, CallError> {
        let now = clock::now();
        if let Some(token) = self.0.borrow().as_ref().filter(|token| token.until.is_none_or(|until| now < until)) {
            return Ok(token.secret.clone());
        }
        let token = fetch(source, wait_limit)?;
        let secret = token.secret.clone();
        *self.0.borrow_mut() = Some(token);
        Ok(secret)
    }

    /// Drops the token, because the agent has rejected it.
    pub fn forget(&self) {
        *self.0.borrow_mut() = None;
    }
}

fn fetch(source: &Source<'_>, wait_limit: WaitLimit<'_>) -> Result<Token, CallError> {
    log::debug(format_args!("getting a token for {}", source.label));
    let asked = clock::now();
    match exchange(request(source).timeout(TIMEOUT), wait_limit) {
        Ok(answer) => source.token(&answer, asked),
        Err(CallError::Http(error)) => {
            let transient = !error.is_permanent() && !matches!(error, HttpError::Prohibited { .. });
            Err(source.error(format!("could not get a token: {error}"), transient))
        }
        Err(error) => Err(error),
    }
}

fn request(source: &Source<'_>) -> Request {
    let Client { id, secret, audience, in_body, .. } = source.client;
    let mut form = vec![("grant_type", "client_credentials")];
    form.extend(source.scope.as_deref().map(|scope| ("scope", scope)));
    form.extend(audience.as_deref().map(|audience| ("audience", audience)));
    if *in_body {
        form.extend([("client_id", id.as_str()), ("client_secret", secret.expose())]);
    }
    let form: Vec<_> = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let request = Request::post(source.url).body(form.join("&")).header("accept", "application/json");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    if *in_body {
        return request;
    }
    let both = format!("{}:{}", encoded(id), encoded(secret.expose()));
    request.header("authorization", format!("Basic {}", BASE64_STANDARD.encode(both)))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

impl Source<'_> {
    fn token(&self, answer: &FullResponse, asked: SystemTime) -> Result<Token, CallError> {
        match answer.status {
            200..300 => self.granted(answer, asked),
            408 | 429 | 500.. => Err(self.error(format!("got no token (status {})", answer.status), true)),
            status => Err(self.error(self.refusal(status, &answer.body), false)),
        }
    }

    fn granted(&self, answer: &FullResponse, asked: SystemTime) -> Result<Token, CallError> {
        let granted: Option<Granted> = serde_json::from_slice(without_mark(&answer.body)).ok();
        let Some(granted) = granted.filter(|granted| !granted.access_token.is_empty()) else {
            return Err(self.error("got an answer without a token".into(), true));
        };
        if granted.token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err(self.error("got a token that is no bearer token".into(), false));
        }
        let seconds = granted.expires_in.and_then(|seconds| match seconds {
            Value::String(text) => text.parse().ok(),
            seconds => seconds.as_u64().or_else(|| seconds.as_f64().map(|seconds| seconds as u64)),
        });
        let lifetime = seconds.map(Duration::from_secs);
        let until = lifetime.and_then(|time| asked.checked_add(time - MARGIN.min(time / 2)));
        Ok(Token { secret: Secret::new(granted.access_token), until })
    }

    fn refusal(&self, status: u16, body: &[u8]) -> String {
        let code = serde_json::from_slice::<Refused>(without_mark(body)).ok().map(|refused| refused.error);
        let prefix = self.prefix;
        let advice = match code.as_deref() {
            Some("invalid_scope") => format!("correct its setting `{prefix}token-scope`"),
            Some("invalid_client" | "unauthorized_client") | None => format!(
                "correct `{prefix}client-id` and `{prefix}client-secret`, or try another `{prefix}token-auth` (basic or post)"
            ),
            _ => format!("check the settings of the client and `{prefix}token-url`"),
        };
        format!("was refused a token (status {status}{}): {advice}", shown(code.as_deref()))
    }

    fn error(&self, what: String, transient: bool) -> CallError {
        CallError::NoToken { message: format!("{} {what}", self.label), transient }
    }
}

/// An error code of RFC 6749, 5.2. Anything else is the server's own text and is not repeated.
fn shown(code: Option<&str>) -> String {
    const KNOWN: [&str; 6] = [
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    ];
    code.filter(|code| KNOWN.contains(code)).map(|code| format!(", {code}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Client {
        Client { id: "me".into(), secret: Secret::new("hunter2"), scope: None, audience: None, in_body: false }
    }

    fn answered(status: u16, body: &str) -> Result<Token, CallError> {
        let client = client();
        let source = Source { client: &client, url: "", scope: None, label: "the client".into(), prefix: "agents.x." };
        source.token(&FullResponse::for_test(status, &[], body), SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn a_token_is_kept_until_shortly_before_its_end() {
        let until = |expires: &str| {
            let token =
                answered(200, &format!(r#"{{"access_token":"t","token_type":"Bearer","expires_in":{expires}}}"#));
            token.expect("a token").until.and_then(|until| until.duration_since(SystemTime::UNIX_EPOCH).ok())
        };
        assert_eq!(until("3600"), Some(Duration::from_secs(3570)));
        assert_eq!(until("\"10\""), Some(Duration::from_secs(5)));
        assert_eq!(until("null"), None);
    }

    #[test]
    fn a_refusal_names_the_settings_and_nothing_of_the_servers_text() {
        let outcome = |status, body| match answered(status, body) {
            Err(CallError::NoToken { message, transient }) => (message, transient),
            other => panic!("it is refused, not {other:?}"),
        };
        let (message, transient) = outcome(401, r#"{"error":"invalid_client","error_description":"hunter2"}"#);
        assert!(message.contains("401, invalid_client") && message.contains("agents.x.client-secret"), "{message}");
        assert!(!message.contains("hunter2") && !transient);
        assert!(outcome(400, r#"{"error":"invalid_scope"}"#).0.contains("agents.x.token-scope"));
        assert!(!outcome(400, r#"{"error":"hunter2"}"#).0.contains("hunter2"));
        assert!(outcome(503, "").1 && outcome(200, "{}").1);
        assert!(!outcome(200, r#"{"access_token":"t","token_type":"mac"}"#).1);
    }
}
