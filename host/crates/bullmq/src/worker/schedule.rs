//! Schedules: adds the next job of a schedule when a job of it was claimed. This happens before the claimed job runs,
//! as in BullMQ's workers for Node.

use bullmq::Error;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::shared::Shared;
use crate::access::health::backoff::{ReconnectBackoff, is_temporary};
use crate::claimed::Claimed;
use crate::clock::now;
use crate::repeat::legacy;
use crate::repeat::next::{Unreadable, next as next_iteration};

/// Whether a claimed job may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It may run now.
    Now,
    /// It must wait for a worker that can compute its schedule. If it ran here, the schedule would end.
    OtherWorker,
}

impl Shared {
    /// Adds the next job after this one, if it belongs to a schedule.
    pub(super) async fn repeat(&self, job: &Claimed) -> Turn {
        if job.options.template.is_none() {
            if let Some(scheduler) = &job.scheduler {
                let (queue, job_id) = (self.name.as_str(), job.id.as_str());
                tracing::error!(
                    queue,
                    job_id,
                    scheduler,
                    "the options of the job contain no `repeat`, its schedule ends"
                );
            }
            return Turn::Now;
        }
        let key = match &job.scheduler {
            Some(key) if !legacy::has_old_shape(key) || self.is_scheduler(job, key).await => key,
            _ => return self.repeat_legacy(job).await,
        };
        match next_iteration(job, now()) {
            Ok(Some(next)) => {
                self.until_added(job, || self.scripts.next_iteration(job, next.at, &next.options).boxed()).await;
                Turn::Now
            }
            Ok(None) => Turn::Now,
            Err(reason) => self.leave(job, &[key.as_str()], &reason).await,
        }
    }

    async fn repeat_legacy(&self, job: &Claimed) -> Turn {
        match legacy::next(job, now()) {
            Ok(Some(next)) => {
                self.until_added(job, || self.scripts.next_repeatable(job, &next).boxed()).await;
                Turn::Now
            }
            Ok(None) => Turn::Now,
            Err(reason) => {
                let keys = legacy::keys(job);
                self.leave(job, &[keys.hashed.as_str(), keys.plain.as_str()], &reason).await
            }
        }
    }

    /// Whether a key that looks like a repeatable job's belongs to a job scheduler. On an error the answer is true,
    /// because the script changes nothing if that is wrong.
    async fn is_scheduler(&self, job: &Claimed, key: &str) -> bool {
        let mut backoff = ReconnectBackoff::default();
        loop {
            match self.scripts.is_scheduler(key).await {
                Ok(found) => return found,
                Err(error) if is_temporary(&error) => tokio::time::sleep(backoff.next()).await,
                Err(error) => {
                    self.log_not_added(job, &error);
                    return true;
                }
            }
        }
    }

    async fn until_added<'a>(&self, job: &Claimed, add: impl Fn() -> BoxFuture<'a, Result<(), Error>>) {
        let mut backoff = ReconnectBackoff::default();
        loop {
            match add().await {
                Ok(()) => return,
                Err(error) if is_temporary(&error) => tokio::time::sleep(backoff.next()).await,
                Err(error) => return self.log_not_added(job, &error),
            }
        }
    }

    fn log_not_added(&self, job: &Claimed, error: &Error) {
        let (queue, job_id, scheduler) = (self.name.as_str(), job.id.as_str(), job.scheduler.as_deref());
        tracing::error!(queue, job_id, scheduler, %error, "adding the next job of the scheduler failed");
    }

    /// Leaves a job to another worker if its schedule waits for it. A worker with a custom repeat strategy can add the
    /// next job, which this worker cannot. `keys` are the names that the schedule may have.
    async fn leave(&self, job: &Claimed, keys: &[&str], reason: &Unreadable) -> Turn {
        let (queue, job_id, scheduler) = (self.name.as_str(), job.id.as_str(), keys.first().copied());
        // The schedule has already continued (on a further attempt), or it was removed.
        if job.failed_already.is_some() || matches!(self.scripts.awaits(job, keys).await, Ok(false)) {
            return Turn::Now;
        }
        tracing::error!(
            queue,
            job_id,
            scheduler,
            %reason,
            "this host cannot compute the next time of the schedule, delaying the job for another worker"
        );
        Turn::OtherWorker
    }
}
