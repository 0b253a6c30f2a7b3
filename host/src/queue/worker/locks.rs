//! Keeps the locks of all jobs that a worker runs, and notices when one is gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::queue::claimed::Claimed;
use crate::queue::outage::Outage;
use crate::queue::scripts::Scripts;

/// The longest pause after a renewal that failed.
const AGAIN: Duration = Duration::from_secs(1);

/// The locks that are held, by their tokens.
#[derive(Clone, Default)]
pub struct Locks(Arc<Mutex<HashMap<String, Entry>>>);

struct Entry {
    job_id: String,
    /// None: its end is being written, and then the lock is gone as it should be.
    lost: Option<CancellationToken>,
}

/// A lock for as long as it is kept.
pub struct Kept {
    locks: Locks,
    token: String,
}

impl Locks {
    /// Keeps the lock of a job until what is returned is dropped. When Redis says that the lock is another's or gone,
    /// `lost` is cancelled: another worker may have the job already. A Redis that does not answer is no such word, since
    /// nobody else can claim the job from it either.
    pub fn keep(&self, job: &Claimed, lost: CancellationToken) -> Kept {
        self.entries().insert(job.token.clone(), Entry { job_id: job.id.clone(), lost: Some(lost) });
        Kept { locks: self.clone(), token: job.token.clone() }
    }

    /// Renews the locks twice in their duration, until it is dropped.
    pub async fn renew(self, queue: String, scripts: Scripts, outage: Outage, duration: Duration) {
        let mut said = None;
        let mut pause = duration / 2;
        loop {
            tokio::time::sleep(pause).await;
            pause = duration / 2;
            let held: Vec<_> =
                self.entries().iter().map(|(token, entry)| (entry.job_id.clone(), token.clone())).collect();
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
        // What is not there any more was settled while its lock was asked for.
        if let Some(Entry { lost: Some(lost), .. }) = self.entries().remove(token) {
            tracing::warn!(queue, job_id, "the job's lock is lost, the attempt ends");
            lost.cancel();
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// From now on the job's end is being written: the lock is kept, and is no loss when it is gone.
    pub fn ends(&self) {
        if let Some(entry) = self.locks.entries().get_mut(&self.token) {
            entry.lost = None;
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.locks.entries().remove(&self.token);
    }
}
