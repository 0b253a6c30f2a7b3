//! `queues.toml`: reads the file once, and checks it into types that need no further validation.
//!
//! Loading has three steps: parse the TOML into values that know their position, read the values into the types
//! below, and apply the environment. All problems are reported together, each with its line. This crate knows nothing
//! about how queues, plugins or connections work; other crates depend on it.
//!
//! | module | holds |
//! | --- | --- |
//! | `host`, `plugin`, `webhook`, `callbacks` | the type of each section of the file; those of `[redis]` and `[queues]` are in [`toril_job::settings`] |
//! | `origin`, `pointer`, `secret`, `signing_key`, `units` | value types with their own validation |
//! | `env` | the environment, replaceable in tests |
//! | `problem`, `key` | problems, and how they are displayed |
//! | `read` | from text to types |
//! | `diff` | what a reload has to change |

#![warn(missing_docs)]

mod callbacks;
mod diff;
mod env;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
mod host;
mod key;
mod origin;
mod plugin;
mod pointer;
mod problem;
mod read;
mod secret;
mod signing_key;
#[cfg(test)]
mod tests;
mod units;
mod webhook;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toril_job::settings::Known;

pub use self::callbacks::Callbacks;
pub use self::diff::{Changes, QueueChange, diff};
pub use self::env::{Env, NotUnicode};
pub use self::host::{AdminAccess, HostSettings, SHORTEST_TOKEN};
pub use self::origin::{Origin, OriginError, Scheme};
pub use self::plugin::{Isolation, Plugin, SendSecret};
pub use self::pointer::{Pointer, PointerError};
pub use self::problem::{LoadError, Problem, Problems, Severity};
pub use self::secret::Secret;
pub use self::signing_key::{KeyError, SigningKey};
pub use self::webhook::{EventDeduplication, SignatureForm, Webhook, WebhookData};
pub use toril_job::settings::{
    AuthorityError, Backoff, BackoffKind, BackoffStrategy, Delays, JobDefaults, Keep, KeyValue, METRICS,
    MOST_KEPT_ATTEMPTS, MissingUrl, Queue, RateLimit, Redis, RedisUrl, RedisUrlError, Repeat, Schedule, Topology,
    hash_tag,
};

use self::problem::Places;

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
    pub queues: BTreeMap<String, Queue>,
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
    places: Places,
}

impl Config {
    /// The settings of the plugin `name`: its entry, or the defaults when it has none.
    pub fn plugin(&self, name: &str) -> Plugin {
        self.plugins.get(name).cloned().unwrap_or_default()
    }

    /// Rejects the name of a backoff strategy that the entry of `queue` does not define, because the host would not
    /// retry such a job. For a queue without an entry any name is accepted: its workers may run elsewhere and know
    /// the strategy.
    pub fn check_backoff(&self, queue: &str, backoff: &Backoff) -> Result<(), String> {
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
        let place = self.places.nearest(path);
        let (file, key) = (Some(self.path.as_path()), key::join(path));
        Problem::new(Severity::Error, file, key, message.into(), help).at(place)
    }
}

impl Known for Config {
    fn queues(&self) -> &BTreeMap<String, Queue> {
        &self.queues
    }

    fn redact(&self) -> &[String] {
        &self.host.redact
    }

    fn check_backoff(&self, queue: &str, backoff: &Backoff) -> Result<(), String> {
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

/// Reads and checks the file at `path`.
///
/// Also reads the secrets, from `env` and from files. Does not check whether Redis answers or whether a plugin's
/// component exists.
pub fn load(path: &Path, env: &Env) -> Result<Config, LoadError> {
    parse(&text(path)?, path, env)
}

/// Reads only `[host]` of the file at `path`. For commands that only need paths: a missing secret must not prevent
/// the build of a plugin.
pub fn load_host(path: &Path) -> Result<HostSettings, LoadError> {
    read::host_settings(&text(path)?, path)
}

/// Parses a size such as `64MiB` into bytes, with the same syntax as in the file. For command lines. The error
/// message follows the text.
pub fn parse_size(text: &str) -> Result<u64, String> {
    units::size(text).map_err(|error| error.to_string())
}

/// The name in `known` that `word` is most likely a typo of, if there is one.
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    read::nearest(word, known)
}

fn text(path: &Path) -> Result<String, LoadError> {
    std::fs::read_to_string(path).map_err(|source| LoadError::Unreadable { path: path.to_owned(), source })
}

/// Checks `text` as if it were the content of the file at `path`. The file need not exist: its path appears in
/// messages, and relative paths are resolved against its folder.
pub fn parse(text: &str, path: &Path, env: &Env) -> Result<Config, LoadError> {
    read::parse(text, path, env)
}
