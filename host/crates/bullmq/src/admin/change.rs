//! Changes one job.

use std::time::Duration;

use bullmq::error::error_code;

use super::error::AdminError;
use super::handle::Admin;
use super::state::State;
use crate::cancel::{self, Cancelled};
use crate::scripts::moves::Order;
use toril_job::{JobId, LARGEST_PRIORITY, LONGEST_DELAY, QueueName};

/// What happens to the children of a job that is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Children {
    /// Those that no worker runs are removed too.
    Remove,
    /// They stay where they are.
    Keep,
}

impl Admin {
    /// Promotes a delayed job, so that it can be claimed now.
    pub async fn promote(&self, queue: &QueueName, id: &JobId) -> Result<(), AdminError> {
        let keys = self.existing(queue, id).await?;
        match self.scripts(queue).await?.promote(id).await? {
            true => Ok(()),
            false => Err(self.not_in(&keys, id, State::Delayed.name()).await),
        }
    }

    /// Removes a job.
    pub async fn remove(&self, queue: &QueueName, id: &JobId, children: Children) -> Result<(), AdminError> {
        let (bull, _) = self.job(queue, id).await?;
        let removed = match children {
            Children::Remove => bull.remove(id.as_str()).await,
            Children::Keep => bull.remove_without_children(id.as_str()).await,
        };
        match removed {
            Ok(true) => Ok(()),
            Ok(false) => Err(AdminError::Conflict(format!(
                "job {id} of queue {queue} was not removed: a worker runs it or one of its children. Cancel it first, for example with `toril cancel`"
            ))),
            Err(bullmq::Error::Script { code: error_code::JOB_BELONGS_TO_JOB_SCHEDULER, .. }) => {
                Err(AdminError::Conflict(format!(
                    "job {id} of queue {queue} was not removed: it is the next job of a job scheduler. Remove the scheduler instead"
                )))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Changes a job's priority. 1 is the highest priority and 2097151 the lowest. Jobs with 0 run before all of these.
    /// `order`: its place among the jobs with the same priority.
    pub async fn change_priority(
        &self,
        queue: &QueueName,
        id: &JobId,
        priority: u32,
        order: Order,
    ) -> Result<(), AdminError> {
        if priority > LARGEST_PRIORITY {
            return Err(AdminError::Invalid(format!("a priority is at most {LARGEST_PRIORITY}, not {priority}")));
        }
        let keys = self.existing(queue, id).await?;
        if let Some(State::Completed | State::Failed) | None = self.state(&keys, id).await? {
            return Err(self.not_in(&keys, id, "one that is still to run").await);
        }
        match self.scripts(queue).await?.change_priority(id, priority, order).await? {
            true => Ok(()),
            false => Err(AdminError::NoJob { queue: queue.to_owned(), id: id.to_owned() }),
        }
    }

    /// Asks the host that runs a job to cancel it, and waits up to `bound` for its end. Returns the job's state then,
    /// or `None` if it still runs.
    pub async fn cancel(
        &self,
        queue: &QueueName,
        id: &JobId,
        reason: &str,
        bound: Duration,
    ) -> Result<Option<String>, AdminError> {
        let keys = self.existing(queue, id).await?;
        match cancel::cancel(&self.redis, queue, id, reason, bound).await? {
            Cancelled::Ended(state) => Ok(Some(state)),
            Cancelled::StillRuns => Ok(None),
            Cancelled::DidNotRun(_) => Err(self.not_in(&keys, id, State::Active.name()).await),
            Cancelled::NoJob => Err(AdminError::NoJob { queue: queue.to_owned(), id: id.to_owned() }),
        }
    }

    /// Changes the delay of a delayed job, in milliseconds from now.
    pub async fn change_delay(&self, queue: &QueueName, id: &JobId, delay: u64) -> Result<(), AdminError> {
        if Duration::from_millis(delay) > LONGEST_DELAY {
            return Err(AdminError::Invalid("a delay is at most a hundred years".to_owned()));
        }
        let (bull, job) = self.job(queue, id).await?;
        match job.change_delay(delay).await {
            Err(bullmq::Error::Script { code: error_code::JOB_NOT_IN_STATE, .. }) => {
                Err(self.not_in(bull.keys(), id, State::Delayed.name()).await)
            }
            other => Ok(other?),
        }
    }
}
