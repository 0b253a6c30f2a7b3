//! Adds many jobs in one call.

use serde::Serialize;
use utoipa::ToSchema;

use super::error::AdminError;
use super::handle::Admin;
use super::new_job::NewJob;
use crate::insert;
use toril_job::{JobId, QueueName};

/// The ids of jobs that were added, in the order of the jobs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BulkAdded {
    /// The queue.
    #[schema(value_type = String)]
    pub queue: QueueName,
    /// The ids.
    #[schema(value_type = Vec<String>)]
    pub ids: Vec<JobId>,
}

impl Admin {
    /// Adds jobs in order. It checks all jobs before it adds the first. An error contains the index of the invalid job,
    /// from 0. In that case no job was added.
    pub async fn add_bulk(&self, queue: &QueueName, jobs: Vec<NewJob>) -> Result<BulkAdded, (usize, AdminError)> {
        let opened = self.queue(queue).await.map_err(|error| (0, error))?;
        let mut specs = Vec::with_capacity(jobs.len());
        for (number, job) in jobs.into_iter().enumerate() {
            let spec = self.spec(queue, job).map_err(|error| (number, error))?;
            self.check_backoff(&spec).map_err(|error| (number, error))?;
            if let Some(parent) = &spec.options.parent {
                let together = self.redis.check_parent(queue, &parent.queue);
                together.map_err(|error| (number, AdminError::Invalid(error.to_string())))?;
            }
            specs.push(spec);
        }
        let ids = insert::many(&opened, &specs).await.map_err(|(first, error)| (first, error.into()))?;
        Ok(BulkAdded { queue: queue.clone(), ids })
    }
}
