//! Pending outcomes: results that could not be written, because the job's lock expired while Redis was away. Each is
//! stored next to its job. The worker that claims the job next writes the pending outcome instead of running the job
//! again.

use std::sync::Arc;

use bullmq::redis_connection::RedisConnection;
use bullmq::{Error, JobState};
use redis::FromRedisValue;
use serde::{Deserialize, Serialize};

use super::claimed::Claimed;
use crate::access::QueueClient;
use crate::access::health::backoff::{ReconnectBackoff, is_temporary};
use crate::access::{ConnectError, SharedRedis};
use toril_job::JobId;

/// How long a pending outcome is kept, in seconds.
const KEPT_SECONDS: u64 = 24 * 60 * 60;

/// The outcome of an attempt that is still to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PendingOutcome {
    /// Completed, with this value as JSON text.
    Completed(String),
    /// Failed for good.
    Failed(String),
    /// This attempt failed. The next may start immediately.
    Retry(String),
}

/// A stored outcome. It is only valid for the claim after the one that reached it. A job that a client retries, or adds
/// again with the same id, is run.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    claim: Claim,
    #[serde(rename = "verdict")]
    outcome: PendingOutcome,
}

/// Identifies one claim of a job, by the fields of the job's hash that do not change until the next claim.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claim {
    added_at: u64,
    attempts_made: u32,
    attempts_started: u32,
    processed_on: u64,
}

impl Claim {
    /// The current claim of the job.
    fn of(job: &Claimed) -> Self {
        Self {
            added_at: job.added_at,
            attempts_made: job.attempts_made,
            attempts_started: job.attempts_started,
            processed_on: job.processed_on,
        }
    }

    /// The claim before that.
    fn before(job: &Claimed) -> Option<Self> {
        let attempts_started = job.attempts_started.checked_sub(1)?;
        Some(Self { attempts_started, processed_on: job.processed_before?, ..Self::of(job) })
    }
}

/// The pending outcomes of one queue.
pub struct PendingOutcomes {
    redis: SharedRedis,
    client: Arc<QueueClient>,
}

impl PendingOutcomes {
    /// Creates access to the outcomes of one queue.
    pub fn new(redis: SharedRedis, client: Arc<QueueClient>) -> Self {
        Self { redis, client }
    }

    /// Stores an outcome unless the job has ended. Returns whether it was stored.
    pub async fn store(&self, job: &Claimed, outcome: &PendingOutcome) -> Result<bool, Error> {
        let state = self.client.queue().get_job_state(job.id.as_str()).await?;
        if matches!(state, JobState::Completed | JobState::Failed | JobState::Unknown) {
            return Ok(false);
        }
        let entry = Entry { claim: Claim::of(job), outcome: outcome.clone() };
        let json = serde_json::to_string(&entry)?;
        let mut set = redis::cmd("SET");
        set.arg(self.key(&job.id)).arg(json).arg("EX").arg(KEPT_SECONDS);
        self.connection().await?.cmd::<()>(&mut set).await?;
        Ok(true)
    }

    /// The outcome that the previous claim reached, if it was stored. This only asks Redis for jobs that were started
    /// before without being counted.
    pub async fn take(&self, job: &Claimed) -> Option<PendingOutcome> {
        if job.attempts_started <= job.attempts_made + 1 {
            return None;
        }
        let (queue, job_id) = (self.client.name().as_str(), job.id.as_str());
        let taken = async {
            let json = self.ask::<Option<String>>("GET", job).await?;
            // Deleted only now, because the answer may get lost. The deletion stops it from being used a second time.
            if json.is_some() {
                self.ask::<()>("DEL", job).await?;
            }
            Ok::<_, Error>(json)
        };
        let json = match taken.await {
            Ok(json) => json?,
            Err(error) => {
                tracing::warn!(queue, job_id, %error, "the pending outcome of the job was not read, running the job again");
                return None;
            }
        };
        match serde_json::from_str::<Entry>(&json) {
            Ok(entry) => (Claim::before(job) == Some(entry.claim)).then_some(entry.outcome),
            Err(error) => {
                // serde_json's error names a field or a position. With data it may quote a value, so only the position
                // is logged.
                let (line, column) = (error.line(), error.column());
                tracing::error!(
                    queue,
                    job_id,
                    line,
                    column,
                    "the pending outcome of the job is invalid, running the job again"
                );
                None
            }
        }
    }

    /// Retries until Redis answers. Running a job whose outcome is pending would lose that result.
    async fn ask<T: FromRedisValue>(&self, command: &str, job: &Claimed) -> Result<T, Error> {
        let mut backoff = ReconnectBackoff::default();
        loop {
            let mut ask = redis::cmd(command);
            ask.arg(self.key(&job.id));
            match async { self.connection().await?.cmd(&mut ask).await }.await {
                Err(error) if is_temporary(&error) => tokio::time::sleep(backoff.next()).await,
                answer => return answer,
            }
        }
    }

    /// The connection for the outcomes. In a cluster they may be on another node than the queue.
    async fn connection(&self) -> Result<RedisConnection, Error> {
        self.redis.connection().await.map_err(ConnectError::into_bull)
    }

    fn key(&self, job_id: &JobId) -> String {
        self.redis.namespaced(&format!("finished:{}:{}:{job_id}", self.client.keys().prefix(), self.client.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(attempts_started: u32, processed_on: u64, processed_before: Option<u64>) -> Claimed {
        Claimed { attempts_started, processed_on, processed_before, added_at: 7, ..Claimed::sample() }
    }

    #[test]
    fn a_verdict_is_for_the_claim_that_follows_at_once() {
        let stored = Claim::of(&claimed(1, 100, None));
        let before = |job: Claimed| Claim::before(&job);
        assert_eq!(before(claimed(2, 200, Some(100))).as_ref(), Some(&stored));
        assert_ne!(before(claimed(3, 300, Some(200))).as_ref(), Some(&stored), "another claim came between");
        assert_ne!(before(claimed(2, 200, Some(101))).as_ref(), Some(&stored), "added again at the same time");
        assert_ne!(before(claimed(2, 200, None)).as_ref(), Some(&stored), "retried by hand");
        let added_again = Claimed { added_at: 8, ..claimed(2, 200, Some(100)) };
        assert_ne!(before(added_again).as_ref(), Some(&stored));
    }
}
