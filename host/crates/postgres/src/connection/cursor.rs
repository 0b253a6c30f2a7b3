//! Cursors of a connection, as callers see them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

use super::Queue;
use super::account::Slot;
use super::call::{Call, Work};
use crate::answer::Query;
use crate::error::Error;

/// The rows of one statement in portions. The statement starts with the first portion.
///
/// In a transaction, other calls can be made between two portions. Outside of one they are [`Error::Invalid`](crate::Error)
/// until the cursor is dropped or has no more rows.
#[derive(Debug)]
pub struct Cursor {
    queue: Queue,
    /// An error: it was not admitted.
    state: Result<Arc<CursorState>, Error>,
}

#[derive(Debug)]
pub(super) struct CursorState {
    pub id: u64,
    pub query: Query,
    dropped: AtomicBool,
    /// The share of the memory that the query takes.
    _slot: Slot,
}

/// What the cursors of a connection and its task share.
#[derive(Debug, Default)]
pub(super) struct Cursors {
    next: AtomicU64,
    dropped: Notify,
}

impl Cursors {
    /// Waits until a cursor was dropped since the last time.
    pub(super) async fn changed(&self) {
        self.dropped.notified().await;
    }
}

impl CursorState {
    /// Whether nobody reads the cursor any more.
    pub(super) fn is_dropped(&self) -> bool {
        self.dropped.load(Ordering::Acquire)
    }
}

impl Cursor {
    pub(super) fn new(queue: Queue, query: Query) -> Self {
        let id = queue.state.cursors.next.fetch_add(1, Ordering::Relaxed);
        let admitted = queue.account.admit(query.size());
        let state =
            admitted.map(|slot| Arc::new(CursorState { id, query, dropped: AtomicBool::new(false), _slot: slot }));
        Self { queue, state }
    }

    /// Reads at most that many further rows, at least 1. It returns one answer, which has a `command` if there are no more rows.
    /// A portion never has more rows than `max_rows`.
    pub fn read(&self, rows: u32) -> Call {
        match &self.state {
            // The cursor has the share for the query.
            Ok(cursor) => self.queue.send(Work::Read { cursor: cursor.clone(), rows }, 0),
            Err(refused) => Call::refused(refused.clone()),
        }
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        if let Ok(cursor) = &self.state {
            cursor.dropped.store(true, Ordering::Release);
            self.queue.state.cursors.dropped.notify_one();
        }
    }
}
