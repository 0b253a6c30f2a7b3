//! The credentials for an agent, as configured.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use toril_plugin::Failure;

use super::secret::Secret;

/// Where an agent expects an API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    Header(String),
    Query(String),
    Cookie(String),
}

impl Default for KeyPlace {
    /// For agents whose card and settings do not say where.
    fn default() -> Self {
        Self::Header("x-api-key".to_owned())
    }
}

/// An OAuth2 client that obtains tokens itself (`client_credentials`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    pub id: String,
    pub secret: Secret,
    /// The requested scope. If unset, the scopes that the card requires.
    pub scope: Option<String>,
    pub audience: Option<String>,
    /// Whether id and secret are sent in the body instead of as HTTP Basic.
    pub in_body: bool,
}

/// The credentials of one agent.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Prefix of its settings' names: `agents.NAME.`, or empty for the default agent.
    pub prefix: String,
    pub token: Option<Secret>,
    /// User and password in the Base64 form of HTTP Basic.
    pub basic: Option<Secret>,
    pub api_key: Option<Secret>,
    /// Where the API key goes, overriding the card.
    pub key_place: Option<KeyPlace>,
    pub client: Option<Client>,
    /// Where the client gets its tokens, overriding the card.
    pub token_url: Option<String>,
}

impl Credentials {
    /// Reads the settings whose names begin with `prefix`.
    ///
    /// # Errors
    /// Fatal if a setting lacks its counterpart, or if a secret cannot be used in the way in which it was granted.
    pub fn read(prefix: &str, get: &impl Fn(&str) -> Result<Option<String>, Failure>) -> Result<Self, Failure> {
        let own = |key: &str| get(&format!("{prefix}{key}"));
        let secret = |key: &str| own(key).map(|value| value.map(Secret::new));
        Ok(Self {
            prefix: prefix.to_owned(),
            token: secret("token")?,
            basic: basic(prefix, own("username")?, secret("password")?, secret("basic")?)?,
            api_key: secret("api-key")?,
            key_place: key_place(prefix, [own("api-key-header")?, own("api-key-query")?, own("api-key-cookie")?])?,
            client: client(prefix, &own)?,
            token_url: own("token-url")?,
        })
    }
}

fn basic(
    prefix: &str,
    username: Option<String>,
    password: Option<Secret>,
    encoded: Option<Secret>,
) -> Result<Option<Secret>, Failure> {
    match (username, password) {
        (None, None) => Ok(encoded),
        (Some(_), None) => Err(missing(prefix, "username", &secret_line(prefix, "password"))),
        (None, Some(_)) => Err(missing(prefix, "password", &config_line(prefix, "username"))),
        (Some(username), _) if username.contains(':') => {
            Err(Failure::fatal(format!("the setting `{prefix}username` has a colon, which HTTP Basic does not allow")))
        }
        (Some(_), Some(password)) if password.is_placeholder() => Err(Failure::fatal(format!(
            "the secret `{prefix}password` is under `send_secrets`, and HTTP Basic encodes it: move it to `secrets` of \
             this plugin in queues.toml, or set the secret `{prefix}basic` to the Base64 of `user:password` instead"
        ))),
        (Some(username), Some(password)) => {
            Ok(Some(Secret::new(BASE64_STANDARD.encode(format!("{username}:{}", password.expose())))))
        }
    }
}

fn key_place(prefix: &str, [header, query, cookie]: [Option<String>; 3]) -> Result<Option<KeyPlace>, Failure> {
    let places = [header.map(KeyPlace::Header), query.map(KeyPlace::Query), cookie.map(KeyPlace::Cookie)];
    let mut places = places.into_iter().flatten();
    match (places.next(), places.next()) {
        (place, None) => Ok(place),
        _ => Err(Failure::fatal(format!(
            "of the settings `{prefix}api-key-header`, `{prefix}api-key-query` and `{prefix}api-key-cookie` only one \
             can be set: the API key has one place. Remove the others from queues.toml"
        ))),
    }
}

fn client(prefix: &str, own: &impl Fn(&str) -> Result<Option<String>, Failure>) -> Result<Option<Client>, Failure> {
    let (id, secret) = match (own("client-id")?, own("client-secret")?.map(Secret::new)) {
        (None, None) => return Ok(None),
        (Some(_), None) => return Err(missing(prefix, "client-id", &secret_line(prefix, "client-secret"))),
        (None, Some(_)) => return Err(missing(prefix, "client-secret", &config_line(prefix, "client-id"))),
        (Some(id), Some(secret)) => (id, secret),
    };
    if secret.is_placeholder() {
        return Err(Failure::fatal(format!(
            "the secret `{prefix}client-secret` is under `send_secrets`, and OAuth2 needs the secret itself: move it to \
             `secrets` of this plugin in queues.toml"
        )));
    }
    let in_body = match own("token-auth")?.as_deref() {
        None | Some("basic") => false,
        Some("post") => true,
        Some(_) => {
            return Err(Failure::fatal(format!(
                "the setting `{prefix}token-auth` under [plugins.agent-commands] in queues.toml is neither basic nor post"
            )));
        }
    };
    Ok(Some(Client { id, secret, scope: own("token-scope")?, audience: own("token-audience")?, in_body }))
}

fn missing(prefix: &str, there: &str, line: &str) -> Failure {
    Failure::fatal(format!(
        "the setting `{prefix}{there}` has no effect alone: add {line} under [plugins.agent-commands] in queues.toml"
    ))
}

/// The configuration line that sets a secret.
pub fn secret_line(prefix: &str, key: &str) -> String {
    format!("secrets = {{ {} = \"env:…\" }}", quoted(prefix, key))
}

/// The configuration line that sets a plain value.
pub fn config_line(prefix: &str, key: &str) -> String {
    format!("config = {{ {} = \"…\" }}", quoted(prefix, key))
}

/// TOML requires quotes around a key that contains dots.
fn quoted(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_owned() } else { format!("\"{prefix}{key}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Credentials, Failure> {
        let find = |key: &str| set.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned());
        Credentials::read("agents.x.", &|key| Ok(find(key)))
    }

    fn fatal(set: &[(&str, &str)]) -> String {
        match read(set) {
            Err(Failure::Fatal(message)) => message,
            other => panic!("it is refused, not {other:?}"),
        }
    }

    #[test]
    fn user_and_password_are_encoded_for_http_basic() {
        let read = read(&[("agents.x.username", "ana"), ("agents.x.password", "olé")]).expect("credentials");
        assert_eq!(read.basic, Some(Secret::new("YW5hOm9sw6k=")));
    }

    #[test]
    fn a_setting_that_lacks_its_other_half_names_the_line_to_add() {
        for (there, line) in [
            ("username", "secrets = { \"agents.x.password\" = \"env:…\" }"),
            ("password", "config = { \"agents.x.username\" = \"…\" }"),
            ("client-id", "secrets = { \"agents.x.client-secret\" = \"env:…\" }"),
            ("client-secret", "config = { \"agents.x.client-id\" = \"…\" }"),
        ] {
            let message = fatal(&[(&format!("agents.x.{there}"), "hunter2")]);
            assert!(message.contains(line) && !message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn a_placeholder_that_would_be_encoded_is_refused() {
        let placeholder = "<toril-secret:agents.x.password>";
        assert!(fatal(&[("agents.x.username", "u"), ("agents.x.password", placeholder)]).contains("`secrets`"));
        assert!(fatal(&[("agents.x.client-id", "u"), ("agents.x.client-secret", placeholder)]).contains("`secrets`"));
        assert_eq!(read(&[("agents.x.basic", placeholder)]).expect("ok").basic, Some(Secret::new(placeholder)));
    }

    #[test]
    fn an_api_key_has_one_place() {
        let query = read(&[("agents.x.api-key-query", "key")]).expect("ok").key_place;
        assert_eq!(query, Some(KeyPlace::Query("key".into())));
        assert!(fatal(&[("agents.x.api-key-query", "k"), ("agents.x.api-key-header", "k")]).contains("only one"));
        assert!(
            fatal(&[("agents.x.client-id", "i"), ("agents.x.client-secret", "s"), ("agents.x.token-auth", "x")])
                .contains("neither basic nor post")
        );
    }

    #[test]
    fn debug_output_has_no_secrets() {
        let read = read(&[("agents.x.token", "hunter2"), ("agents.x.username", "u"), ("agents.x.password", "hunter2")]);
        assert!(!format!("{read:?}").contains("hunter2"));
    }
}
