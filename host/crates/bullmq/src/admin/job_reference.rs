//! A reference to a job.

use serde::Serialize;
use utoipa::ToSchema;

use crate::job_key::job_of_key;
use toril_job::{JobId, QueueName};

/// A job by its queue and id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct JobReference {
    /// The queue.
    #[schema(value_type = String)]
    pub queue: QueueName,
    /// The job's id.
    #[schema(value_type = String)]
    pub id: JobId,
}

/// The job of a key with this prefix.
pub(super) fn reference(key: &str, prefix: &str) -> Option<JobReference> {
    job_of_key(key, prefix).map(|job| JobReference { queue: job.queue, id: job.id })
}
