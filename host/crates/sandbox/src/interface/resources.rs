//! What the handles of the interface refer to in the host. The guest owns the handles, and a grant fills them.

use std::sync::Arc;

use toril_job::trace::Trace;
use toril_postgres::{Call, Connection, Cursor, Error};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::Pollable;

/// A connection that the guest borrows.
pub struct BorrowedConnection {
    /// `None`: the attempt that borrowed it has ended.
    pub connection: Option<Connection>,
    /// The name of its pool.
    pub pool: Arc<str>,
}

/// The rows of a statement.
pub struct OpenCursor {
    /// `None`: the attempt that opened it has ended.
    pub cursor: Option<Cursor>,
    /// The name of its connection's pool.
    pub pool: Arc<str>,
}

/// A call on a connection.
pub struct PendingCall {
    /// The state of the call.
    pub call: CallState,
    /// The name of its connection's pool.
    pub pool: Arc<str>,
    /// The call's span.
    pub span: Trace,
}

/// The state of a call.
pub enum CallState {
    /// The connection makes the call.
    Made(Call),
    /// The call failed at once.
    Failed(Error),
    /// The guest has taken the result.
    Taken,
}

#[async_trait]
impl Pollable for PendingCall {
    async fn ready(&mut self) {
        if let CallState::Made(call) = &self.call {
            call.ended().await;
        }
    }
}
