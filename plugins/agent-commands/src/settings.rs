//! Reads the agents in the plugin's settings, and the credentials for each.

use std::time::Duration;

use toril_plugin::{Failure, config};

use crate::access::Credentials;
use crate::envelope::Binding;
use crate::push::PushSettings;

/// What to do when no agent is configured.
const NO_DEFAULT: &str = "the job names no agent, and the agent's address is not set: \
    add config = { agent-url = \"https://…\" } under [plugins.agent-commands] in queues.toml";

/// How long to look for a message at the agent before it is sent again, unless `lookup-seconds` is set. Longer than
/// agents take to create a task, even those that think first.
const LOOKUP: Duration = Duration::from_secs(120);

/// The settings of one agent.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The agent's name in messages.
    pub name: String,
    /// The agent's address. Its card is searched below it.
    pub url: String,
    /// Transport and URL for calls, overriding the card.
    pub interface: Option<(Binding, String)>,
    /// The credentials for the agent.
    pub credentials: Credentials,
    /// Whether to send a message again if nobody can tell whether it has arrived.
    pub resend: bool,
    /// How long to look for a message at the agent before it is sent again.
    pub lookup: Duration,
    /// The settings for push notifications. They are used if the agent's card says that it supports them.
    pub push: Option<PushSettings>,
    /// Whether the job names the agent by its address, which gets no credentials.
    pub by_address: bool,
    /// Whether to cache the agent's card in the plugin's key-value data.
    pub keep_card: bool,
    /// Whether a job without `contextId` starts a conversation whose id is derived from the job.
    pub own_context: bool,
}

impl Settings {
    /// Reads the settings of the agent that a job names, or of the default agent.
    ///
    /// # Errors
    /// Fatal if there is no such agent, or if a setting has an unknown value.
    pub fn of(agent: Option<&str>) -> Result<Self, Failure> {
        Self::read(agent, |key| config::get(key).map_err(Failure::from))
    }

    fn read(agent: Option<&str>, get: impl Fn(&str) -> Result<Option<String>, Failure>) -> Result<Self, Failure> {
        let get = |key: &str| get(key).map(|value| value.filter(|value| !value.is_empty()));
        let keep_card = match get("card-cache")?.as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                return Err(Failure::fatal(
                    "the setting `card-cache` under [plugins.agent-commands] in queues.toml is neither true nor false",
                ));
            }
        };
        let push = PushSettings::read(&get)?;
        let settings = match agent {
            None => Self::named("the agent".into(), "agent-url", "", NO_DEFAULT.to_owned(), get),
            // Any producer can choose this address, so no configured credentials are sent to it.
            Some(url) if url.contains("://") => Ok(Self {
                name: "the agent".into(),
                url: url.to_owned(),
                by_address: true,
                resend: true,
                own_context: true,
                lookup: LOOKUP,
                ..Self::default()
            }),
            Some(name) if is_name(name) => {
                let missing = format!(
                    "there is no agent `{name}`: add config = {{ \"agents.{name}.url\" = \"https://…\" }} under \
                     [plugins.agent-commands] in queues.toml"
                );
                Self::named(
                    format!("agent {name}"),
                    &format!("agents.{name}.url"),
                    &format!("agents.{name}."),
                    missing,
                    get,
                )
            }
            Some(_) => Err(Failure::fatal(
                "the job's `agent` is neither a name (letters, digits, `-` and `_`) nor an address that begins with https://",
            )),
        };
        settings.map(|settings| Self { keep_card, push, ..settings })
    }

    fn named(
        name: String,
        url_key: &str,
        prefix: &str,
        missing: String,
        get: impl Fn(&str) -> Result<Option<String>, Failure>,
    ) -> Result<Self, Failure> {
        let own = |key: &str| get(&format!("{prefix}{key}"));
        let url = get(url_key)?.ok_or(Failure::Fatal(missing))?;
        let credentials = Credentials::read(prefix, &get)?;
        let switch = |key: &str| match own(key)?.as_deref() {
            None | Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(_) => Err(Failure::fatal(format!(
                "the setting `{prefix}{key}` under [plugins.agent-commands] in queues.toml is neither true nor false"
            ))),
        };
        let (resend, own_context) = (switch("resend")?, switch("job-context")?);
        let lookup = match own("lookup-seconds")? {
            None => LOOKUP,
            Some(seconds) => seconds.parse().map(Duration::from_secs).map_err(|_| {
                Failure::fatal(format!(
                    "the setting `{prefix}lookup-seconds` under [plugins.agent-commands] in queues.toml is not a whole \
                     number of seconds"
                ))
            })?,
        };
        let interface = match (own("rpc-url")?, own("rest-url")?) {
            (Some(_), Some(_)) => {
                return Err(Failure::fatal(format!(
                    "of the settings `{prefix}rpc-url` and `{prefix}rest-url` only one can be set: remove the other from \
                     queues.toml"
                )));
            }
            (Some(url), None) => Some((Binding::JsonRpc, url)),
            (None, url) => url.map(|url| (Binding::Rest, url)),
        };
        Ok(Self { name, url, interface, credentials, resend, own_context, lookup, ..Self::default() })
    }

    /// The possible locations of the agent's card, the most likely one first.
    pub fn card_places(&self) -> Vec<Place> {
        const WELL_KNOWN: &str = "/.well-known/agent-card.json";
        let url = self.url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        if url.ends_with(".json") {
            return vec![Place { url: self.url.clone(), is_origin: false }];
        }
        let after_scheme = url.find("://").map_or(0, |at| at + 3);
        let path = url.get(after_scheme..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| after_scheme + at);
        let origin = url.get(..path).unwrap_or(url);
        let mut places = vec![Place { url: format!("{url}{WELL_KNOWN}"), is_origin: false }];
        if origin != url {
            places.push(Place { url: format!("{origin}{WELL_KNOWN}"), is_origin: true });
        }
        places
    }
}

/// A possible location of a card.
#[derive(Debug, PartialEq, Eq)]
pub struct Place {
    pub url: String,
    /// Whether this is the origin of an address that has a path. A card there may belong to another agent.
    pub is_origin: bool,
}

fn is_name(name: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !name.is_empty() && name.len() <= 64 && name.chars().all(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Secret;

    fn read(agent: Option<&str>, set: &[(&str, &str)]) -> Result<Settings, Failure> {
        let find = |key: &str| set.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned());
        Settings::read(agent, |key| Ok(find(key)))
    }

    fn fatal(agent: Option<&str>, set: &[(&str, &str)]) -> String {
        match read(agent, set) {
            Err(Failure::Fatal(message)) => message,
            other => panic!("it is refused, not {other:?}"),
        }
    }

    #[test]
    fn the_old_settings_are_those_of_the_default_agent() {
        let agent = read(None, &[("agent-url", "https://a.example"), ("token", "t")]).expect("an agent");
        assert_eq!(agent.url, "https://a.example");
        assert_eq!(agent.credentials.token, Some(Secret::new("t")));
    }

    #[test]
    fn every_agent_has_its_own_secrets_and_an_address_has_none() {
        let set = [
            ("token", "default"),
            ("agents.echo.url", "https://e.example"),
            ("agents.echo.api-key", "k"),
            ("agents.other.url", "https://o.example"),
            ("agents.other.resend", "false"),
        ];
        let credentials = |agent| read(Some(agent), &set).expect("an agent").credentials;
        let of_echo = credentials("echo");
        assert_eq!((of_echo.api_key, of_echo.token), (Some(Secret::new("k")), None));
        assert_eq!(credentials("other"), Credentials { prefix: "agents.other.".into(), ..Credentials::default() });
        assert_eq!(credentials("https://e.example"), Credentials::default());
        assert!(!read(Some("other"), &set).expect("an agent").resend);
    }

    #[test]
    fn a_missing_or_wrong_setting_is_reported_with_the_line_to_add() {
        assert!(fatal(None, &[]).contains("agent-url"));
        let both = [("agents.e.url", "u"), ("agents.e.rpc-url", "u"), ("agents.e.rest-url", "u")];
        assert!(fatal(Some("e"), &both).contains("only one can be set"));
        assert!(fatal(Some("echo"), &[]).contains("\"agents.echo.url\""));
        assert!(!fatal(Some("no name"), &[]).contains("no name"));
        let set = [("agents.e.url", "u"), ("agents.e.lookup-seconds", "1m")];
        assert!(fatal(Some("e"), &set).contains("agents.e.lookup-seconds"));
        assert!(fatal(Some("e"), &[("agents.e.url", "u"), ("agents.e.resend", "maybe")]).contains("agents.e.resend"));
    }

    #[test]
    fn a_card_is_looked_for_below_the_address_and_then_at_its_origin() {
        let urls = |url: &str| -> Vec<_> {
            let places = Settings { url: url.into(), ..Settings::default() }.card_places();
            places.into_iter().map(|place| place.url).collect()
        };
        assert_eq!(urls("https://a.example/"), ["https://a.example/.well-known/agent-card.json"]);
        assert_eq!(
            urls("https://a.example/a2a"),
            ["https://a.example/a2a/.well-known/agent-card.json", "https://a.example/.well-known/agent-card.json"]
        );
        assert_eq!(urls("https://a.example/x/card.json"), ["https://a.example/x/card.json"]);
    }
}
