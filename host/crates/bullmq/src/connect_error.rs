//! Why Redis cannot be used, in words for whoever has to mend it.

use std::time::Duration;

use super::lane::ONE_TRY;
use toril_job::settings::MissingUrl;

/// Why Redis cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody said where it is.
    #[error(transparent)]
    NoUrl(#[from] MissingUrl),
    /// The CA file.
    #[error("the CA file {path} (`ca` under [redis]) cannot be read: {source}")]
    Ca {
        /// The file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// It did not get ready in time.
    #[error("Redis at {url} is not ready after {}: {reason}. Start it, or correct REDIS_URL or `url` under [redis].", humantime::format_duration(*.waited))]
    NotReady {
        /// Where it was looked for, without user and password.
        url: String,
        /// How long.
        waited: Duration,
        /// What the last try said.
        reason: String,
    },
    /// It does not want this client.
    #[error(
        "Redis at {url} refuses this client: {reason}. Correct user and password in REDIS_URL or `url` under [redis]."
    )]
    Refused {
        /// Where it is, without user and password.
        url: String,
        /// What it said.
        reason: String,
    },
    /// It lacks commands that are needed.
    #[error(
        "Redis at {url} is too old: it is {found}, and Toril needs Redis {needed} or newer, or any Valkey. Upgrade it, or name another server in REDIS_URL or `url` under [redis]."
    )]
    TooOld {
        /// Where it is, without user and password.
        url: String,
        /// What it says that it is.
        found: String,
        /// The oldest version that has everything.
        needed: String,
    },
    /// The folder of the sockets that lead to Redis.
    #[error("no way to Redis could be made in the folder for temporary files (TMPDIR): {0}")]
    Socket(std::io::Error),
    /// A queue that a cluster cannot hold.
    #[error("queue {queue} cannot be on a Redis Cluster: its keys would lie in several slots. {}", hash_tag_advice(.queue))]
    NoHashTag {
        /// The queue.
        queue: String,
    },
    /// A child in another slot than its parent.
    #[error(
        "a job of queue {child} cannot be the child of one of queue {parent}: on a Redis Cluster both queues must have the same hash tag, as in `prefix = \"{{bull}}\"` under [redis]"
    )]
    OtherSlot {
        /// The child's queue.
        child: String,
        /// The parent's.
        parent: String,
    },
    /// A job that Toril does not add.
    #[error("{0}")]
    InvalidJob(String),
    /// A command failed.
    #[error("Redis: {0}")]
    Command(#[from] redis::RedisError),
    /// BullMQ's client failed.
    #[error("BullMQ: {0}")]
    Bull(#[from] bullmq::Error),
    /// No answer to a ping.
    #[error("Redis did not answer a ping within {}", humantime::format_duration(ONE_TRY))]
    Silent,
}

impl From<std::io::Error> for ConnectError {
    fn from(error: std::io::Error) -> Self {
        Self::Command(error.into())
    }
}

impl ConnectError {
    /// The same as BullMQ's client would say it, for whoever tries again what has failed.
    pub fn into_bull(self) -> bullmq::Error {
        match self {
            Self::Bull(error) => error,
            Self::Command(error) => error.into(),
            // Not there now, for whatever reason.
            other => redis::RedisError::from(std::io::Error::new(std::io::ErrorKind::NotConnected, other)).into(),
        }
    }
}

/// What to do about a queue whose keys have no hash tag.
fn hash_tag_advice(queue: &str) -> String {
    format!("Call it {{{queue}}}, or write `prefix = \"{{bull}}\"` under [redis], which puts all queues into one slot")
}
