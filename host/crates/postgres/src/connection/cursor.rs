//! Cursors of a connection, as callers see them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::Queue;
use super::call::{Call, Work};
use crate::answer::Query;

/// The rows of one statement in portions. The statement starts with the first portion.
///
/// In a transaction, other calls can be made between two portions. Outside of one they are [`Error::Invalid`](crate::Error)
/// until the cursor is dropped or has no more rows.
#[derive(Debug)]
pub struct Cursor {
    queue: Queue,
    state: Arc<CursorState>,
}

#[derive(Debug)]
pub(super) struct CursorState {
    pub id: u64,
    pub query: Query,
}

/// The cursors that were dropped, and that the task has not closed yet.
#[derive(Debug, Default)]
pub(super) struct Dropped {
    next: AtomicU64,
    ids: Mutex<Vec<u64>>,
    changed: Notify,
}

impl Dropped {
    pub(super) fn take(&self) -> Vec<u64> {
        std::mem::take(&mut self.ids.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }
}

impl Cursor {
    pub(super) fn new(queue: Queue, query: Query) -> Self {
        let id = queue.state.dropped_cursors.next.fetch_add(1, Ordering::Relaxed);
        Self { queue, state: Arc::new(CursorState { id, query }) }
    }

    /// Reads at most that many further rows, at least 1. It returns one answer, which has a `command` if there are no more rows.
    /// A portion never has more rows than `max_rows`.
    pub fn read(&self, rows: u32) -> Call {
        self.queue.send(Work::Read { cursor: self.state.clone(), rows }, self.state.query.size())
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        let dropped = &self.queue.state.dropped_cursors;
        dropped.ids.lock().unwrap_or_else(PoisonError::into_inner).push(self.state.id);
        dropped.changed.notify_one();
    }
}
