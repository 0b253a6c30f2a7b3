//! Removing many jobs of a queue.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::error::AdminError;
use super::{Admin, State};

/// How many jobs one script removes at most: Redis does nothing else meanwhile.
const BATCH: u64 = 1000;

/// What was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Cleaned {
    /// How many jobs.
    pub removed: u64,
}

impl Admin {
    /// Removes the jobs that have been in a state for longer than `older_than`, at most `limit` of them. Jobs that still
    /// are to run count from when they were added. Of the active ones, those whose worker has gone away.
    pub async fn clean(
        &self,
        queue: &str,
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

    /// Removes every job that waits, with and without priority, and `delayed` also those whose time has not come. Not
    /// those that run, have ended, or are the next ones of job schedulers.
    pub async fn drain(&self, queue: &str, delayed: bool) -> Result<(), AdminError> {
        Ok(self.queue(queue).await?.drain(delayed).await?)
    }
}
