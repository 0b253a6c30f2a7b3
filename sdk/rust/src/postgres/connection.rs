//! A borrowed connection.

use serde::de::DeserializeOwned;

use super::host::Session;
use super::transaction::{self, Transaction, TransactionOptions};
use super::{Cursor, Parameter, Pending, PostgresError, Rows, ToParameter};

/// A connection that this attempt borrows. Dropping it gives it back: the host rolls back an open transaction, and
/// resets the session for the next borrower.
pub struct Connection {
    pub(super) session: Session,
}

impl Connection {
    pub(super) fn new(session: Session) -> Self {
        Self { session }
    }

    /// Waits until the connection is there. Other calls do this by themselves.
    ///
    /// # Errors
    /// [`PostgresError::Unavailable`] if no connection is free in time, or the server cannot be reached.
    pub fn ready(&self) -> Result<(), PostgresError> {
        self.session.ready().wait().map(drop)
    }

    /// Runs a statement, and returns the number of rows that it inserted, updated, deleted or returned.
    ///
    /// # Errors
    /// If the statement failed.
    pub fn execute(&self, statement: &str, parameters: &[&dyn ToParameter]) -> Result<u64, PostgresError> {
        Ok(self.query(statement, parameters)?.affected())
    }

    /// Runs a statement, and returns its rows.
    ///
    /// # Errors
    /// If the statement failed.
    pub fn query(&self, statement: &str, parameters: &[&dyn ToParameter]) -> Result<Rows, PostgresError> {
        self.start(statement, parameters)?.wait()
    }

    /// Runs a statement, and reads each of its rows as a `T`.
    ///
    /// # Errors
    /// If the statement failed, and [`PostgresError::Unexpected`] if a row is not a `T`.
    pub fn query_as<T: DeserializeOwned>(
        &self,
        statement: &str,
        parameters: &[&dyn ToParameter],
    ) -> Result<Vec<T>, PostgresError> {
        self.query(statement, parameters)?.parse()
    }

    /// Runs a statement that returns exactly one row.
    ///
    /// # Errors
    /// If the statement failed, [`PostgresError::NotOne`] if it returned another number of rows, and
    /// [`PostgresError::Unexpected`] if the row is not a `T`.
    pub fn query_one<T: DeserializeOwned>(
        &self,
        statement: &str,
        parameters: &[&dyn ToParameter],
    ) -> Result<T, PostgresError> {
        self.query_optional(statement, parameters)?.ok_or(PostgresError::NotOne(0))
    }

    /// Runs a statement that returns at most one row.
    ///
    /// # Errors
    /// If the statement failed, [`PostgresError::NotOne`] if it returned several rows, and
    /// [`PostgresError::Unexpected`] if the row is not a `T`.
    pub fn query_optional<T: DeserializeOwned>(
        &self,
        statement: &str,
        parameters: &[&dyn ToParameter],
    ) -> Result<Option<T>, PostgresError> {
        let rows = self.query(statement, parameters)?;
        match rows.len() {
            0 => Ok(None),
            1 => rows.iter().next().map(|row| row?.parse()).transpose(),
            several => Err(PostgresError::NotOne(several as u64)),
        }
    }

    /// Sends a statement without waiting for its answer.
    ///
    /// # Errors
    /// [`PostgresError::Invalid`] if a parameter cannot be sent.
    pub fn start(&self, statement: &str, parameters: &[&dyn ToParameter]) -> Result<Pending<'_>, PostgresError> {
        Ok(Pending::new(self.session.query(statement, encode(parameters)?)))
    }

    /// Runs statements that are separated by semicolons, without parameters. Outside of a transaction, they are one
    /// transaction.
    ///
    /// # Errors
    /// If one of the statements failed. The later ones are not run.
    pub fn batch(&self, statements: &str) -> Result<Vec<Rows>, PostgresError> {
        Ok(self.session.batch(statements).wait()?.into_iter().map(Rows::new).collect())
    }

    /// Starts a statement whose rows are read in portions, for results that are larger than the pool's `max_rows` or
    /// `max_bytes`, or than the plugin's memory. Outside of a transaction, the connection makes no other call until the
    /// cursor is dropped or has no more rows.
    ///
    /// # Errors
    /// [`PostgresError::Invalid`] if a parameter cannot be sent. The statement itself fails with the first portion.
    pub fn cursor(&self, statement: &str, parameters: &[&dyn ToParameter]) -> Result<Cursor<'_>, PostgresError> {
        Ok(Cursor::new(self.session.open_cursor(statement, encode(parameters)?)))
    }

    /// Begins a transaction. Dropping it rolls it back.
    ///
    /// # Errors
    /// If the server did not begin it.
    pub fn begin(&mut self) -> Result<Transaction<'_>, PostgresError> {
        self.begin_with(TransactionOptions::default())
    }

    /// Begins a transaction with options.
    ///
    /// # Errors
    /// If the server did not begin it.
    pub fn begin_with(&mut self, options: TransactionOptions) -> Result<Transaction<'_>, PostgresError> {
        Transaction::begin(self, options)
    }

    /// Runs a function in a transaction. Commits if it returns `Ok`, else rolls back.
    ///
    /// # Errors
    /// The function's error, or why the transaction did not begin or commit.
    pub fn transaction<T, E: From<PostgresError>>(
        &mut self,
        run: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transaction_with(TransactionOptions::default(), run)
    }

    /// Runs a function in a transaction with options.
    ///
    /// # Errors
    /// The function's error, or why the transaction did not begin or commit.
    pub fn transaction_with<T, E: From<PostgresError>>(
        &mut self,
        options: TransactionOptions,
        run: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        transaction::run(self.begin_with(options)?, run)
    }

    /// A setting that the server reports by itself, such as `server_version` or `TimeZone`. `None` before the first
    /// call, and for other settings.
    pub fn server_setting(&self, name: &str) -> Option<String> {
        self.session.server_settings().into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

fn encode(parameters: &[&dyn ToParameter]) -> Result<Vec<Parameter>, PostgresError> {
    let numbered = |(at, parameter): (usize, &&dyn ToParameter)| {
        parameter.to_parameter().map_err(|error| match error {
            PostgresError::Invalid(reason) => PostgresError::Invalid(format!("parameter ${}: {reason}", at + 1)),
            other => other,
        })
    };
    parameters.iter().enumerate().map(numbered).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::AsJson;

    #[test]
    fn a_parameter_that_cannot_be_sent_is_named_by_its_number() {
        let keys = AsJson(std::collections::BTreeMap::from([(vec![1], 2)]));
        let error = encode(&[&1, &keys]).expect_err("the keys of an object are strings");
        assert!(error.to_string().starts_with("parameter $2: "), "{error}");
    }
}
