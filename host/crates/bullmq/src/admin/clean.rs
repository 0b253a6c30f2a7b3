//! Removes many jobs of a queue.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::error::AdminError;
use super::handle::Admin;
use super::state::State;
use toril_job::QueueName;

/// The most jobs that one script removes. Redis is blocked meanwhile.
const BATCH: u64 = 1000;

/// What was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Cleaned {
    /// How many jobs.
    pub removed: u64,
}

/// What happens to the delayed jobs of a queue that is drained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DelayedJobs {
    /// They stay.
    Keep,
    /// They are removed too.
    Remove,
}

impl Admin {
    /// Removes the jobs that have been in a state for longer than `older_than`, at most `limit` of them. For jobs that
    /// have not run yet, the time counts from when they were added. Of the active jobs, it only removes those whose
    /// worker has disappeared.
    pub async fn clean(
        &self,
        queue: &QueueName,
        state: State,
        older_than: Duration,
        limit: Option<u64>,
    ) -> Result<Cleaned, AdminError> {
        if state == State::WaitingChildren {
            return Err(AdminError::Invalid("BullMQ cannot clean jobs that wait for their children".to_owned()));
        }
        let queue = self.queue(queue).await?;
        let grace = u64::try_from(older_than.as_millis()).unwrap_or(u64::MAX);
        let mut removed = 0;
        loop {
            let wanted = limit.map_or(BATCH, |limit| BATCH.min(limit - removed));
            if wanted == 0 {
                break;
            }
            let batch = queue.clean(grace, u32::try_from(wanted).unwrap_or(u32::MAX), state.name()).await?;
            removed += batch.len() as u64;
            if (batch.len() as u64) < wanted || limit.is_some_and(|limit| removed >= limit) {
                break;
            }
        }
        Ok(Cleaned { removed })
    }

    /// Removes every waiting job, with and without a priority. It does not remove jobs that run or have ended, or the
    /// next jobs of job schedulers.
    pub async fn drain(&self, queue: &QueueName, delayed: DelayedJobs) -> Result<(), AdminError> {
        Ok(self.queue(queue).await?.drain(delayed == DelayedJobs::Remove).await?)
    }
}
