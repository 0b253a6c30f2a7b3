//! The job's progress (BullMQ: `job.updateProgress`), which others can watch.

use serde::Serialize;

use crate::host;

/// Why progress was not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgressError {
    /// The value cannot be written as JSON, or is larger than 64 KiB. Another attempt will not help: this becomes
    /// [`Failure::Fatal`](crate::Failure::Fatal).
    #[error("this cannot be a job's progress: {0}")]
    Invalid(String),
    /// The host cannot publish it now: Redis is away, or the job is no longer this host's.
    #[error("the job's progress could not be published: {0}")]
    Unavailable(String),
}

/// Publishes how far the job is: a number, such as a percentage, or any other value of 64 KiB of JSON at most.
///
/// # Errors
/// If the host did not take the value. A job can go on without: `let _ = progress::set(50);`
pub fn set(progress: impl Serialize) -> Result<(), ProgressError> {
    let json = serde_json::to_string(&progress).map_err(|error| ProgressError::Invalid(error.to_string()))?;
    host::set_progress(&json)
}
