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
    /// If the statement failed, now or in an earlier portion. [`PostgresError::TooLarge`] if the portion has more bytes
    /// than the pool allows: open a new cursor, and read fewer rows at once.
    pub fn read(&mut self, rows: u32) -> Result<Option<Rows>, PostgresError> {
        if self.ended {
            return Ok(None);
        }
        let answer = self.cursor.read(rows).wait()?.into_iter().next().unwrap_or_default();
        self.ended = !answer.command.is_empty() || answer.row_count == 0;
        Ok((answer.row_count > 0).then(|| Rows::new(answer)))
    }

    /// The remaining rows in portions of this size. An error is the last item.
    pub fn portions(mut self, rows: u32) -> impl Iterator<Item = Result<Rows, PostgresError>> + use<'c> {
        until_error(move || self.read(rows))
    }
}

/// What a function returns until it returns `None`, or an error, which is the last item.
fn until_error<T, E>(mut next: impl FnMut() -> Result<Option<T>, E>) -> impl Iterator<Item = Result<T, E>> {
    let mut failed = false;
    std::iter::from_fn(move || {
        if failed {
            return None;
        }
        let item = next().transpose();
        failed = matches!(item, Some(Err(_)));
        item
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_end_after_an_error() {
        let mut answers = [Ok(Some(1)), Err("too large"), Err("the cursor has failed")].into_iter();
        let portions: Vec<_> = until_error(|| answers.next().unwrap_or(Ok(None))).collect();
        assert_eq!(portions, [Ok(1), Err("too large")]);
    }
}
