//! Letting a job run now that waits for something that has happened.

use super::error::AdminError;
use super::{Admin, State};

/// What became of a job that was to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// It was delayed, and waits to be claimed now.
    Promoted,
    /// It needs nothing: it waits to be claimed, waits for its children, or has ended.
    NotNeeded,
    /// It is active, or moves from one state to another: ask again.
    Active,
}

impl Admin {
    /// Promotes a delayed job, and leaves every other one as it is.
    pub async fn wake(&self, queue: &str, id: &str) -> Result<Woken, AdminError> {
        let keys = self.existing(queue, id).await?;
        match self.state(&keys, id).await? {
            Some(State::Delayed) => match self.promote(queue, id).await {
                Ok(()) => Ok(Woken::Promoted),
                // Its time came, or somebody else was faster.
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
