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

/// A verdict as it is parked: for this attempt and no other, so that a job that someone retries later is run.
#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(rename = "attemptsMade")]
    attempts_made: u32,
    verdict: Verdict,
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
        let entry = Entry { attempts_made: job.attempts_made, verdict: verdict.clone() };
        let json = serde_json::to_string(&entry)?;
        let mut set = redis::cmd("SET");
        set.arg(self.key(&job.id)).arg(json).arg("EX").arg(PARKED);
        self.connection().await?.cmd::<()>(&mut set).await?;
        Ok(true)
    }

    /// The verdict that was parked for this attempt of a job, if one was. Asks Redis only for jobs that were started
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
            Ok(entry) => (entry.attempts_made == job.attempts_made).then_some(entry.verdict),
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
        self.redis.namespaced(&format!("finished:{}:{job_id}", self.home.name()))
    }
}
