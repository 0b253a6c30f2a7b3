//! Pauses a queue for all workers on all hosts, until it is resumed.

use serde::Serialize;
use utoipa::ToSchema;

use super::error::AdminError;
use super::handle::Admin;
use toril_job::QueueName;

/// Whether a queue is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PauseState {
    /// Whether it is.
    pub paused: bool,
}

impl Admin {
    /// Pauses the queue: no worker claims its jobs. Running jobs continue.
    pub async fn pause(&self, queue: &QueueName) -> Result<PauseState, AdminError> {
        self.scripts(queue).await?.pause().await?;
        Ok(PauseState { paused: true })
    }

    /// Resumes the queue: workers claim its jobs again.
    pub async fn resume(&self, queue: &QueueName) -> Result<PauseState, AdminError> {
        self.scripts(queue).await?.resume().await?;
        Ok(PauseState { paused: false })
    }
}
