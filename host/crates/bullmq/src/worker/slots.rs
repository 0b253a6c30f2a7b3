//! The places of a worker: one for each job that it may run at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Counts the places that are taken.
#[derive(Clone, Default)]
pub struct Slots(Arc<Inner>);

#[derive(Default)]
struct Inner {
    busy: AtomicUsize,
    freed: Notify,
    /// Whether a job has left its place without a call that claims the next one.
    unclaimed: AtomicBool,
}

/// A place, taken until it is dropped: also when its job panics.
pub struct Slot {
    slots: Slots,
    claimed: bool,
}

impl Slots {
    /// Takes a place. There is always one; whoever takes it knows how many there should be.
    pub fn take(&self) -> Slot {
        self.0.busy.fetch_add(1, Ordering::AcqRel);
        Slot { slots: self.clone(), claimed: false }
    }

    /// Whether a job has left since the last time whose place nobody has tried to fill. In a queue with a concurrency of
    /// its own no worker learns of the jobs that may start now.
    pub fn take_unclaimed(&self) -> bool {
        self.0.unclaimed.swap(false, Ordering::AcqRel)
    }

    /// How many are taken.
    pub fn busy(&self) -> usize {
        self.0.busy.load(Ordering::Acquire)
    }

    /// Returns when one was given back since the last time.
    pub async fn freed(&self) {
        self.0.freed.notified().await;
    }
}

impl Slot {
    /// Gives the place back after a call that ended its job and claimed the next ones.
    pub fn leave_claimed(mut self) {
        self.claimed = true;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let inner = &self.slots.0;
        if !self.claimed {
            inner.unclaimed.store(true, Ordering::Release);
        }
        inner.busy.fetch_sub(1, Ordering::AcqRel);
        inner.freed.notify_one();
    }
}
