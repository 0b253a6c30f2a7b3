//! The number of jobs of each queue in each state.

use serde::Serialize;
use utoipa::ToSchema;

use super::error::AdminError;
use super::handle::Admin;
use super::reply::next;
use super::state::State;
use std::collections::BTreeSet;

use bullmq::QueueKeys;
use toril_job::QueueName;

/// How many jobs of a queue are in which state.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueDetails {
    /// The queue's name.
    #[schema(value_type = String)]
    pub name: QueueName,
    /// Whether it is paused.
    pub paused: bool,
    /// Jobs that can be claimed.
    pub waiting: u64,
    /// Jobs that are being run.
    pub active: u64,
    /// Jobs whose time has not come.
    pub delayed: u64,
    /// Jobs with a priority that can be claimed.
    pub prioritized: u64,
    /// Jobs that wait for their children.
    pub waiting_children: u64,
    /// Jobs that are done and kept.
    pub completed: u64,
    /// Jobs that have failed for good and are kept.
    pub failed: u64,
    /// Job schedulers.
    pub schedulers: u64,
}

impl Admin {
    /// Counts the jobs of every queue in the configuration, in one round trip.
    pub async fn queues(&self) -> Result<Vec<QueueDetails>, AdminError> {
        self.count(self.configured()).await
    }

    /// Counts the jobs of one queue.
    pub async fn queue_details(&self, queue: &QueueName) -> Result<QueueDetails, AdminError> {
        self.keys(queue).await?;
        let counted = self.count([queue.clone()].into()).await?.into_iter().next();
        counted.ok_or_else(|| AdminError::NoQueue { queue: queue.to_string() })
    }

    async fn count(&self, queues: BTreeSet<QueueName>) -> Result<Vec<QueueDetails>, AdminError> {
        let parts = queues.iter().map(|queue| {
            let keys = QueueKeys::new(queue.as_str(), Some(self.redis.prefix()));
            let mut pipe = redis::pipe();
            pipe.cmd("HEXISTS").arg(keys.meta()).arg("paused");
            pipe.cmd("ZCARD").arg(keys.repeat());
            for place in State::ALL.into_iter().flat_map(|state| state.places(&keys)) {
                pipe.add_command(place.count());
            }
            (queue, pipe)
        });
        let mut answers = self.redis.ask_each(&parts.collect::<Vec<_>>()).await?.into_iter();
        let counts = (0..answers.len()).map(|_| next::<u64>(&mut answers)).collect::<Result<Vec<_>, _>>()?;
        let details = queues.iter().zip(counts.chunks(10)).filter_map(|(queue, counts)| {
            let &[paused, schedulers, wait, parked, active, delayed, prioritized, waiting_children, completed, failed] =
                counts
            else {
                return None;
            };
            Some(QueueDetails {
                name: queue.clone(),
                paused: paused > 0,
                waiting: wait + parked,
                active,
                delayed,
                prioritized,
                waiting_children,
                completed,
                failed,
                schedulers,
            })
        });
        Ok(details.collect())
    }
}
