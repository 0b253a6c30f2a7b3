//! Finished results that could not be written, since the job's lock ran out while Redis was away: each is parked beside
//! its job, and whoever claims the job next writes the parked verdict instead of running the job again.

use std::sync::Arc;

use bullmq::redis_connection::RedisConnection;
use bullmq::{Error, JobState};
use redis::FromRedisValue;
use serde::{Deserialize, Serialize};

use super::claimed::Claimed;
use super::connection::{ConnectError, SharedRedis};
use super::home::Home;
use super::patience::{Pauses, is_passing};

/// How long a parked verdict is kept, in seconds.
const PARKED: u64 = 24 * 60 * 60;

/// What was decided about a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Done, with this value, as JSON text.
    Completed(String),
    /// Failed for good.
    Failed(String),
    /// This attempt failed; the next may start at once.
    Retry(String),
}

/// A verdict as it is parked: for the claim that follows on the one that reached it, and no other. A job that someone
/// retries or adds again under the same id is run.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    claim: Claim,
    verdict: Verdict,
}

/// One claim of a job, by what the job's hash says of it until the next one.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claim {
    added_at: u64,
    attempts_made: u32,
    attempts_started: u32,
    processed_on: u64,
}

impl Claim {
    /// The one by which the job is held.
    fn of(job: &Claimed) -> Self {
        Self {
            added_at: job.added_at,
            attempts_made: job.attempts_made,
            attempts_started: job.attempts_started,
            processed_on: job.processed_on,
        }
    }

    /// The one before that.
    fn before(job: &Claimed) -> Option<Self> {
        let attempts_started = job.attempts_started.checked_sub(1)?;
        Some(Self { attempts_started, processed_on: job.processed_before?, ..Self::of(job) })
    }
}

/// The parked verdicts of one queue.
pub struct Parked {
    redis: SharedRedis,
    home: Arc<Home>,
}

impl Parked {
    /// For one queue.
    pub fn new(redis: SharedRedis, home: Arc<Home>) -> Self {
        Self { redis, home }
    }

    /// Parks a verdict unless the job has ended. Whether it was parked.
    pub async fn park(&self, job: &Claimed, verdict: &Verdict) -> Result<bool, Error> {
        let state = self.home.queue().get_job_state(&job.id).await?;
        if matches!(state, JobState::Completed | JobState::Failed | JobState::Unknown) {
            return Ok(false);
        }
        let entry = Entry { claim: Claim::of(job), verdict: verdict.clone() };
        let json = serde_json::to_string(&entry)?;
        let mut set = redis::cmd("SET");
        set.arg(self.key(&job.id)).arg(json).arg("EX").arg(PARKED);
        self.connection().await?.cmd::<()>(&mut set).await?;
        Ok(true)
    }

    /// The verdict that the claim before this one has reached, if it was parked. Asks Redis only for jobs that were started
    /// before without being counted.
    pub async fn take(&self, job: &Claimed) -> Option<Verdict> {
        if job.attempts_started <= job.attempts_made + 1 {
            return None;
        }
        let (queue, job_id) = (self.home.name(), &job.id);
        let taken = async {
            let json = self.ask::<Option<String>>("GET", job).await?;
            // Only now, since an answer may be lost; and so that it cannot be used a second time.
            if json.is_some() {
                self.ask::<()>("DEL", job).await?;
            }
            Ok::<_, Error>(json)
        };
        let json = match taken.await {
            Ok(json) => json?,
            Err(error) => {
                tracing::warn!(queue, job_id, %error, "whether the job has a kept result is not known; it is run");
                return None;
            }
        };
        match serde_json::from_str::<Entry>(&json) {
            Ok(entry) => (Claim::before(job) == Some(entry.claim)).then_some(entry.verdict),
            Err(error) => {
                // serde_json names a field or a place; with data it may quote a value, so only the place is told.
                let (line, column) = (error.line(), error.column());
                tracing::error!(queue, job_id, line, column, "the job's kept result cannot be read; it is run");
                None
            }
        }
    }

    /// Asks until Redis answers: to run a job whose result is there would throw that away.
    async fn ask<T: FromRedisValue>(&self, command: &str, job: &Claimed) -> Result<T, Error> {
        let mut pauses = Pauses::default();
        loop {
            let mut ask = redis::cmd(command);
            ask.arg(self.key(&job.id));
            match async { self.connection().await?.cmd(&mut ask).await }.await {
                Err(error) if is_passing(&error) => tokio::time::sleep(pauses.next()).await,
                answer => return answer,
            }
        }
    }

    /// Where these are, which in a cluster is not where the queue is.
    async fn connection(&self) -> Result<RedisConnection, Error> {
        self.redis.connection().await.map_err(ConnectError::into_bull)
    }

    fn key(&self, job_id: &str) -> String {
        self.redis.namespaced(&format!("finished:{}:{}:{job_id}", self.home.keys().prefix(), self.home.name()))
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
        let parked = Claim::of(&claimed(1, 100, None));
        let before = |job: Claimed| Claim::before(&job);
        assert_eq!(before(claimed(2, 200, Some(100))).as_ref(), Some(&parked));
        assert_ne!(before(claimed(3, 300, Some(200))).as_ref(), Some(&parked), "another claim came between");
        assert_ne!(before(claimed(2, 200, Some(101))).as_ref(), Some(&parked), "added again at the same time");
        assert_ne!(before(claimed(2, 200, None)).as_ref(), Some(&parked), "retried by hand");
        let added_again = Claimed { added_at: 8, ..claimed(2, 200, Some(100)) };
        assert_ne!(before(added_again).as_ref(), Some(&parked));
    }
}
