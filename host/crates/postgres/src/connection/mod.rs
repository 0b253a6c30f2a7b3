//! A borrowed connection: its calls run one after the other in a task of its own.

mod account;
mod borrower;
mod call;
mod cursor;
#[cfg(test)]
mod tests;
mod worker;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::answer::{Query, TransactionStatus};
use crate::error::Error;
use crate::pool::Pool;
use account::Account;
pub use borrower::Borrower;
pub use call::Call;
use call::Request;
pub use cursor::Cursor;
use cursor::Cursors;
use worker::Worker;

/// A connection that is borrowed from a pool with its first call, and given back when it is dropped.
///
/// When it is dropped, its calls end, the host cancels the statement that runs, rolls an open transaction back, resets the
/// session, and gives it back. A session that cannot be reset within 5 seconds is closed.
#[derive(Debug)]
pub struct Connection {
    queue: Queue,
    released: CancellationToken,
}

/// How a connection and its cursors reach the task that runs the calls.
#[derive(Clone, Debug)]
struct Queue {
    /// Unbounded, because the account bounds the calls.
    requests: mpsc::UnboundedSender<Request>,
    account: Arc<Account>,
    state: Arc<State>,
}

/// What the task and the connection share.
#[derive(Debug, Default)]
struct State {
    /// The connection was dropped.
    closed: CancellationToken,
    status: Mutex<TransactionStatus>,
    settings: Mutex<Vec<(String, String)>>,
    cursors: Cursors,
}

impl Connection {
    /// A connection of that pool. It must be called in a tokio runtime.
    pub fn new(pool: &Pool, borrower: &Borrower) -> Self {
        let (sender, requests) = mpsc::unbounded_channel();
        let state = Arc::new(State::default());
        let Borrower { deadline, account, tasks } = borrower.clone();
        let released = CancellationToken::new();
        let worker = Worker::new(pool.clone(), deadline.into(), state.clone(), account.clone());
        let done = released.clone().drop_guard();
        tasks.spawn(async move {
            worker.run(requests).await;
            drop(done);
        });
        Self { queue: Queue { requests: sender, account, state }, released }
    }

    /// Ends when the connection is there.
    pub fn ready(&self) -> Call {
        self.queue.send(call::Work::Ready, 0)
    }

    /// Runs one statement with parameters. The host prepares it, and keeps it prepared for later borrowers. It returns one answer.
    pub fn query(&self, query: Query) -> Call {
        let size = query.size();
        self.queue.send(call::Work::Query(query), size)
    }

    /// Runs statements that are separated by semicolons. It returns an answer for each, with values as text. With `read_only`,
    /// only one statement is allowed.
    pub fn batch(&self, statements: String) -> Call {
        let size = statements.len();
        self.queue.send(call::Work::Batch(statements), size)
    }

    /// Makes a cursor for the rows of a statement. The statement starts with the first portion.
    pub fn open_cursor(&self, query: Query) -> Cursor {
        Cursor::new(self.queue.clone(), query)
    }

    /// Whether a transaction is open, as the last answer of the server said.
    pub fn transaction_status(&self) -> TransactionStatus {
        *self.queue.state.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Settings that the server reports, such as `server_version`. Empty before the connection is there.
    pub fn server_settings(&self) -> Vec<(String, String)> {
        self.queue.state.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives the connection back. The returned handle tells when the session is reset and free, or closed.
    pub fn release(self) -> Released {
        Released(self.released.clone())
    }

    /// Tells when the session is reset and free, or closed, after the connection was dropped.
    pub fn released(&self) -> Released {
        Released(self.released.clone())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.queue.state.closed.cancel();
    }
}

/// Tells when the session of a dropped connection is free again.
#[derive(Clone, Debug)]
pub struct Released(CancellationToken);

impl Released {
    /// Waits until the session is reset and free, or closed. If the server does not react, that takes about 20 seconds at most:
    /// 5 to cancel a statement, 10 to reset the session, and 5 to end its process on the server.
    pub async fn wait(&self) {
        self.0.cancelled().await;
    }
}

impl Queue {
    fn send(&self, work: call::Work, size: usize) -> Call {
        let slot = match self.account.admit(size) {
            Ok(slot) => slot,
            Err(refused) => return Call::refused(refused),
        };
        let (call, request) = call::new(work, slot, &self.state.closed);
        if let Err(unsent) = self.requests.send(request) {
            // The task has ended, because the connection was dropped.
            drop(unsent);
        }
        call
    }
}

/// The error of a call on a connection that was dropped.
fn given_back() -> Error {
    Error::Invalid("the connection was given back".to_owned())
}
