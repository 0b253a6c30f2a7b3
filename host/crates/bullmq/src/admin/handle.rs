//! The access to the queues of one Redis, which all operations share.

use std::collections::BTreeSet;
use std::sync::Arc;

use bullmq::{Queue, QueueKeys};

use super::error::AdminError;
use super::redact::Redaction;
use crate::access::{ConnectError, QueueClient, SharedRedis};
use crate::scripts::Scripts;
use toril_job::settings::{JobDefaults, Known};
use toril_job::{JobId, QueueName};

/// The longest id of a job that is looked up, in bytes.
const LONGEST_ID: usize = 1024;

/// Returns the current configuration.
pub type Configured = Arc<dyn Fn() -> Arc<dyn Known> + Send + Sync>;

/// Reads and changes the queues of one Redis.
#[derive(Clone)]
pub struct Admin {
    pub(super) redis: SharedRedis,
    pub(super) config: Configured,
    reveal: bool,
}

impl Admin {
    /// Administration of this Redis. `config` returns the configured queues, the defaults of added jobs, and the fields
    /// to redact. It is called for each operation.
    pub fn new(redis: SharedRedis, config: Configured) -> Self {
        Self { redis, config, reveal: false }
    }

    /// Turns redaction off, for callers that have access to Redis itself.
    #[must_use]
    pub fn revealing(self) -> Self {
        Self { reveal: true, ..self }
    }

    /// The redaction of this instance.
    pub(super) fn redaction(&self) -> Redaction {
        if self.reveal { Redaction::none() } else { Redaction::of((self.config)().redact()) }
    }

    pub(super) fn defaults(&self, queue: &QueueName) -> JobDefaults {
        (self.config)().queues().get(queue).map(|queue| queue.job_defaults.clone()).unwrap_or_default()
    }

    /// The queues in the configuration: those that hosts work on, and their dead-letter queues.
    pub fn configured(&self) -> BTreeSet<QueueName> {
        let config = (self.config)();
        let dead = config.queues().values().filter_map(|queue| queue.dead_letter.clone());
        config.queues().keys().cloned().chain(dead).collect()
    }

    /// The keys of an existing queue: the configuration names it, or Redis has it.
    pub(super) async fn keys(&self, queue: &QueueName) -> Result<QueueKeys, AdminError> {
        let keys = QueueKeys::new(queue.as_str(), Some(self.redis.prefix()));
        if self.configured().contains(queue) || self.redis.has_queue(queue).await? {
            return Ok(keys);
        }
        Err(AdminError::NoQueue { queue: queue.to_string() })
    }

    /// Creates a queue in Redis, like a producer that connects to it.
    pub async fn make_queue(&self, queue: &QueueName) -> Result<(), AdminError> {
        self.redis.queue(queue).await.map(drop).map_err(AdminError::of_added)
    }

    /// An existing queue, for changes.
    pub(super) async fn queue(&self, queue: &QueueName) -> Result<Queue, AdminError> {
        self.keys(queue).await?;
        Ok(self.redis.queue(queue).await?)
    }

    /// BullMQ's scripts for an existing queue.
    pub(super) async fn scripts(&self, queue: &QueueName) -> Result<Scripts, AdminError> {
        self.keys(queue).await?;
        Ok(Scripts::new(Arc::new(QueueClient::open(self.redis.clone(), queue).await?)))
    }

    /// An existing job, for changes.
    pub(super) async fn job(&self, queue: &QueueName, id: &JobId) -> Result<(Queue, bullmq::Job), AdminError> {
        let keys = self.keys(queue).await?;
        let missing = || AdminError::NoJob { queue: queue.clone(), id: id.clone() };
        if !self.is_job(&keys, id).await? {
            return Err(missing());
        }
        let queue = self.redis.queue(queue).await?;
        let job = queue.get_job(id.as_str()).await?.ok_or_else(missing)?;
        Ok((queue, job))
    }

    /// Whether a queue has a job with this id. The other keys of a queue, such as `meta` and `repeat:…`, have the same
    /// form as the keys of jobs, and must not be mistaken for jobs.
    pub(super) async fn is_job(&self, keys: &QueueKeys, id: &JobId) -> Result<bool, AdminError> {
        if !(1..=LONGEST_ID).contains(&id.as_str().len()) {
            return Ok(false);
        }
        let mut fields = redis::cmd("HMGET");
        fields.arg(keys.job_key(id.as_str())).arg("name").arg("timestamp");
        let found: Result<Vec<Option<Vec<u8>>>, _> = self.redis.connection_for(keys).await?.cmd(&mut fields).await;
        match found {
            Ok(found) => Ok(found.iter().all(Option::is_some)),
            Err(bullmq::Error::Redis(error)) if error.code() == Some("WRONGTYPE") => Ok(false),
            Err(error) => Err(ConnectError::from(error).into()),
        }
    }
}
