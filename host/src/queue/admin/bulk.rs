//! Adding many jobs in one go.

use bullmq::BulkJob;
use futures::future::try_join_all;
use serde::Serialize;
use utoipa::ToSchema;

use super::Admin;
use super::error::AdminError;
use super::new_job::NewJob;
use crate::queue::options;

/// The ids of jobs that were added, in the order of the jobs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BulkAdded {
    /// The queue.
    pub queue: String,
    /// The ids.
    pub ids: Vec<String>,
}

impl Admin {
    /// Adds jobs in their order. All of them are checked before the first one is added; an error tells the number of the
    /// wrong one, from 0, and none has been added.
    pub async fn add_bulk(&self, queue: &str, jobs: Vec<NewJob>) -> Result<BulkAdded, (usize, AdminError)> {
        let opened = self.queue(queue).await.map_err(|error| (0, error))?;
        let defaults = self.defaults(queue);
        let mut specs = Vec::with_capacity(jobs.len());
        for (number, job) in jobs.into_iter().enumerate() {
            specs.push(job.spec(queue, &defaults).map_err(|error| (number, error))?);
        }
        let bulk =
            specs.iter().map(|spec| BulkJob::with_options(spec.name.clone(), spec.data.clone(), spec.options.clone()));
        let added = opened.add_bulk(bulk.collect()).await.map_err(|error| (0, error.into()))?;
        let completed = added
            .iter()
            .zip(&specs)
            .map(|(job, spec)| options::complete(&opened, job.id(), &spec.options, spec.jitter, spec.trace.clone()));
        try_join_all(completed).await.map_err(|error| (0, error.into()))?;
        Ok(BulkAdded { queue: queue.to_owned(), ids: added.iter().map(|job| job.id().to_owned()).collect() })
    }
}
