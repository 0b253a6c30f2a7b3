//! Authenticates the calls to one agent with the configured credentials, in the form that the agent's card requires.
//!
//! Everything that is configured for an agent is sent to it. The card decides where an API key goes, and which of
//! several credentials the header `Authorization` contains.

mod advice;
mod choice;
mod credentials;
mod secret;
mod security;
mod token;

use std::cell::Cell;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use toril_plugin::http::Request;
use toril_plugin::log;

pub use credentials::Credentials;
pub use secret::Secret;
pub use security::Security;

use crate::error::CallError;
use crate::version::version;
use crate::watch::WaitLimit;
use choice::Authorization;
use credentials::KeyPlace;
use token::Tokens;

/// Characters that stay unencoded in a query or a cookie.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The access to one agent, for one attempt.
#[derive(Debug)]
pub struct Access {
    /// The agent's name in messages.
    agent: String,
    credentials: Credentials,
    /// The security section of the agent's card. `None` if the card has not been read yet.
    security: Option<Security>,
    tokens: Tokens,
    /// Whether the agent has refused to return its card without the API key.
    key_for_card: Cell<bool>,
}

impl Access {
    /// Starts without knowledge of the agent's card.
    pub fn new(agent: &str, credentials: Credentials) -> Self {
        let (tokens, key_for_card) = (Tokens::default(), Cell::new(false));
        Self { agent: agent.to_owned(), credentials, security: None, tokens, key_for_card }
    }

    /// Stores the security section of the agent's card.
    pub fn set_security(&mut self, security: Security) {
        self.security = Some(security);
    }

    /// Gets a token if one is needed and none is cached. Done before a message is sent, so that the sending cannot fail
    /// for lack of a token.
    pub fn prepare(&self, wait_limit: WaitLimit<'_>) -> Result<(), CallError> {
        match self.authorization() {
            Authorization::Client(source) => self.tokens.get(&source, wait_limit).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// Sends a request. If the agent rejects the token, it is sent once more with a new token.
    pub fn send<T>(
        &self,
        verb: &str,
        url: &str,
        wait_limit: &WaitLimit<'_>,
        mut send: impl FnMut(Request) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let mut may_renew = matches!(self.authorization(), Authorization::Client(_));
        loop {
            match send(self.request(verb, url, wait_limit.clone())?) {
                Err(CallError::Status { status: 401, .. }) if may_renew => {
                    log::info(format_args!("{} rejected the token: getting a new one", self.agent));
                    self.tokens.forget();
                    may_renew = false;
                }
                Err(CallError::Status { status: 401 | 403, .. }) if self.withholds_key() => self.key_for_card.set(true),
                Err(CallError::Status { status: status @ (401 | 403), .. }) => {
                    return Err(CallError::AccessDenied { status, advice: self.advice() });
                }
                sent => return sent,
            }
        }
    }

    fn request(&self, verb: &str, url: &str, wait_limit: WaitLimit<'_>) -> Result<Request, CallError> {
        let (mut url, mut headers) = (url.to_owned(), Vec::new());
        match self.authorization() {
            Authorization::Nothing => {}
            Authorization::Bearer(token) => headers.push(("authorization", format!("Bearer {}", token.expose()))),
            Authorization::Basic(encoded) => headers.push(("authorization", format!("Basic {}", encoded.expose()))),
            Authorization::Client(source) => {
                let token = self.tokens.get(&source, wait_limit)?;
                headers.push(("authorization", format!("Bearer {}", token.expose())));
            }
        }
        let places = self.key_places();
        let mut cookies = Vec::new();
        if let Some(key) = &self.credentials.api_key {
            for place in &places {
                match place {
                    KeyPlace::Header(name) => headers.push((name.as_str(), key.expose().to_owned())),
                    KeyPlace::Query(name) => url = with_query(&url, name, self.query_key(key)?),
                    KeyPlace::Cookie(name) => cookies.push(format!("{name}={}", cookie(key))),
                }
            }
        }
        if !cookies.is_empty() {
            headers.push(("cookie", cookies.join("; ")));
        }
        let request = Request::new(verb, url).header("user-agent", format!("toril-agent-commands/{}", version()));
        Ok(headers.into_iter().fold(request, |request, (name, value)| request.header(name, value)))
    }

    /// Whether to request the card without the API key. The host refuses to send a secret of `send_secrets` in any
    /// header other than its own, and only the card may tell which header that is.
    fn withholds_key(&self) -> bool {
        let Credentials { api_key, key_place, .. } = &self.credentials;
        let is_placeholder = api_key.as_ref().is_some_and(Secret::is_placeholder);
        is_placeholder && key_place.is_none() && self.security.is_none() && !self.key_for_card.get()
    }

    /// The host replaces placeholders with secrets only in headers.
    fn query_key<'a>(&self, key: &'a Secret) -> Result<&'a str, CallError> {
        if key.is_placeholder() {
            let (agent, prefix) = (&self.agent, &self.credentials.prefix);
            let message = format!(
                "the secret `{prefix}api-key` is under `send_secrets`, and {agent} expects it in the address: move it to \
                 `secrets` of this plugin in queues.toml"
            );
            return Err(CallError::NoToken { message, transient: false });
        }
        Ok(key.expose())
    }
}

/// Adds a parameter to the query of a URL.
fn with_query(url: &str, name: &str, value: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let sign = if url.contains('?') { '&' } else { '?' };
    format!("{url}{sign}{}={}", encoded(name), encoded(value))
}

/// A placeholder must stay unencoded, because the host searches for its exact text.
fn cookie(key: &Secret) -> String {
    if key.is_placeholder() { key.expose().to_owned() } else { encoded(key.expose()) }
}

/// Percent-encodes a text as a part of a URL.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

#[cfg(test)]
mod tests;
