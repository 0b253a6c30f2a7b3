//! Renews the locks of all jobs that a worker runs, and notices when one is lost.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::access::health::outage::Outage;
use crate::claimed::{Claimed, LockToken};
use crate::scripts::Scripts;
use toril_job::{JobId, QueueName};

/// The longest pause after a failed renewal.
const AGAIN: Duration = Duration::from_secs(1);

/// The held locks, by job id.
#[derive(Clone, Default)]
pub struct Locks(Arc<Mutex<HashMap<JobId, Entry>>>);

struct Entry {
    token: LockToken,
    /// `None` while the job's end is being written: the lock may then disappear without being lost.
    lost: Option<CancellationToken>,
}

/// Keeps a lock renewed until it is dropped.
pub struct HeldLock {
    locks: Locks,
    job: Arc<Claimed>,
}

impl Locks {
    /// Renews the lock of a job until the returned value is dropped. Cancels `lost` when Redis reports that the lock is
    /// gone or belongs to another worker, because another worker may already have the job. If Redis does not answer,
    /// the lock does not count as lost, because no other worker can claim the job either. If an earlier claim of the
    /// same job is still here, it has lost its lock to this one.
    pub fn keep(&self, job: &Arc<Claimed>, lost: CancellationToken) -> HeldLock {
        let entry = Entry { token: job.token.clone(), lost: Some(lost) };
        if let Some(Entry { lost: Some(lost), .. }) = self.entries().insert(job.id.clone(), entry) {
            lost.cancel();
        }
        HeldLock { locks: self.clone(), job: job.clone() }
    }

    /// Renews the locks twice per lock duration, until it is dropped.
    pub async fn renew(self, queue: QueueName, scripts: Scripts, outage: Outage, duration: Duration) {
        let mut reported = None;
        let mut pause = duration / 2;
        loop {
            tokio::time::sleep(pause).await;
            pause = duration / 2;
            let held: Vec<_> =
                self.entries().iter().map(|(job_id, entry)| (job_id.clone(), entry.token.clone())).collect();
            if held.is_empty() {
                reported = None;
                continue;
            }
            match scripts.extend_locks(&held, duration).await {
                Ok(lost) => {
                    reported = None;
                    for (job_id, token) in
                        held.iter().filter(|(job_id, _)| lost.iter().any(|lost| *job_id == lost.as_str()))
                    {
                        self.lose(&queue, job_id, token);
                    }
                }
                Err(error) => {
                    outage.report(&mut reported, &error, || {
                        tracing::warn!(queue = queue.as_str(), %error, "renewing the locks of running jobs failed, retrying");
                    });
                    pause = pause.min(AGAIN);
                }
            }
        }
    }

    fn lose(&self, queue: &QueueName, job_id: &JobId, token: &LockToken) {
        // A missing entry means that the job was settled during the renewal. The job may also have been claimed again.
        if let Some(Entry { lost: Some(lost), .. }) = self.take(job_id, token) {
            tracing::warn!(
                queue = queue.as_str(),
                job_id = job_id.as_str(),
                "the lock of the job was lost, ending the attempt"
            );
            lost.cancel();
        }
    }

    /// Removes and returns the entry of exactly this claim.
    fn take(&self, job_id: &JobId, token: &LockToken) -> Option<Entry> {
        let mut entries = self.entries();
        entries.get(job_id).filter(|entry| entry.token == *token)?;
        entries.remove(job_id)
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<JobId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HeldLock {
    /// From now on the job's end is being written. The lock is still renewed, but its disappearance no longer counts as
    /// lost.
    pub fn begin_settling(&self) {
        let mut entries = self.locks.entries();
        if let Some(entry) = entries.get_mut(&self.job.id).filter(|entry| entry.token == self.job.token) {
            entry.lost = None;
        }
    }
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        self.locks.take(&self.job.id, &self.job.token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(token: &str) -> Arc<Claimed> {
        Arc::new(Claimed { token: token.into(), ..Claimed::sample() })
    }

    #[test]
    fn a_second_claim_of_a_job_ends_the_first_and_outlives_it() {
        let (locks, lost) = (Locks::default(), [CancellationToken::new(), CancellationToken::new()]);
        let first = locks.keep(&claim("t:1"), lost[0].clone());
        let _second = locks.keep(&claim("t:2"), lost[1].clone());
        assert!(lost[0].is_cancelled());

        // The answer to a renewal that started before the second claim.
        locks.lose(&QueueName::new("q").unwrap(), &"1".into(), &"t:1".into());
        drop(first);

        assert!(!lost[1].is_cancelled());
        locks.lose(&QueueName::new("q").unwrap(), &"1".into(), &"t:2".into());
        assert!(lost[1].is_cancelled());
    }
}
