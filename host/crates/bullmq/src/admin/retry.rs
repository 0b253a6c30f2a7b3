//! Running ended jobs again.

use serde::Serialize;
use utoipa::ToSchema;

use super::error::AdminError;
use super::{Admin, State};
use crate::clock::now;
use crate::scripts::Ended;

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
        let (bull, job) = self.job(queue, id).await?;
        const WANTED: &str = "failed or completed";
        let ended = match self.state(bull.keys(), id).await? {
            Some(State::Failed) => Ended::Failed,
            Some(State::Completed) => Ended::Completed,
            _ => return Err(self.not_in(bull.keys(), id, WANTED).await),
        };
        let lifo = job.opts().lifo.unwrap_or(false);
        match self.scripts(queue).await?.reprocess(id, ended, lifo, reset_attempts).await? {
            true => Ok(()),
            // Somebody else was faster.
            false => Err(self.not_in(bull.keys(), id, WANTED).await),
        }
    }

    /// Moves all jobs that have failed until now back to those that wait, as BullMQ's `queue.retryJobs()` does, in
    /// batches that Redis is not blocked by. Like there, their priority does not count any more.
    pub async fn retry_all(&self, queue: &str) -> Result<Retried, AdminError> {
        let bull = self.queue(queue).await?;
        let now = now();
        let mut count = redis::cmd("ZCOUNT");
        count.arg(bull.keys().failed()).arg("-inf").arg(now);
        let retried = bull.connection().cmd(&mut count).await?;
        self.scripts(queue).await?.retry_failed(now).await?;
        Ok(Retried { retried })
    }
}
