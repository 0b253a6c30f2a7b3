//! Authenticates the calls to one agent with the configured credentials, in the form that the agent's card requires.
//!
//! Everything that is configured for an agent is sent to it. The card decides where an API key goes, and which of
//! several credentials the header `Authorization` contains.

mod credentials;
mod secret;
mod security;
mod token;

use std::cell::Cell;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use toril_plugin::http::Request;
use toril_plugin::log;

pub use credentials::{Credentials, config_line, secret_line};
pub use secret::Secret;
pub use security::Security;

use crate::error::Trouble;
use crate::version::version;
use crate::watch::Patience;
use credentials::{Client, KeyPlace};
use security::{Required, Scheme};
use token::{Source, Tokens};

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

/// The value of the header `Authorization`.
enum Authorization<'a> {
    Nothing,
    Bearer(&'a Secret),
    Basic(&'a Secret),
    Client(Source<'a>),
}

impl Access {
    /// Starts without knowledge of the agent's card.
    pub fn new(agent: &str, credentials: Credentials) -> Self {
        let (tokens, key_for_card) = (Tokens::default(), Cell::new(false));
        Self { agent: agent.to_owned(), credentials, security: None, tokens, key_for_card }
    }

    /// Stores the security section of the agent's card.
    pub fn learn(&mut self, security: Security) {
        self.security = Some(security);
    }

    /// Gets a token if one is needed and none is cached. Done before a message is sent, so that the sending cannot fail
    /// for lack of a token.
    pub fn prepare(&self, patience: Patience<'_>) -> Result<(), Trouble> {
        match self.authorization() {
            Authorization::Client(source) => self.tokens.get(&source, patience).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// Sends a request. If the agent rejects the token, it is sent once more with a new token.
    pub fn send<T>(
        &self,
        verb: &str,
        url: &str,
        patience: &Patience<'_>,
        mut send: impl FnMut(Request) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let mut may_renew = matches!(self.authorization(), Authorization::Client(_));
        loop {
            match send(self.request(verb, url, patience.clone())?) {
                Err(Trouble::Status { status: 401, .. }) if may_renew => {
                    log::info(format_args!("{} does not take the token any more: getting a new one", self.agent));
                    self.tokens.forget();
                    may_renew = false;
                }
                Err(Trouble::Status { status: 401 | 403, .. }) if self.withholds_key() => self.key_for_card.set(true),
                Err(Trouble::Status { status: status @ (401 | 403), .. }) => {
                    return Err(Trouble::Refused { status, advice: self.advice() });
                }
                sent => return sent,
            }
        }
    }

    fn request(&self, verb: &str, url: &str, patience: Patience<'_>) -> Result<Request, Trouble> {
        let (mut url, mut headers) = (url.to_owned(), Vec::new());
        match self.authorization() {
            Authorization::Nothing => {}
            Authorization::Bearer(token) => headers.push(("authorization", format!("Bearer {}", token.expose()))),
            Authorization::Basic(encoded) => headers.push(("authorization", format!("Basic {}", encoded.expose()))),
            Authorization::Client(source) => {
                let token = self.tokens.get(&source, patience)?;
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
    fn query_key<'a>(&self, key: &'a Secret) -> Result<&'a str, Trouble> {
        if key.is_placeholder() {
            let (agent, prefix) = (&self.agent, &self.credentials.prefix);
            let message = format!(
                "the secret `{prefix}api-key` is under `send_secrets`, and {agent} takes it in the address: move it to \
                 `secrets` of this plugin in queues.toml"
            );
            return Err(Trouble::NoToken { message, may_pass: false });
        }
        Ok(key.expose())
    }

    /// The places where the API key is sent.
    fn key_places(&self) -> Vec<KeyPlace> {
        if let Some(place) = &self.credentials.key_place {
            return vec![place.clone()];
        }
        if self.withholds_key() {
            return Vec::new();
        }
        let place = |scheme: &Scheme| match scheme {
            Scheme::ApiKey(place) => Some(place.clone()),
            _ => None,
        };
        let chosen = self.chosen().unwrap_or_default();
        let places: Vec<_> = chosen.iter().filter_map(|required| place(self.scheme(&required.name))).collect();
        match places.is_empty() {
            true => vec![self.schemes().find_map(place).unwrap_or_default()],
            false => places,
        }
    }

    fn scheme(&self, name: &str) -> &Scheme {
        self.security.as_ref().map_or(&Scheme::Unknown, |security| security.scheme(name))
    }

    fn schemes(&self) -> impl Iterator<Item = &Scheme> {
        self.security.iter().flat_map(Security::schemes)
    }

    fn alternatives(&self) -> Vec<Vec<Required>> {
        self.security.as_ref().map(Security::alternatives).unwrap_or_default()
    }

    /// The first of the card's alternatives for which all credentials are configured.
    fn chosen(&self) -> Option<Vec<Required>> {
        let has = |required: &Required| self.has(self.scheme(&required.name));
        self.alternatives().into_iter().find(|alternative| alternative.iter().all(has))
    }

    /// Whether the credentials for a scheme are configured.
    fn has(&self, scheme: &Scheme) -> bool {
        let Credentials { token, basic, api_key, client, token_url, .. } = &self.credentials;
        let has_client = |url: Option<&String>| client.is_some() && token_url.as_ref().or(url).is_some();
        match scheme {
            Scheme::ApiKey(_) => api_key.is_some(),
            Scheme::Basic => basic.is_some(),
            Scheme::Bearer | Scheme::OpenId => token.is_some() || has_client(None),
            Scheme::OAuth2(url) => token.is_some() || has_client(url.as_ref()),
            Scheme::MutualTls | Scheme::Unknown => false,
        }
    }

    fn authorization(&self) -> Authorization<'_> {
        let Credentials { token, basic, .. } = &self.credentials;
        let token = || token.as_ref().map(Authorization::Bearer);
        for required in self.chosen().unwrap_or_default() {
            let found = match self.scheme(&required.name) {
                Scheme::Basic => basic.as_ref().map(Authorization::Basic),
                Scheme::Bearer | Scheme::OpenId => token().or_else(|| self.client(Some(&required))),
                Scheme::OAuth2(_) => self.client(Some(&required)).or_else(token),
                _ => None,
            };
            if let Some(found) = found {
                return found;
            }
        }
        let basic = || basic.as_ref().map(Authorization::Basic);
        token().or_else(|| self.client(None)).or_else(basic).unwrap_or(Authorization::Nothing)
    }

    /// The client that obtains tokens. `None` if the client or its token URL is unknown.
    fn client(&self, required: Option<&Required>) -> Option<Authorization<'_>> {
        let Credentials { client, token_url, prefix, .. } = &self.credentials;
        let client: &Client = client.as_ref()?;
        let url = |scheme: &Scheme| matches!(scheme, Scheme::OAuth2(Some(_)));
        let of_card = match required {
            Some(required) => Some(self.scheme(&required.name)).filter(|scheme| url(scheme)),
            None => self.schemes().find(|scheme| url(scheme)),
        };
        let of_card = of_card.and_then(|scheme| match scheme {
            Scheme::OAuth2(Some(url)) => Some(url.as_str()),
            _ => None,
        });
        let url = token_url.as_deref().or(of_card)?;
        let scopes = required.filter(|required| !required.scopes.is_empty()).map(|required| required.scopes.join(" "));
        let scheme = required.map(|required| named(&required.name)).unwrap_or_default();
        let told = format!("the OAuth2 client of {}{scheme}", self.agent);
        Some(Authorization::Client(Source { client, url, scope: client.scope.clone().or(scopes), told, prefix }))
    }

    /// What to configure after the agent has denied access.
    fn advice(&self) -> String {
        let prefix = &self.credentials.prefix;
        let alternatives = self.alternatives();
        if alternatives.is_empty() {
            return format!("set its secret `{prefix}token` or `{prefix}api-key` to one that it accepts");
        }
        let all = |alternative: &[Required], tell: &dyn Fn(&Required) -> String| {
            alternative.iter().map(tell).collect::<Vec<_>>().join(" and ")
        };
        if let Some(chosen) = self.chosen() {
            let told = all(&chosen, &|required| self.told(required));
            return format!("it does not accept what is set for {told}, or that does not allow this: correct it");
        }
        let wanted: Vec<_> =
            alternatives.iter().take(4).map(|alternative| all(alternative, &|each| self.wanted(each))).collect();
        format!("its card requires {}: set that under [plugins.agent-commands] in queues.toml", wanted.join(", or "))
    }

    fn told(&self, required: &Required) -> String {
        let prefix = &self.credentials.prefix;
        let told = match self.scheme(&required.name) {
            Scheme::ApiKey(_) => format!("an API key (`{prefix}api-key`)"),
            Scheme::Basic => "HTTP Basic".into(),
            Scheme::Bearer => "a bearer token".into(),
            Scheme::OAuth2(_) => "OAuth2".into(),
            Scheme::OpenId => "OpenID Connect".into(),
            Scheme::MutualTls => "a client certificate".into(),
            Scheme::Unknown => "an authentication that this plugin does not know".into(),
        };
        told + &named(&required.name)
    }

    fn wanted(&self, required: &Required) -> String {
        let prefix = &self.credentials.prefix;
        let secret = |key| secret_line(prefix, key);
        let client = || format!("{}, {}", config_line(prefix, "client-id"), secret("client-secret"));
        let with_url = || format!("{}, {}", client(), config_line(prefix, "token-url"));
        let lines = match self.scheme(&required.name) {
            Scheme::ApiKey(_) => secret("api-key"),
            Scheme::Basic => format!("{}, {}", config_line(prefix, "username"), secret("password")),
            Scheme::Bearer => secret("token"),
            Scheme::OAuth2(Some(_)) => client(),
            Scheme::OAuth2(None) | Scheme::OpenId => with_url(),
            Scheme::MutualTls | Scheme::Unknown => "this plugin does not have it".into(),
        };
        format!("{} ({lines})", self.told(required))
    }
}

/// The name of a scheme for a message, if it looks like a name: the card's text comes from the agent.
fn named(scheme: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match !scheme.is_empty() && scheme.len() <= 64 && scheme.chars().all(is_name) {
        true => format!(" (scheme \"{scheme}\")"),
        false => String::new(),
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
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn access(credentials: Credentials, schemes: Value, required: Value) -> Access {
        let mut access = Access::new("agent x", credentials);
        access.learn(Security::read(Some(&schemes), &[Some(&required)]));
        access
    }

    fn set(token: bool, basic: bool, key: bool, client: bool) -> Credentials {
        let secret = |is: bool, text: &str| is.then(|| Secret::new(text));
        let client = client.then(|| Client {
            id: "me".into(),
            secret: Secret::new("hunter2"),
            scope: None,
            audience: None,
            in_body: false,
        });
        Credentials {
            prefix: "agents.x.".into(),
            token: secret(token, "hunter2"),
            basic: secret(basic, "hunter2"),
            api_key: secret(key, "hunter2"),
            client,
            ..Credentials::default()
        }
    }

    fn kind(access: &Access) -> &'static str {
        match access.authorization() {
            Authorization::Nothing => "nothing",
            Authorization::Bearer(_) => "bearer",
            Authorization::Basic(_) => "basic",
            Authorization::Client(_) => "client",
        }
    }

    fn schemes() -> Value {
        json!({
            "corp": { "type": "oauth2", "flows": { "clientCredentials": { "tokenUrl": "https://t", "scopes": {} } } },
            "user": { "type": "http", "scheme": "basic" },
            "key": { "type": "apiKey", "in": "query", "name": "k" },
        })
    }

    #[test]
    fn the_first_alternative_of_which_everything_is_set_is_chosen() {
        let required = json!([{ "corp": ["read", "write"] }, { "user": [], "key": [] }]);
        let chosen = |credentials| kind(&access(credentials, schemes(), required.clone()));
        assert_eq!(chosen(set(true, true, true, true)), "client");
        assert_eq!(chosen(set(false, true, true, false)), "basic");
        assert_eq!(chosen(set(true, true, true, false)), "bearer", "a token that somebody else got will do");
        assert_eq!(chosen(set(false, false, false, false)), "nothing");
    }

    #[test]
    fn a_client_asks_for_the_scopes_that_the_card_requires_unless_the_settings_have_others() {
        let mut credentials = set(false, false, false, true);
        let required = || json!([{ "corp": ["read", "write"] }]);
        let scope = |access: &Access| match access.authorization() {
            Authorization::Client(source) => (source.url.to_owned(), source.scope),
            _ => panic!("a client"),
        };
        let of_card = access(set(false, false, false, true), schemes(), required());
        assert_eq!(scope(&of_card), ("https://t".into(), Some("read write".into())));
        credentials.token_url = Some("https://other".into());
        credentials.client.as_mut().expect("a client").scope = Some("all".into());
        let of_settings = access(credentials, schemes(), required());
        assert_eq!(scope(&of_settings), ("https://other".into(), Some("all".into())));
    }

    #[test]
    fn an_api_key_goes_where_the_settings_say_else_the_card_else_into_the_usual_header() {
        let place = |set_place: Option<KeyPlace>, schemes| {
            let credentials = Credentials { key_place: set_place, ..set(false, false, true, false) };
            access(credentials, schemes, json!([])).key_places()
        };
        assert_eq!(place(None, schemes()), [KeyPlace::Query("k".into())]);
        let header = KeyPlace::Header("x-mine".into());
        assert_eq!(place(Some(header.clone()), schemes()), [header]);
        assert_eq!(place(None, json!({})), [KeyPlace::Header("x-api-key".into())]);
    }

    #[test]
    fn a_key_in_an_address_is_encoded_and_cannot_be_a_placeholder() {
        assert_eq!(with_query("https://a/x?y=1#z", "k", "a b&c"), "https://a/x?y=1&k=a%20b%26c");
        let key = Some(Secret::new("<toril-secret:agents.x.api-key>"));
        let access = access(Credentials { api_key: key, ..set(false, false, false, false) }, schemes(), json!([]));
        let refused = access.request("GET", "https://a", crate::watch::Watch::last_words());
        let Err(Trouble::NoToken { message, may_pass: false }) = refused else { panic!("it is refused") };
        assert!(message.contains("`agents.x.api-key`") && message.contains("`secrets`"), "{message}");
    }

    #[test]
    fn a_refusal_says_what_the_card_requires_and_which_lines_to_add() {
        let required = json!([{ "corp": [] }, { "user": [], "key": [] }, { "a secret text": [] }]);
        let advice = access(set(true, false, false, false), json!({}), json!([])).advice();
        assert!(advice.contains("`agents.x.token`"), "{advice}");
        let advice = access(set(false, false, true, false), schemes(), required.clone()).advice();
        for part in [
            "OAuth2 (scheme \"corp\") (config = { \"agents.x.client-id\" = \"…\" }, secrets = { \"agents.x.client-secret\"",
            "HTTP Basic (scheme \"user\")",
            "an API key (`agents.x.api-key`) (scheme \"key\")",
        ] {
            assert!(advice.contains(part), "{part}: {advice}");
        }
        assert!(!advice.contains("a secret text"), "{advice}");
        let advice = access(set(false, false, false, true), schemes(), required).advice();
        assert!(advice.contains("it does not accept what is set for OAuth2 (scheme \"corp\")"), "{advice}");
        assert!(!advice.contains("hunter2"), "{advice}");
    }
}
