//! Running ended jobs again.

use std::time::{SystemTime, UNIX_EPOCH};

use bullmq::RetryOptions;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::AdminError;
use super::{Admin, State};
use crate::scripts;

/// How many jobs BullMQ's script moves at once: BullMQ's own default.
const BATCH: u32 = 1000;

/// What became of jobs that were to be run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Retried {
    /// How many jobs went back to those that wait.
    pub retried: u64,
}

impl Admin {
    /// Moves a failed or completed job back to those that wait, as BullMQ's `job.retry()` does. `reset_attempts`: it has
    /// all its attempts again; without it, it has one.
    pub async fn retry(&self, queue: &str, id: &str, reset_attempts: bool) -> Result<(), AdminError> {
        let (bull, mut job) = self.job(queue, id).await?;
        const WANTED: &str = "failed or completed";
        let state = match self.state(bull.keys(), id).await? {
            Some(state @ (State::Failed | State::Completed)) => state,
            _ => return Err(self.not_in(bull.keys(), id, WANTED).await),
        };
        let options = RetryOptions { reset_attempts_made: reset_attempts, reset_attempts_started: reset_attempts };
        match job.retry(state.name(), Some(options)).await {
            Ok(()) => Ok(scripts::tidy(&bull).await?),
            // How the crate tells that somebody else was faster.
            Err(bullmq::Error::InvalidConfig(_)) => Err(self.not_in(bull.keys(), id, WANTED).await),
            Err(error) => Err(error.into()),
        }
    }

    /// Moves all jobs that have failed until now back to those that wait, as BullMQ's `queue.retryJobs()` does, in
    /// batches that Redis is not blocked by. Like there, their priority does not count any more.
    pub async fn retry_all(&self, queue: &str) -> Result<Retried, AdminError> {
        let queue = self.queue(queue).await?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        let mut count = redis::cmd("ZCOUNT");
        count.arg(queue.keys().failed()).arg("-inf").arg(now);
        let retried = queue.connection().cmd(&mut count).await?;
        queue.retry_jobs(State::Failed.name(), BATCH, Some(now)).await?;
        scripts::tidy(&queue).await?;
        Ok(Retried { retried })
    }
}
