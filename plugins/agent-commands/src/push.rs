//! Push notifications. The agent notifies the host when something happens to a task, so that the job need not occupy a
//! slot of its queue. The host then runs the job again. The job asks the agent what has happened and never trusts the
//! notification's content.

use std::time::{Duration, SystemTime};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use toril_plugin::Failure;

use crate::access::{Secret, encoded};

/// Minimum and maximum time after which a task is polled without a notification.
const FIRST: Duration = Duration::from_secs(30);
const LAST: Duration = Duration::from_secs(600);

/// The settings for push notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushSettings {
    /// URL of the host's API, as agents reach it.
    pub url: String,
    pub secret: Secret,
    /// How long to follow a task before its job is deferred.
    pub after: Duration,
}

impl PushSettings {
    /// Reads the settings. `None` if notifications are not configured.
    ///
    /// # Errors
    /// Fatal if one setting is there without the other, or if the secret cannot be read.
    pub fn read(get: &impl Fn(&str) -> Result<Option<String>, Failure>) -> Result<Option<Self>, Failure> {
        const AFTER: Duration = Duration::from_secs(10);
        let (url, secret) = match (get("push-url")?, get("push-secret")?.map(Secret::new)) {
            (None, None) => return Ok(None),
            (Some(_), None) => return Err(lacks("push-url", "secrets = { push-secret = \"env:…\" }")),
            (None, Some(_)) => return Err(lacks("push-secret", "config = { push-url = \"https://…\" }")),
            (Some(url), Some(secret)) => (url, secret),
        };
        if secret.is_placeholder() {
            return Err(Failure::fatal(
                "the secret `push-secret` is under `send_secrets`, and the plugin makes tokens with it: move it to `secrets` \
                 of this plugin in queues.toml",
            ));
        }
        let after = match get("push-after-seconds")? {
            None => AFTER,
            Some(seconds) => seconds.parse().map(Duration::from_secs).map_err(|_| {
                Failure::fatal(
                    "the setting `push-after-seconds` under [plugins.agent-commands] in queues.toml is not a whole number \
                     of seconds",
                )
            })?,
        };
        Ok(Some(Self { url, secret, after }))
    }
}

fn lacks(there: &str, line: &str) -> Failure {
    Failure::fatal(format!(
        "the setting `{there}` has no effect alone: add {line} under [plugins.agent-commands] in queues.toml"
    ))
}

/// The notification request for one job: the URL to notify, and the token to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// Identifies the request among those of its task.
    pub id: String,
    pub url: String,
    pub token: Secret,
}

impl Push {
    /// Creates the request for a job of a queue.
    pub fn of(settings: &PushSettings, queue: &str, job: &str) -> Self {
        let address = settings.url.trim_end_matches('/');
        let url = format!("{address}/callbacks/{}/{}", encoded(queue), encoded(job));
        let token = token(settings.secret.expose(), queue, job);
        // Derived from the token, never the token itself: agents show the ids of notification requests.
        let id = token_of("id", &token).chars().take(16).collect::<String>();
        Self { id: format!("toril-{id}"), url, token: Secret::new(token) }
    }
}

/// Proves that a notification is about this job. Only a holder of the secret can compute it.
fn token(secret: &str, queue: &str, job: &str) -> String {
    token_of(secret, &format!("{queue}\n{job}"))
}

fn token_of(key: &str, message: &str) -> String {
    // HMAC accepts keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(message.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Time after which a task is polled if no notification arrives. It grows with the age of the task.
pub fn interval(since: SystemTime, now: SystemTime) -> Duration {
    (now.duration_since(since).unwrap_or_default() / 4).clamp(FIRST, LAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Option<PushSettings>, Failure> {
        let find = |key: &str| set.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned());
        PushSettings::read(&|key| Ok(find(key)))
    }

    #[test]
    fn a_notification_goes_to_the_jobs_own_address_with_a_token_of_its_own() {
        let settings = read(&[("push-url", "https://toril.example.com/"), ("push-secret", "hush")]).expect("settings");
        let push = Push::of(&settings.expect("push"), "agent commands", "a/1");
        assert_eq!(push.url, "https://toril.example.com/callbacks/agent%20commands/a%2F1");
        assert_eq!(push.token.expose(), "4bff8cddfb00cf35457f93b99cada7b315d61efd9e1e3e5e25aba5bd7db119f6");
        assert!(!format!("{push:?}").contains("4bff8cddfb00cf35457f93b99cada7b315d61efd9e1e3e5e25aba5bd7db119f6"));
    }

    #[test]
    fn a_setting_without_its_counterpart_is_reported() {
        let fatal = |set: &[(&str, &str)]| match read(set) {
            Err(Failure::Fatal(message)) => message,
            other => panic!("it is refused, not {other:?}"),
        };
        assert!(fatal(&[("push-url", "u")]).contains("push-secret = \"env:…\""));
        assert!(fatal(&[("push-secret", "hunter2")]).contains("push-url = ") && read(&[]) == Ok(None));
        assert!(fatal(&[("push-url", "u"), ("push-secret", "<toril-secret:push-secret>")]).contains("`secrets`"));
        let set = [("push-url", "u"), ("push-secret", "s"), ("push-after-seconds", "1m")];
        assert!(fatal(&set).contains("push-after-seconds"));
    }

    #[test]
    fn a_task_that_takes_longer_is_asked_for_more_seldom() {
        let after =
            |seconds| interval(SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).as_secs();
        assert_eq!([after(0), after(120), after(240), after(2400), after(86_400)], [30, 30, 60, 600, 600]);
    }
}
