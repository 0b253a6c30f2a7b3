//! The places of a worker: one for each job that it may run at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Counts the places that are taken.
#[derive(Clone, Default)]
pub struct Slots(Arc<Inner>);

#[derive(Default)]
struct Inner {
    busy: AtomicUsize,
    freed: Notify,
}

/// A place, taken until it is dropped: also when its job panics.
pub struct Slot(Slots);

impl Slots {
    /// Takes a place. There is always one; whoever takes it knows how many there should be.
    pub fn take(&self) -> Slot {
        self.0.busy.fetch_add(1, Ordering::AcqRel);
        Slot(self.clone())
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

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.0.busy.fetch_sub(1, Ordering::AcqRel);
        self.0.0.freed.notify_one();
    }
}
