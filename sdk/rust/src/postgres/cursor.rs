//! Rows in portions.

use std::marker::PhantomData;

use super::host::RawCursor;
use super::{Connection, PostgresError, Rows};

/// The rows of one statement, read in portions. Dropping it ends the statement.
pub struct Cursor<'c> {
    cursor: RawCursor,
    ended: bool,
    connection: PhantomData<&'c Connection>,
}

impl<'c> Cursor<'c> {
    pub(super) fn new(cursor: RawCursor) -> Self {
        Self { cursor, ended: false, connection: PhantomData }
    }

    /// Reads at most `rows` further rows. `None`: there are no more rows.
    ///
    /// # Errors
    /// If the statement failed. [`PostgresError::TooLarge`] if the portion has more bytes than the pool allows: read
    /// fewer rows at once.
    pub fn read(&mut self, rows: u32) -> Result<Option<Rows>, PostgresError> {
        if self.ended {
            return Ok(None);
        }
        let answer = match self.cursor.read(rows).wait() {
            Ok(answers) => answers.into_iter().next().unwrap_or_default(),
            Err(error) => {
                self.ended = true;
                return Err(error);
            }
        };
        self.ended = !answer.command.is_empty() || answer.row_count == 0;
        Ok((answer.row_count > 0).then(|| Rows::new(answer)))
    }

    /// The remaining rows in portions of this size.
    pub fn portions(mut self, rows: u32) -> impl Iterator<Item = Result<Rows, PostgresError>> + use<'c> {
        std::iter::from_fn(move || self.read(rows).transpose())
    }
}
