//! A statement that the server works on while the plugin does something else.

use std::marker::PhantomData;

use super::host::Call;
use super::{Connection, PostgresError, Rows};

/// A statement that was sent. Dropping it before it has ended cancels the statement on the server.
///
/// Statements of one connection run in their order, so that several can be sent without waiting for each answer. For
/// statements at the same time, borrow several connections.
pub struct Pending<'c> {
    call: Call,
    connection: PhantomData<&'c Connection>,
}

impl Pending<'_> {
    pub(super) fn new(call: Call) -> Self {
        Self { call, connection: PhantomData }
    }

    /// Whether the answer is there, so that [`wait`](Self::wait) returns at once.
    pub fn is_ended(&self) -> bool {
        self.call.is_ended()
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// If the statement failed.
    pub fn wait(self) -> Result<Rows, PostgresError> {
        let answers = self.call.wait()?;
        Ok(answers.into_iter().next().map(Rows::new).unwrap_or_default())
    }
}
