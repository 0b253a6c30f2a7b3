//! The slots of a worker: one for each job that it may run at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Counts the taken slots.
#[derive(Clone, Default)]
pub struct Slots(Arc<Inner>);

#[derive(Default)]
struct Inner {
    busy: AtomicUsize,
    freed: Notify,
    /// Whether a slot became free without a call that claims the next job.
    unclaimed: AtomicBool,
}

/// A taken slot. It is freed on drop, also when its job panics.
pub struct Slot {
    slots: Slots,
    claimed: bool,
}

impl Slots {
    /// Takes a slot. This always succeeds: the caller checks the limit.
    pub fn take(&self) -> Slot {
        self.0.busy.fetch_add(1, Ordering::AcqRel);
        Slot { slots: self.clone(), claimed: false }
    }

    /// Whether a slot became free since the last call and no worker has tried to fill it. In a queue with global
    /// concurrency no marker tells a worker about the jobs that may start now.
    pub fn take_unclaimed(&self) -> bool {
        self.0.unclaimed.swap(false, Ordering::AcqRel)
    }

    /// The number of taken slots.
    pub fn busy(&self) -> usize {
        self.0.busy.load(Ordering::Acquire)
    }

    /// Returns when a slot was freed since the last call.
    pub async fn freed(&self) {
        self.0.freed.notified().await;
    }
}

impl Slot {
    /// Frees the slot after a call that ended its job and claimed the next ones.
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
