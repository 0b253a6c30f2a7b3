//! Adding many jobs in one go.

use std::collections::HashSet;

use bullmq::BulkJob;
use futures::future::try_join_all;
use serde::Serialize;
use utoipa::ToSchema;

use super::Admin;
use super::error::AdminError;
use super::new_job::NewJob;
use crate::queue::add::JobSpec;
use crate::queue::{options, scripts};

/// How many jobs the crate is given at once. It sends more than these in any order, and a queue keeps the order in which
/// its jobs were added.
const IN_ORDER: usize = 30;

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
            let spec = job.spec(queue, &defaults).map_err(|error| (number, error))?;
            if let Some(parent) = &spec.options.parent {
                let together = self.redis.check_parent(queue, &parent.queue);
                together.map_err(|error| (number, AdminError::Invalid(error.to_string())))?;
            }
            specs.push(spec);
        }
        let mut ids = Vec::with_capacity(specs.len());
        for part in parts(&specs) {
            let first = ids.len();
            let bulk = part
                .iter()
                .map(|spec| BulkJob::with_options(spec.name.clone(), spec.data.clone(), spec.options.clone()));
            let added = opened.add_bulk(bulk.collect()).await.map_err(|error| (first, error.into()))?;
            scripts::tidy(&opened).await.map_err(|error| (first, error.into()))?;
            let completed = added.iter().zip(part).map(|(job, spec)| {
                options::complete(&opened, job.id(), &spec.options, spec.jitter, spec.trace.clone())
            });
            try_join_all(completed).await.map_err(|error| (first, error.into()))?;
            ids.extend(added.iter().map(|job| job.id().to_owned()));
        }
        Ok(BulkAdded { queue: queue.to_owned(), ids })
    }
}

/// The jobs in parts that keep their order. The first one of each kind goes alone: its script may not be in Redis yet, and
/// those beside it would overtake each other.
fn parts(specs: &[JobSpec]) -> Vec<&[JobSpec]> {
    let mut parts = Vec::new();
    let mut sent = HashSet::new();
    let mut start = 0;
    for (place, spec) in specs.iter().enumerate() {
        let new = sent.insert(kind(spec));
        if new || place - start == IN_ORDER {
            parts.push(&specs[start..place]);
            start = place;
        }
        if new {
            parts.push(&specs[place..=place]);
            start = place + 1;
        }
    }
    parts.push(&specs[start..]);
    parts.retain(|part| !part.is_empty());
    parts
}

/// Jobs of one kind are added by one script.
fn kind(spec: &JobSpec) -> (bool, bool) {
    let delayed = spec.options.delay.is_some_and(|delay| delay > 0);
    (delayed, !delayed && spec.options.priority.is_some_and(|priority| priority > 0))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::config::JobDefaults;

    #[test]
    fn parts_are_in_order_and_the_first_of_each_kind_is_alone() {
        let mut specs = vec![JobSpec::new("q", "n", Value::Null, &JobDefaults::default()); 70];
        specs[40].options.delay = Some(5);
        let lengths: Vec<_> = parts(&specs).iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [1, 30, 9, 1, 29]);
        assert!(parts(&[]).is_empty());
    }
}
