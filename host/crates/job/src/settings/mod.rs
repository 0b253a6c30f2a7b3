//! The types of the settings of queues, connections and limits. Any program can create them; `toril-config` reads
//! them from `queues.toml`.

pub mod authority;
mod key_value;
mod known;
mod queue;
mod redis;
mod redis_url;

pub use self::authority::AuthorityError;
pub use self::key_value::KeyValue;
pub use self::known::Known;
pub use self::queue::{
    Backoff, BackoffKind, BackoffStrategy, Delays, JobDefaults, Keep, METRICS, Queue, RateLimit, Repeat, Schedule,
};
pub use self::redis::{MissingUrl, Redis, Topology, hash_tag};
pub use self::redis_url::{RedisUrl, RedisUrlError};

/// The upper limit of `keep_attempts`, the number of attempts that Redis keeps per queue.
pub const MOST_KEPT_ATTEMPTS: u32 = 64 * 1024;
