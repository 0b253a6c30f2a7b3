//! The settings of a pool, and how its owner observes it.

use std::path::PathBuf;
use std::time::Duration;

use crate::target::Target;

/// The settings of a pool.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the server is, and as whom to connect.
    pub target: Target,
    /// A PEM file of certificate authorities. It takes precedence over `sslrootcert` of the target. Without a file, TLS trusts the
    /// authorities that browsers trust.
    pub ca: Option<PathBuf>,
    /// The most connections that are open at a time, at least 1.
    pub connections: usize,
    /// The limit for waiting for a free connection. It also limits the time until a host has accepted a new one, unless the target
    /// has a `connect_timeout`.
    pub connect_timeout: Duration,
    /// The limit for a statement, and for each portion of a cursor.
    pub statement_timeout: Duration,
    /// The most rows that a call may return.
    pub max_rows: u64,
    /// The most bytes that a call may return: of its rows, and of the names of their columns.
    pub max_bytes: u64,
    /// Whether the host runs each statement in a transaction that cannot write.
    pub read_only: bool,
    /// The default for `application_name`, and the name of the pool in the host's log.
    pub name: String,
}

/// The connections of a pool at one moment.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Status {
    /// Open connections, borrowed or idle.
    pub open: usize,
    /// Open connections that nobody has borrowed.
    pub idle: usize,
    /// Borrowers that wait for a connection.
    pub waiting: usize,
    /// The most connections that are open at a time.
    pub max: usize,
}

/// How a statement ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash)]
pub enum StatementResult {
    /// The server answered with rows or success.
    Done,
    /// The server answered with an error.
    Database,
    /// It ran too long, and was cancelled.
    Timeout,
    /// The caller dropped the call or its connection, and the host cancelled the statement.
    Cancelled,
    /// The answer had too many rows or bytes.
    TooLarge,
    /// The connection was lost.
    Unavailable,
    /// The call was refused.
    Invalid,
}

/// Observes a pool. Its methods are called often, and must return at once.
pub trait Observer: Send + Sync {
    /// A borrower has waited this long until it had a connection, or gave up.
    fn waited(&self, time: Duration);
    /// A statement, a batch or a portion of a cursor has ended. `time` is from the start of sending until the whole answer was read.
    fn statement(&self, time: Duration, result: StatementResult);
    /// The numbers of connections have changed.
    fn connections(&self, open: usize, idle: usize);
}

/// Observes nothing.
impl Observer for () {
    fn waited(&self, _: Duration) {}
    fn statement(&self, _: Duration, _: StatementResult) {}
    fn connections(&self, _: usize, _: usize) {}
}
