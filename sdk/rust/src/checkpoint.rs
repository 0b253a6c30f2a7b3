//! Progress that outlives the attempt: new data for the job (BullMQ: `job.updateData`). The next attempt starts with
//! it.
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
    #[error("invalid job data: {0}")]
    Invalid(String),
    /// The host cannot write it now: Redis is unavailable, or this host no longer owns the job.
    #[error("the job's data could not be replaced: {0}")]
    Unavailable(String),
}

/// Replaces the job's data, at most 1 MiB of JSON. The data must match the job type's schema, because the host
/// validates the next attempt against it.
///
/// # Errors
/// If the host did not accept the value. The job then keeps its previous data.
pub fn save(data: &(impl Serialize + ?Sized)) -> Result<(), CheckpointError> {
    let json = serde_json::to_string(data).map_err(|error| CheckpointError::Invalid(error.to_string()))?;
    host::set_data(&json)
}
