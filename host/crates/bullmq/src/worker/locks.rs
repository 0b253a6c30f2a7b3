//! Keeps the locks of all jobs that a worker runs, and notices when one is gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::claimed::Claimed;
use crate::outage::Outage;
use crate::scripts::Scripts;

/// The longest pause after a renewal that failed.
const AGAIN: Duration = Duration::from_secs(1);

/// The locks that are held, by the ids of their jobs.
#[derive(Clone, Default)]
pub struct Locks(Arc<Mutex<HashMap<String, Entry>>>);

struct Entry {
    /// What the lock holds, which is another text for each claim of a job.
    token: String,
    /// None: its end is being written, and then the lock is gone as it should be.
    lost: Option<CancellationToken>,
}

/// A lock for as long as it is kept.
pub struct Kept {
    locks: Locks,
    job: Arc<Claimed>,
}

impl Locks {
    /// Keeps the lock of a job until what is returned is dropped. When Redis says that the lock is another's or gone,
    /// `lost` is cancelled: another worker may have the job already. A Redis that does not answer is no such word, since
    /// nobody else can claim the job from it either. An earlier claim of the same job has lost its lock to this one.
    pub fn keep(&self, job: &Arc<Claimed>, lost: CancellationToken) -> Kept {
        let entry = Entry { token: job.token.clone(), lost: Some(lost) };
        if let Some(Entry { lost: Some(lost), .. }) = self.entries().insert(job.id.clone(), entry) {
            lost.cancel();
        }
        Kept { locks: self.clone(), job: job.clone() }
    }

    /// Renews the locks twice in their duration, until it is dropped.
    pub async fn renew(self, queue: String, scripts: Scripts, outage: Outage, duration: Duration) {
        let mut said = None;
        let mut pause = duration / 2;
        loop {
            tokio::time::sleep(pause).await;
            pause = duration / 2;
            let held: Vec<_> =
                self.entries().iter().map(|(job_id, entry)| (job_id.clone(), entry.token.clone())).collect();
            if held.is_empty() {
                said = None;
                continue;
            }
            match scripts.extend_locks(&held, duration).await {
                Ok(lost) => {
                    said = None;
                    for (job_id, token) in held.iter().filter(|(job_id, _)| lost.contains(job_id)) {
                        self.lose(&queue, job_id, token);
                    }
                }
                Err(error) => {
                    outage.tell(&mut said, &error, || {
                        tracing::warn!(queue, %error, "locks could not be renewed, trying again");
                    });
                    pause = pause.min(AGAIN);
                }
            }
        }
    }

    fn lose(&self, queue: &str, job_id: &str, token: &str) {
        // What is not there any more was settled while its lock was asked for. The job may also have been claimed again.
        if let Some(Entry { lost: Some(lost), .. }) = self.take(job_id, token) {
            tracing::warn!(queue, job_id, "the job's lock is lost, the attempt ends");
            lost.cancel();
        }
    }

    /// Takes the entry of this very claim.
    fn take(&self, job_id: &str, token: &str) -> Option<Entry> {
        let mut entries = self.entries();
        entries.get(job_id).filter(|entry| entry.token == token)?;
        entries.remove(job_id)
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// From now on the job's end is being written: the lock is kept, and is no loss when it is gone.
    pub fn ends(&self) {
        let mut entries = self.locks.entries();
        if let Some(entry) = entries.get_mut(&self.job.id).filter(|entry| entry.token == self.job.token) {
            entry.lost = None;
        }
    }
}

impl Drop for Kept {
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

        // The answer to a renewal that was asked for before the second claim.
        locks.lose("q", "1", "t:1");
        drop(first);

        assert!(!lost[1].is_cancelled());
        locks.lose("q", "1", "t:2");
        assert!(lost[1].is_cancelled());
    }
}
