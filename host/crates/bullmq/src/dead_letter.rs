//! Dead-letter queues: normal queues that get one job for each job that has failed for good.

use bullmq::{Error, QueueKeys};
use serde_json::{Value, json};

use super::claimed::Claimed;
use super::insert;
use super::job_spec::JobSpec;
use super::stored::parse;
use crate::access::{ConnectError, SharedRedis};
use toril_job::QueueName;
use toril_job::settings::JobDefaults;

/// The queue that receives failed jobs.
pub struct DeadLetter {
    redis: SharedRedis,
    name: QueueName,
}

impl DeadLetter {
    /// Opens the dead-letter queue with this name.
    pub async fn find(redis: SharedRedis, name: &QueueName) -> Result<Self, ConnectError> {
        redis.queue(name).await?;
        Ok(Self { redis, name: name.clone() })
    }

    /// Adds a dead letter for a job that has failed for good after this many `attempts`. It has the same name, and its
    /// data contains the queue, id, name, data, options, reason and number of attempts of the job. Adding the same
    /// failure again changes nothing.
    pub async fn add(&self, queue: &QueueName, job: &Claimed, attempts: u32, reason: &str) -> Result<(), Error> {
        // The stored options are read, because the crate's own type does not know all of them.
        let key = QueueKeys::new(queue.as_str(), Some(self.redis.prefix())).job_key(job.id.as_str());
        // In a cluster the job's queue may be on another node than the dead letters.
        let failed = self.redis.connection_of(queue).await.map_err(ConnectError::into_bull)?;
        let opts: Option<String> = failed.cmd(redis::cmd("HGET").arg(key).arg("opts")).await?;
        let opts: Value = opts.and_then(|opts| serde_json::from_str(&opts).ok()).unwrap_or_else(|| json!({}));
        let data = json!({
            "queue": queue,
            "id": job.id,
            "name": job.name,
            "data": parse(&job.data),
            "opts": opts,
            "failedReason": reason,
            "attemptsMade": attempts,
        });
        // BullMQ separates keys by colons, so custom job ids may not contain them.
        let id = format!("{queue}-{}-{attempts}", job.id).replace(':', "-");
        let letters = self.redis.queue(&self.name).await.map_err(ConnectError::into_bull)?;
        let mut letter = JobSpec::new(self.name.clone(), &job.name, data, &JobDefaults::default());
        letter.options.id = Some(id.into());
        insert::one(&letters, &letter).await.map(drop)
    }
}
