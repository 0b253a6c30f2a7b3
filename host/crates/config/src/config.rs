//! The whole configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::callbacks::Callbacks;
use super::host::HostSettings;
use super::key;
use super::plugin::Plugin;
use super::problem::{Places, Problem, Severity};
use super::webhook::Webhook;
use toril_job::QueueName;
use toril_job::settings::{Backoff, BackoffKind, Known, Queue, Redis};

/// A complete, valid configuration.
///
/// Two configurations are equal if they have the same meaning. [`warnings`](Self::warnings) and the positions of keys
/// in the file do not count.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[redis]`: the server that holds the queues.
    pub redis: Redis,
    /// `[host]`: the process itself.
    pub host: HostSettings,
    /// `[queues.NAME]`: by BullMQ queue name. Never empty.
    pub queues: BTreeMap<QueueName, Queue>,
    /// `[plugins.NAME]`: by plugin name. A plugin without an entry has the defaults, see [`Config::plugin`].
    pub plugins: BTreeMap<String, Plugin>,
    /// `[webhooks.NAME]`: by the name in the path, `/webhooks/NAME`.
    pub webhooks: BTreeMap<String, Webhook>,
    /// `[callbacks]`. None: callbacks are disabled.
    pub callbacks: Option<Callbacks>,
    /// The path of the file, as the caller gave it.
    pub path: PathBuf,
    /// Settings that are allowed but are probably mistakes.
    pub warnings: Vec<Problem>,
    /// The position of each key, for problems that are found after the file was read.
    pub(super) places: Places,
}

impl Config {
    /// The settings of the plugin `name`: its entry, or the defaults when it has none.
    pub fn plugin(&self, name: &str) -> Plugin {
        self.plugins.get(name).cloned().unwrap_or_default()
    }

    /// Rejects the name of a backoff strategy that the entry of `queue` does not define, because the host would not
    /// retry such a job. For a queue without an entry any name is accepted: its workers may run elsewhere and know
    /// the strategy.
    pub fn check_backoff(&self, queue: &QueueName, backoff: &Backoff) -> Result<(), String> {
        let (BackoffKind::Named(name), Some(settings)) = (&backoff.kind, self.queues.get(queue)) else { return Ok(()) };
        if settings.backoff_strategies.contains_key(name) {
            return Ok(());
        }
        let names = settings.backoff_strategies.keys().map(String::as_str);
        let known: Vec<_> = ["fixed", "exponential"].into_iter().chain(names).collect();
        Err(format!(
            "queue {queue:?} has no backoff strategy {name:?}. Use one of {}, or add it to \
             [queues.{queue}.backoff_strategies] in {}",
            known.join(", "),
            self.path.display()
        ))
    }

    /// Creates an error at the value at `path`, as in `["queues", "emails", "plugin"]`. For checks that need more
    /// than the file, such as whether a plugin's component exists.
    ///
    /// If the value is not in the file, the error points to the closest table around it, and otherwise to the whole
    /// file.
    pub fn problem(&self, path: &[&str], message: impl Into<String>, help: Option<String>) -> Problem {
        self.at(Severity::Error, path, message.into(), help)
    }

    /// Creates a warning at the value at `path`. See [`problem`](Self::problem).
    pub fn warning(&self, path: &[&str], message: impl Into<String>, help: Option<String>) -> Problem {
        self.at(Severity::Warning, path, message.into(), help)
    }

    fn at(&self, severity: Severity, path: &[&str], message: String, help: Option<String>) -> Problem {
        let place = self.places.nearest(path);
        Problem::new(severity, Some(self.path.as_path()), key::join(path), message, help).at(place)
    }
}

impl Known for Config {
    fn queues(&self) -> &BTreeMap<QueueName, Queue> {
        &self.queues
    }

    fn redact(&self) -> &[String] {
        &self.host.redact
    }

    fn check_backoff(&self, queue: &QueueName, backoff: &Backoff) -> Result<(), String> {
        self.check_backoff(queue, backoff)
    }
}

impl PartialEq for Config {
    fn eq(&self, other: &Self) -> bool {
        self.redis == other.redis
            && self.host == other.host
            && self.queues == other.queues
            && self.plugins == other.plugins
            && self.webhooks == other.webhooks
            && self.callbacks == other.callbacks
            && self.path == other.path
    }
}
