//! The job's progress (BullMQ: `job.updateProgress`), which others can follow.

use serde::Serialize;

use crate::host;

/// Why progress was not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgressError {
    /// The value cannot be written as JSON, or is larger than 64 KiB. Another attempt will not help: this becomes
    /// [`Failure::Fatal`](crate::Failure::Fatal).
    #[error("invalid job progress: {0}")]
    Invalid(String),
    /// The host cannot publish it now: Redis is unavailable, or this host no longer owns the job.
    #[error("the job's progress could not be published: {0}")]
    Unavailable(String),
}

/// Publishes the job's progress: a number, such as a percentage, or any other value of at most 64 KiB of JSON.
///
/// # Errors
/// If the host did not accept the value. A job can ignore this: `let _ = progress::set(50);`
pub fn set(progress: impl Serialize) -> Result<(), ProgressError> {
    let json = serde_json::to_string(&progress).map_err(|error| ProgressError::Invalid(error.to_string()))?;
    host::set_progress(&json)
}
