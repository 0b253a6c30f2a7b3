//! Keeps a claimed job's lock, and notices when it is gone.

use std::time::Duration;

use bullmq::Job;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// Renews the lock of `job` until it is dropped. When Redis says that the lock is another's or gone, `lost` is
/// cancelled: another worker may have the job already. A Redis that does not answer is no such word, since nobody else
/// can claim the job from it either.
pub fn keep(job: Job, token: String, duration: Duration, lost: CancellationToken) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut every = tokio::time::interval(duration / 2);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        every.tick().await;
        loop {
            every.tick().await;
            match extend(&job, &token, duration).await {
                Lock::Held => {}
                Lock::Lost => {
                    tracing::warn!(job_id = job.id(), "the job's lock is lost, the attempt ends");
                    lost.cancel();
                    return;
                }
                Lock::Unknown(error) => {
                    tracing::warn!(job_id = job.id(), %error, "the job's lock could not be renewed, trying again");
                }
            }
        }
    }))
}

/// What is known of a job's lock.
#[derive(Debug)]
pub enum Lock {
    /// It is held, for the whole duration from now.
    Held,
    /// It is another's, or gone.
    Lost,
    /// Redis did not say.
    Unknown(bullmq::Error),
}

/// Tries to hold the lock for another `duration`.
pub async fn extend(job: &Job, token: &str, duration: Duration) -> Lock {
    let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    match job.extend_lock(token, milliseconds).await {
        Ok(()) => Lock::Held,
        Err(bullmq::Error::JobLocked(_)) => Lock::Lost,
        Err(error) => Lock::Unknown(error),
    }
}
