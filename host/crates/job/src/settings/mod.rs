//! Settings of queues, connections and limits: the types alone, which any program can fill in. `queues.toml` is read into
//! them by `toril-config`.

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
    Backoff, BackoffKind, BackoffStrategy, Delays, JobDefaults, Keep, LARGEST_PRIORITY, METRICS, Queue, RateLimit,
    Repeat, Schedule,
};
pub use self::redis::{MissingUrl, Redis, Topology, hash_tag};
pub use self::redis_url::{RedisUrl, RedisUrlError};

/// The most attempts of a queue that can be kept.
pub const MOST_KEPT_ATTEMPTS: u32 = 64 * 1024;
