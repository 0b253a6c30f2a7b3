//! Wakes a job that waits for an event.

use super::error::AdminError;
use super::handle::Admin;
use super::state::State;
use toril_job::{JobId, QueueName};

/// The result of waking a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// It was delayed, and can be claimed now.
    Promoted,
    /// It needs no change: it waits to be claimed, waits for its children, or has ended.
    NotNeeded,
    /// It is active, or moves between two states. The caller should ask again.
    Active,
}

impl Admin {
    /// Promotes a delayed job. Any other job stays unchanged.
    pub async fn wake(&self, queue: &QueueName, id: &JobId) -> Result<Woken, AdminError> {
        let keys = self.existing(queue, id).await?;
        match self.state(&keys, id).await? {
            Some(State::Delayed) => match self.promote(queue, id).await {
                Ok(()) => Ok(Woken::Promoted),
                // The job became due, or another client has promoted it.
                Err(AdminError::Conflict(_)) => Ok(Woken::Active),
                Err(error) => Err(error),
            },
            Some(State::Active) | None => Ok(Woken::Active),
            Some(State::Waiting | State::Prioritized | State::WaitingChildren | State::Completed | State::Failed) => {
                Ok(Woken::NotNeeded)
            }
        }
    }
}
