//! What to configure after an agent has denied access.

use super::Access;
use super::credentials::{config_line, secret_line};
use super::security::{Required, Scheme};

impl Access {
    /// What to configure after the agent has denied access.
    pub(super) fn advice(&self) -> String {
        let prefix = &self.credentials.prefix;
        let alternatives = self.alternatives();
        if alternatives.is_empty() {
            return format!("set its secret `{prefix}token` or `{prefix}api-key` to one that it accepts");
        }
        let all = |alternative: &[Required], describe: &dyn Fn(&Required) -> String| {
            alternative.iter().map(describe).collect::<Vec<_>>().join(" and ")
        };
        if let Some(chosen) = self.chosen() {
            let accepted = all(&chosen, &|required| self.label(required));
            return format!(
                "it does not accept what is set for {accepted}, or that does not permit this call: correct it"
            );
        }
        let required: Vec<_> = alternatives
            .iter()
            .take(4)
            .map(|alternative| all(alternative, &|each| self.missing_settings(each)))
            .collect();
        format!("its card requires {}: set that under [plugins.agent-commands] in queues.toml", required.join(", or "))
    }

    /// The scheme in words.
    fn label(&self, required: &Required) -> String {
        let prefix = &self.credentials.prefix;
        let label = match self.scheme(&required.name) {
            Scheme::ApiKey(_) => format!("an API key (`{prefix}api-key`)"),
            Scheme::Basic => "HTTP Basic".into(),
            Scheme::Bearer => "a bearer token".into(),
            Scheme::OAuth2(_) => "OAuth2".into(),
            Scheme::OpenId => "OpenID Connect".into(),
            Scheme::MutualTls => "a client certificate".into(),
            Scheme::Unknown => "an authentication that this plugin does not know".into(),
        };
        label + &scheme_name(&required.name)
    }

    /// The scheme, and the configuration lines that it needs.
    fn missing_settings(&self, required: &Required) -> String {
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
            Scheme::MutualTls | Scheme::Unknown => "not supported by this plugin".into(),
        };
        format!("{} ({lines})", self.label(required))
    }
}

/// The name of a scheme for a message, if it looks like a name: the card's text comes from the agent.
pub(super) fn scheme_name(scheme: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match !scheme.is_empty() && scheme.len() <= 64 && scheme.chars().all(is_name) {
        true => format!(" (scheme \"{scheme}\")"),
        false => String::new(),
    }
}
