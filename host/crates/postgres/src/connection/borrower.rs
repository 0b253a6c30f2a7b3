//! What all connections of one borrower share.

use std::sync::Arc;
use std::time::Instant;

use tokio_util::task::TaskTracker;

use super::account::Account;

/// Who borrows connections, such as one attempt of a job. The limits of memory apply to all its connections together, and to
/// answers of connections that it has given back.
#[derive(Clone, Debug)]
pub struct Borrower {
    pub(super) deadline: Instant,
    pub(super) account: Arc<Account>,
    pub(super) tasks: TaskTracker,
}

impl Borrower {
    /// A borrower whose calls end at `deadline`. `tasks` gets a task for each connection. It ends after the connection was
    /// dropped, when its statement is cancelled and its session is reset and free, or closed.
    pub fn new(deadline: Instant, tasks: TaskTracker) -> Self {
        Self { deadline, account: Arc::default(), tasks }
    }
}
