//! Progress that outlives the attempt: new data for the job (BullMQ: `job.updateData`), which its next attempt starts
//! with.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use toril_plugin::{Failure, Job, checkpoint};
//!
//! #[derive(Deserialize, Serialize)]
//! struct Import {
//!     pages: u32,
//!     #[serde(default)]
//!     done: u32,
//! }
//!
//! fn import(mut job: Job<Import>) -> Result<u32, Failure> {
//!     while job.data.done < job.data.pages {
//!         // … one page …
//!         job.data.done += 1;
//!         checkpoint::save(&job.data)?;
//!     }
//!     Ok(job.data.done)
//! }
//! # import(Job::for_test("import", Import { pages: 2, done: 1 })).unwrap();
//! ```

use serde::Serialize;

use crate::host;

/// Why the job's data was not replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The value cannot be written as JSON, or is larger than 1 MiB. Another attempt will not help: this becomes
    /// [`Failure::Fatal`](crate::Failure::Fatal).
    #[error("this cannot be a job's data: {0}")]
    Invalid(String),
    /// The host cannot write it now: Redis is away, or the job is no longer this host's.
    #[error("the job's data could not be replaced: {0}")]
    Unavailable(String),
}

/// Replaces the job's data, 1 MiB of JSON at most. It is to fit the job type's schema, as the next attempt is checked
/// against it.
///
/// # Errors
/// If the host did not take the value. The job then has the data that it had.
pub fn save(data: &(impl Serialize + ?Sized)) -> Result<(), CheckpointError> {
    let json = serde_json::to_string(data).map_err(|error| CheckpointError::Invalid(error.to_string()))?;
    host::set_data(&json)
}
