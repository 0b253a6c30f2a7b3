//! Verdicts that are on their way to Redis. The BullMQ worker writes a verdict once; when that fails, since Redis is
//! away at that moment, the finished result is kept here. Once Redis is back it is parked beside the job, the job is
//! given back, and whoever claims it next writes the parked verdict instead of running the job again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bullmq::{Job, JobState};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::connection::{ConnectError, SharedRedis};
use super::lock::{Lock, extend};

/// How long the worker has for its own try before a verdict is looked after.
const OWN_TRY: Duration = Duration::from_secs(1);
/// How long a parked verdict is kept, in seconds.
const PARKED: u64 = 24 * 60 * 60;

/// What was decided about a job.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Done, with this value.
    Completed(Value),
    /// Failed for good.
    Failed(String),
    /// This attempt failed; the next may start at once.
    Retry(String),
}

/// A verdict as it is parked: for this attempt and no other, so that a job that someone retries later is run.
#[derive(Serialize, Deserialize)]
struct Parked {
    #[serde(rename = "attemptsMade")]
    attempts_made: u32,
    verdict: Verdict,
}

struct Entry {
    job: Job,
    token: String,
    verdict: Verdict,
    since: Instant,
}

/// The verdicts of one queue that are not known to be written.
pub struct Unsettled {
    redis: SharedRedis,
    queue: String,
    lock_duration: Duration,
    entries: Mutex<HashMap<String, Entry>>,
}

impl Unsettled {
    /// For one queue.
    pub fn new(redis: SharedRedis, queue: &str, lock_duration: Duration) -> Self {
        Self { redis, queue: queue.to_owned(), lock_duration, entries: Mutex::default() }
    }

    /// The worker is about to write this.
    pub fn expect(&self, job: Job, token: &str, verdict: Verdict) {
        let entry = Entry { token: token.to_owned(), verdict, since: Instant::now(), job };
        self.entries().insert(entry.job.id().to_owned(), entry);
    }

    /// The worker says that it has written something. What was expected of it.
    pub fn written(&self, job_id: &str) -> Option<Verdict> {
        self.entries().remove(job_id).map(|entry| entry.verdict)
    }

    /// Whether the verdict of this job is on its way.
    pub fn expects(&self, job_id: &str) -> bool {
        self.entries().contains_key(job_id)
    }

    /// Whether nothing is on its way.
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    /// Looks after the verdicts whose writing must have failed.
    pub async fn sweep(&self) {
        let late: Vec<String> = self
            .entries()
            .iter()
            .filter(|(_, entry)| entry.since.elapsed() > OWN_TRY)
            .map(|(job_id, _)| job_id.clone())
            .collect();
        for job_id in late {
            let Some((job, token, verdict)) = self.entry(&job_id) else { continue };
            let rescued = self.rescue(&job, &token, verdict).await;
            match rescued {
                Ok(()) => {
                    self.entries().remove(&job_id);
                }
                Err(error) => {
                    tracing::warn!(queue = self.queue, job_id, %error, "a finished result is not written yet, trying again");
                    return;
                }
            }
        }
    }

    async fn rescue(&self, job: &Job, token: &str, verdict: Verdict) -> Result<(), ConnectError> {
        match extend(job, token, self.lock_duration).await {
            Lock::Unknown(error) => return Err(error.into()),
            Lock::Held => {
                self.park(job, verdict).await?;
                match job.move_to_wait(Some(token)).await {
                    Ok(_) => {}
                    Err(error @ bullmq::Error::Redis(_)) => return Err(error.into()),
                    // The worker's own write has been there after all.
                    Err(_) => return Ok(()),
                }
            }
            Lock::Lost => {
                if matches!(job.get_state().await?, JobState::Completed | JobState::Failed | JobState::Unknown) {
                    return Ok(());
                }
                self.park(job, verdict).await?;
            }
        }
        tracing::info!(
            queue = self.queue,
            job_id = job.id(),
            "a finished result that Redis did not take was kept for the job's next turn"
        );
        Ok(())
    }

    async fn park(&self, job: &Job, verdict: Verdict) -> Result<(), ConnectError> {
        let parked = Parked { attempts_made: job.attempts_made(), verdict };
        let json = serde_json::to_string(&parked).map_err(bullmq::Error::from)?;
        let mut set = redis::cmd("SET");
        set.arg(self.key(job.id())).arg(json).arg("EX").arg(PARKED);
        self.redis.connection().await?.cmd::<()>(&mut set).await?;
        Ok(())
    }

    /// The verdict that was parked for this attempt of a job, if one was. Asks Redis only for jobs that were started
    /// before without being counted.
    pub async fn parked(&self, job: &Job) -> Option<Verdict> {
        if job.attempts_started() <= job.attempts_made() + 1 {
            return None;
        }
        let found: Result<Option<String>, ConnectError> = async {
            // Taken, so that it cannot be used a second time.
            let mut get = redis::cmd("GETDEL");
            get.arg(self.key(job.id()));
            Ok(self.redis.connection().await?.cmd(&mut get).await?)
        }
        .await;
        match found {
            Ok(json) => match serde_json::from_str::<Parked>(&json?) {
                Ok(parked) => (parked.attempts_made == job.attempts_made()).then_some(parked.verdict),
                Err(error) => {
                    // serde_json names a field or a place; with data it may quote a value, so only the place is told.
                    let (line, column) = (error.line(), error.column());
                    tracing::error!(
                        queue = self.queue,
                        job_id = job.id(),
                        line,
                        column,
                        "the job's kept result cannot be read; it is run"
                    );
                    None
                }
            },
            Err(error) => {
                tracing::warn!(queue = self.queue, job_id = job.id(), %error, "whether the job has a kept result is not known; it is run");
                None
            }
        }
    }

    fn key(&self, job_id: &str) -> String {
        self.redis.namespaced(&format!("finished:{}:{job_id}", self.queue))
    }

    fn entry(&self, job_id: &str) -> Option<(Job, String, Verdict)> {
        let entries = self.entries();
        let entry = entries.get(job_id)?;
        Some((entry.job.clone(), entry.token.clone(), entry.verdict.clone()))
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
