//! `queues.toml`: reads the file once, and checks it into types that need no further validation.
//!
//! Loading has three steps: parse the TOML into values that know their position, read the values into the types
//! below, and apply the environment. All problems are reported together, each with its line. This crate knows nothing
//! about how queues, plugins or connections work; other crates depend on it.
//!
//! | module | holds |
//! | --- | --- |
//! | `config` | the whole configuration |
//! | `host`, `plugin`, `postgres`, `webhook`, `callbacks` | the type of each section of the file; those of `[redis]` and `[queues]` are in [`toril_job::settings`] |
//! | `origin`, `pointer`, `secret`, `signing_key`, `units` | value types with their own validation |
//! | `env` | the environment, replaceable in tests |
//! | `problem`, `key` | problems, and how they are displayed |
//! | `read` | from text to types |
//! | `diff` | what a reload has to change |

#![warn(missing_docs)]

mod callbacks;
mod config;
mod diff;
mod env;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
mod host;
mod key;
mod origin;
mod plugin;
mod pointer;
mod postgres;
mod problem;
mod read;
mod secret;
mod signing_key;
mod target;
#[cfg(test)]
mod tests;
mod units;
mod webhook;

use std::path::Path;

pub use self::callbacks::Callbacks;
pub use self::config::Config;
pub use self::diff::{Changes, Difference, QueueChange, diff};
pub use self::env::{Env, NotUnicode};
pub use self::host::{AdminAccess, Applies, HostSettings, SHORTEST_TOKEN};
pub use self::origin::{Origin, OriginError, Scheme};
pub use self::plugin::{Isolation, Plugin, SendSecret};
pub use self::pointer::{Pointer, PointerError};
pub use self::postgres::Postgres;
pub use self::problem::{LoadError, Problem, Problems, Severity};
pub use self::secret::Secret;
pub use self::signing_key::{KeyError, SigningKey};
pub use self::target::{TcpTarget, TcpTargetError};
pub use self::webhook::{EventDeduplication, SignatureForm, Webhook, WebhookData};
pub use toril_job::settings::{
    AuthorityError, Backoff, BackoffKind, BackoffStrategy, Delays, JobDefaults, Keep, KeyValue, METRICS,
    MOST_KEPT_ATTEMPTS, MissingUrl, Queue, RateLimit, Redis, RedisUrl, RedisUrlError, Repeat, Schedule, Topology,
    hash_tag,
};

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
