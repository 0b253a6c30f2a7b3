//! Transactions and savepoints.

use std::ops::Deref;

use super::{Connection, PostgresError, Rows};

/// Which changes of other transactions a transaction sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Each statement sees what was committed before it began. The server's default.
    ReadCommitted,
    /// All statements see what was committed before the first one began.
    RepeatableRead,
    /// As if transactions ran one after the other. Repeat the transaction on
    /// [`is_conflict`](PostgresError::is_conflict).
    Serializable,
}

/// Options of a transaction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TransactionOptions {
    isolation: Option<Isolation>,
    read_only: bool,
}

impl TransactionOptions {
    /// The server's default options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the isolation level.
    #[must_use]
    pub fn isolation(self, isolation: Isolation) -> Self {
        Self { isolation: Some(isolation), ..self }
    }

    /// Refuses changes.
    #[must_use]
    pub fn read_only(self) -> Self {
        Self { read_only: true, ..self }
    }

    fn statement(self) -> String {
        let isolation = match self.isolation {
            None => "",
            Some(Isolation::ReadCommitted) => " isolation level read committed",
            Some(Isolation::RepeatableRead) => " isolation level repeatable read",
            Some(Isolation::Serializable) => " isolation level serializable",
        };
        let access = if self.read_only { " read only" } else { "" };
        format!("begin{isolation}{access}")
    }
}

/// A transaction, or a savepoint in one. It has all methods of [`Connection`] that do not begin a transaction. Dropping
/// it rolls it back.
pub struct Transaction<'c> {
    connection: &'c Connection,
    /// The number of enclosing savepoints. 0: this is the transaction itself.
    depth: u32,
    ended: bool,
}

impl<'c> Transaction<'c> {
    pub(super) fn begin(connection: &'c Connection, options: TransactionOptions) -> Result<Self, PostgresError> {
        connection.execute(&options.statement(), &[])?;
        Ok(Self { connection, depth: 0, ended: false })
    }

    /// Makes the changes permanent. Those of a savepoint become permanent with its transaction.
    ///
    /// # Errors
    /// If the server did not commit. A savepoint in which a statement failed is undone. After
    /// [`PostgresError::Unavailable`] it is unknown whether the server did: [`Connection::once`] finds out in the next
    /// attempt.
    pub fn commit(mut self) -> Result<(), PostgresError> {
        self.ended = true;
        if self.depth > 0 {
            let released = self.connection.execute(&format!("release savepoint {}", name(self.depth)), &[]);
            if released.is_err() {
                // After a failed statement the server releases nothing. The transaction goes on without the changes.
                let _undone = self.undo();
            }
            return released.map(drop);
        }
        committed(&self.connection.query("commit", &[])?)
    }

    /// Undoes the changes.
    ///
    /// # Errors
    /// If the server did not answer. The host rolls back when the connection is dropped.
    pub fn rollback(mut self) -> Result<(), PostgresError> {
        self.undo()
    }

    /// Sets a savepoint. What follows can be undone without undoing the whole transaction, also after a failed
    /// statement.
    ///
    /// # Errors
    /// If the server did not set it.
    pub fn begin_savepoint(&mut self) -> Result<Transaction<'_>, PostgresError> {
        let depth = self.depth + 1;
        self.connection.execute(&format!("savepoint {}", name(depth)), &[])?;
        Ok(Transaction { connection: self.connection, depth, ended: false })
    }

    /// Runs a function after a savepoint. If it returns an error, or if one of its statements failed, its changes are
    /// undone, and the transaction can go on.
    ///
    /// # Errors
    /// The function's error, or why the savepoint failed.
    pub fn savepoint<T, E: From<PostgresError>>(
        &mut self,
        run: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self::run(self.begin_savepoint()?, run)
    }

    fn undo(&mut self) -> Result<(), PostgresError> {
        self.ended = true;
        if self.depth == 0 {
            return self.connection.execute("rollback", &[]).map(drop);
        }
        let name = name(self.depth);
        self.connection.execute(&format!("rollback to savepoint {name}"), &[])?;
        self.connection.execute(&format!("release savepoint {name}"), &[]).map(drop)
    }
}

/// Runs a function in a transaction that has begun, and ends it.
pub(super) fn run<T, E: From<PostgresError>>(
    mut transaction: Transaction<'_>,
    run: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
) -> Result<T, E> {
    match run(&mut transaction) {
        Ok(value) => {
            transaction.commit()?;
            Ok(value)
        }
        Err(error) => {
            // The function's error says more than a rollback that failed because of it.
            let _rolled_back = transaction.rollback();
            Err(error)
        }
    }
}

/// Checks the answer to `commit`. In a failed transaction the server rolls back instead, which is no error for it.
fn committed(answer: &Rows) -> Result<(), PostgresError> {
    match answer.command() {
        "COMMIT" => Ok(()),
        _ => Err(PostgresError::Invalid(
            "the transaction was rolled back, because one of its statements had failed".to_owned(),
        )),
    }
}

fn name(depth: u32) -> String {
    format!("toril_{depth}")
}

impl Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.ended {
            // If the server does not answer, the host closes the connection, which rolls back, too.
            let _rolled_back = self.undo();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_a_part_of_the_statement_that_begins() {
        assert_eq!(TransactionOptions::new().statement(), "begin");
        let options = TransactionOptions::new().isolation(Isolation::RepeatableRead).read_only();
        assert_eq!(options.statement(), "begin isolation level repeatable read read only");
    }
}
