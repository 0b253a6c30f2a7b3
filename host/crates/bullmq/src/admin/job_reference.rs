//! A reference to a job.

use serde::Serialize;
use utoipa::ToSchema;

use crate::job_key::job_of_key;

/// A job by its queue and id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct JobReference {
    /// The queue.
    pub queue: String,
    /// The job's id.
    pub id: String,
}

/// The job of a key with this prefix.
pub(super) fn reference(key: &str, prefix: &str) -> Option<JobReference> {
    job_of_key(key, prefix).map(|job| JobReference { queue: job.queue, id: job.id })
}
