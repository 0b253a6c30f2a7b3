//! Why Redis cannot be used. The texts tell an operator how to fix it.

use std::time::Duration;

use toril_job::QueueName;
use toril_job::settings::MissingUrl;

/// Why Redis cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The settings contain no URL.
    #[error(transparent)]
    NoUrl(#[from] MissingUrl),
    /// The CA file cannot be read.
    #[error("the CA file {path} (`ca` under [redis]) cannot be read: {source}")]
    Ca {
        /// The file.
        path: String,
        /// The cause.
        source: std::io::Error,
    },
    /// Redis was not ready in time.
    #[error("Redis at {url} is not ready after {}: {reason}. Start it, or correct REDIS_URL or `url` under [redis].", humantime::format_duration(*.waited))]
    NotReady {
        /// The URL, without user and password.
        url: String,
        /// How long the host has waited.
        waited: Duration,
        /// The error of the last attempt.
        reason: String,
    },
    /// Redis refuses this client.
    #[error(
        "Redis at {url} refuses this client: {reason}. Correct user and password in REDIS_URL or `url` under [redis]."
    )]
    Refused {
        /// The URL, without user and password.
        url: String,
        /// Redis' error.
        reason: String,
    },
    /// Redis is too old: it lacks required commands.
    #[error(
        "Redis at {url} is too old: it is {found}, and Toril needs Redis {needed} or newer, or any Valkey. Upgrade it, or name another server in REDIS_URL or `url` under [redis]."
    )]
    TooOld {
        /// The URL, without user and password.
        url: String,
        /// The version that the server reports.
        found: String,
        /// The oldest version that has all required commands.
        needed: String,
    },
    /// The folder for the relay's sockets cannot be created.
    #[error("creating the local socket for Redis in the folder for temporary files (TMPDIR) failed: {0}")]
    Socket(std::io::Error),
    /// The keys of a queue would be in several slots of a cluster.
    #[error("queue {queue} cannot be on a Redis Cluster: its keys would be in several slots. {}", hash_tag_advice(.queue))]
    NoHashTag {
        /// The queue.
        queue: String,
    },
    /// A child would be in another slot than its parent.
    #[error(
        "a job of queue {child} cannot be the child of one of queue {parent}: on a Redis Cluster both queues must have the same hash tag, as in `prefix = \"{{bull}}\"` under [redis]"
    )]
    OtherSlot {
        /// The child's queue.
        child: QueueName,
        /// The parent's queue.
        parent: QueueName,
    },
    /// The job is invalid, so Toril does not add it.
    #[error("{0}")]
    InvalidJob(String),
    /// A command failed.
    #[error("Redis: {0}")]
    Command(#[from] redis::RedisError),
    /// BullMQ's client failed.
    #[error("BullMQ: {0}")]
    Bull(#[from] bullmq::Error),
    /// Redis did not answer a ping.
    #[error("Redis did not answer a ping within {}", humantime::format_duration(*.waited))]
    Silent {
        /// How long the host has waited.
        waited: Duration,
    },
}

impl From<std::io::Error> for ConnectError {
    fn from(error: std::io::Error) -> Self {
        Self::Command(error.into())
    }
}

impl ConnectError {
    /// Converts this to the error type of BullMQ's client, for callers that retry by that type.
    pub fn into_bull(self) -> bullmq::Error {
        match self {
            Self::Bull(error) => error,
            Self::Command(error) => error.into(),
            // Any other cause counts as "not connected", so that callers retry.
            other => redis::RedisError::from(std::io::Error::new(std::io::ErrorKind::NotConnected, other)).into(),
        }
    }
}

/// How to fix a queue whose keys have no hash tag.
fn hash_tag_advice(queue: &str) -> String {
    format!("Call it {{{queue}}}, or write `prefix = \"{{bull}}\"` under [redis], which puts all queues into one slot")
}
