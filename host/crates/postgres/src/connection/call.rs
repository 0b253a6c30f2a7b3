//! A call: what is asked for, and the place where its result is put.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::account::Slot;
use super::cursor::CursorState;
use super::given_back;
use crate::answer::{Answer, Query};
use crate::error::Error;

/// A call that the connection runs when those before it have ended.
///
/// Dropping it before it has ended cancels its statement on the server.
#[derive(Debug)]
pub struct Call(Arc<CallState>);

/// What is asked for.
pub(super) enum Work {
    Ready,
    Query(Query),
    Batch(String),
    Read { cursor: Arc<CursorState>, rows: u32 },
}

/// A call in the queue. Dropping it ends the call.
pub(super) struct Request {
    pub work: Work,
    state: Arc<CallState>,
}

#[derive(Debug)]
struct CallState {
    result: Mutex<Outcome>,
    ended: CancellationToken,
    dropped: CancellationToken,
}

/// The result, and the share of the connection's memory that it takes.
#[derive(Debug)]
struct Outcome {
    outcome: Option<Result<Vec<Answer>, Error>>,
    slot: Option<Slot>,
}

/// A call, and the request that the connection's task receives.
pub(super) fn new(work: Work, slot: Slot, closed: &CancellationToken) -> (Call, Request) {
    let state = Arc::new(CallState {
        result: Mutex::new(Outcome { outcome: None, slot: Some(slot) }),
        ended: CancellationToken::new(),
        dropped: closed.child_token(),
    });
    (Call(state.clone()), Request { work, state })
}

impl Call {
    /// A call that was not admitted.
    pub(super) fn refused(error: Error) -> Self {
        let ended = CancellationToken::new();
        ended.cancel();
        let result = Mutex::new(Outcome { outcome: Some(Err(error)), slot: None });
        Self(Arc::new(CallState { result, ended, dropped: CancellationToken::new() }))
    }

    /// Whether the call has ended.
    pub fn is_ended(&self) -> bool {
        self.0.ended.is_cancelled()
    }

    /// Waits until the call has ended. Can be cancelled, and called many times.
    pub async fn ended(&self) {
        self.0.ended.cancelled().await;
    }

    /// Takes the result, once. None: the call has not ended, or the result was taken.
    pub fn take(&self) -> Option<Result<Vec<Answer>, Error>> {
        let mut result = self.0.result.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = result.outcome.take()?;
        result.slot = None;
        Some(outcome)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.is_ended() {
            self.0.dropped.cancel();
        }
    }
}

impl Request {
    /// Is cancelled when nobody waits for the call any more.
    pub(super) fn dropped(&self) -> CancellationToken {
        self.state.dropped.clone()
    }

    /// Ends the call.
    pub(super) fn end(self, outcome: Result<Vec<Answer>, Error>) {
        self.state.end(outcome);
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if !self.state.ended.is_cancelled() {
            self.state.end(Err(given_back()));
        }
    }
}

impl CallState {
    fn end(&self, outcome: Result<Vec<Answer>, Error>) {
        let size = outcome.as_ref().map_or(0, |answers| answers.iter().map(size).sum());
        let mut result = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = &mut result.slot {
            slot.ended(size);
        }
        result.outcome = Some(outcome);
        drop(result);
        self.ended.cancel();
    }
}

/// The memory that an answer takes, in bytes.
fn size(answer: &Answer) -> u64 {
    let names: usize = answer.columns.iter().map(|column| column.name.len() + size_of_val(column)).sum();
    (answer.rows.capacity() + names + size_of_val(answer)) as u64
}
