//! Retries ended jobs.

use serde::Serialize;
use utoipa::ToSchema;

use super::error::AdminError;
use super::handle::Admin;
use super::state::State;
use crate::clock::now;
use crate::scripts::moves::{EndedSet, Order, RetryAttempts};
use toril_job::{JobId, QueueName};

/// What became of jobs that were to be run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Retried {
    /// How many jobs went back to those that wait.
    pub retried: u64,
}

impl Admin {
    /// Moves a failed or completed job back to the waiting jobs, as BullMQ's `job.retry()` does. `attempts`:
    /// how many attempts it gets.
    pub async fn retry(&self, queue: &QueueName, id: &JobId, attempts: RetryAttempts) -> Result<(), AdminError> {
        let (bull, job) = self.job(queue, id).await?;
        const WANTED: &str = "failed or completed";
        let ended = match self.state(bull.keys(), id).await? {
            Some(State::Failed) => EndedSet::Failed,
            Some(State::Completed) => EndedSet::Completed,
            _ => return Err(self.not_in(bull.keys(), id, WANTED).await),
        };
        let order = if job.opts().lifo.unwrap_or(false) { Order::Lifo } else { Order::Fifo };
        match self.scripts(queue).await?.reprocess(id, ended, order, attempts).await? {
            true => Ok(()),
            // Another client has already moved the job.
            false => Err(self.not_in(bull.keys(), id, WANTED).await),
        }
    }

    /// Moves all jobs that have failed until now back to the waiting jobs, as BullMQ's `queue.retryJobs()` does. It
    /// works in batches, so that it does not block Redis. As in BullMQ, the jobs lose their priority.
    pub async fn retry_all(&self, queue: &QueueName) -> Result<Retried, AdminError> {
        let bull = self.queue(queue).await?;
        let now = now();
        let mut count = redis::cmd("ZCOUNT");
        count.arg(bull.keys().failed()).arg("-inf").arg(now);
        let retried = bull.connection().cmd(&mut count).await?;
        self.scripts(queue).await?.retry_failed(now).await?;
        Ok(Retried { retried })
    }
}
