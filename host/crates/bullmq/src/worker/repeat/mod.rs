//! Schedules: the job that follows on one that was claimed. It is added before the claimed job runs, as BullMQ's workers
//! for Node do.
//!
//! Two formats exist. Job schedulers (`upsertJobScheduler`) are BullMQ's own since 5.16; their next job is added by one
//! script. Repeatable jobs (`add` with `repeat`) are older: BullMQ 6 has none, and 5 still runs them. Those whose key is a
//! hash (since 5.9 or so) go through the schedulers' script; the rest is in `legacy`.

mod legacy;
mod next;

use bullmq::Error;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::shared::Shared;
use crate::claimed::Claimed;
use crate::clock::now;
use crate::patience::{Pauses, is_passing};
pub use legacy::Repetition;
#[cfg(any(fuzzing, test))]
pub use legacy::next as next_repetition;
use next::Unreadable;
pub use next::next as next_iteration;

/// Whether a job that was claimed may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It may.
    Now,
    /// It must wait for a worker that can compute its schedule, which would end if it ran here.
    Elsewhere,
}

impl Shared {
    /// Adds the job that follows on this one in its schedule, if it has one.
    pub(super) async fn repeat(&self, job: &Claimed) -> Turn {
        if job.options.template.is_none() {
            if let Some(scheduler) = &job.scheduler {
                let (queue, job_id) = (&self.name, &job.id);
                tracing::error!(
                    queue,
                    job_id,
                    scheduler,
                    "the job's options do not say how it repeats; its schedule ends"
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

    /// Whether a key that looks like a repeatable job's is a job scheduler's. On an error it is one: the script changes
    /// nothing that is not.
    async fn is_scheduler(&self, job: &Claimed, key: &str) -> bool {
        let mut pauses = Pauses::default();
        loop {
            match self.scripts.is_scheduler(key).await {
                Ok(found) => return found,
                Err(error) if is_passing(&error) => tokio::time::sleep(pauses.next()).await,
                Err(error) => {
                    self.tell_not_added(job, &error);
                    return true;
                }
            }
        }
    }

    async fn until_added<'a>(&self, job: &Claimed, add: impl Fn() -> BoxFuture<'a, Result<(), Error>>) {
        let mut pauses = Pauses::default();
        loop {
            match add().await {
                Ok(()) => return,
                Err(error) if is_passing(&error) => tokio::time::sleep(pauses.next()).await,
                Err(error) => return self.tell_not_added(job, &error),
            }
        }
    }

    fn tell_not_added(&self, job: &Claimed, error: &Error) {
        let (queue, job_id, scheduler) = (&self.name, &job.id, job.scheduler.as_deref());
        tracing::error!(queue, job_id, scheduler, %error, "the scheduler's next job was not added");
    }

    /// Leaves a job to another worker if its schedule waits for it. A worker with a repeat strategy of its own can add the
    /// next job; this one cannot. `keys`: the names that the schedule may have.
    async fn leave(&self, job: &Claimed, keys: &[&str], reason: &Unreadable) -> Turn {
        let (queue, job_id, scheduler) = (&self.name, &job.id, keys.first().copied());
        // Its schedule has gone on, or is gone: on a further attempt, or after its removal.
        if job.failed_already.is_some() || matches!(self.scripts.awaits(job, keys).await, Ok(false)) {
            return Turn::Now;
        }
        tracing::error!(
            queue,
            job_id,
            scheduler,
            %reason,
            "this host cannot compute when the schedule continues; the job is delayed for a worker that can"
        );
        Turn::Elsewhere
    }
}
