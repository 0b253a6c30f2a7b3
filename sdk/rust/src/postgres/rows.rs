//! The rows of an answer.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::PostgresError;
use super::answer::{Answer, Column};
use super::value::{Unfit, parse_row, parse_value};

/// The answer to one statement.
#[derive(Debug, Default)]
pub struct Rows {
    columns: Arc<[Column]>,
    count: usize,
    bytes: Vec<u8>,
    command: String,
}

impl Rows {
    pub(super) fn new(answer: Answer) -> Self {
        let Answer { columns, row_count, rows, command } = answer;
        Self { columns: columns.into(), count: usize::try_from(row_count).unwrap_or(usize::MAX), bytes: rows, command }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The columns. Empty if the statement returns no rows.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// What the server did, such as `INSERT 0 1`. Empty for a portion of a cursor that is not the last one.
    pub fn command(&self) -> &str {
        &self.command
    }

    /// The number of rows that the statement inserted, updated, deleted or returned. 0 for other statements.
    pub fn affected(&self) -> u64 {
        self.command.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    /// The rows, one after the other.
    pub fn iter(&self) -> RowIter<'_> {
        RowIter { columns: &self.columns, rest: &self.bytes, left: self.count }
    }

    /// Reads each row as a `T`.
    ///
    /// # Errors
    /// [`PostgresError::Unexpected`] if a row is not a `T`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<Vec<T>, PostgresError> {
        self.iter().map(|row| row?.parse()).collect()
    }
}

impl<'r> IntoIterator for &'r Rows {
    type Item = Result<Row<'r>, PostgresError>;
    type IntoIter = RowIter<'r>;

    fn into_iter(self) -> RowIter<'r> {
        self.iter()
    }
}

/// Iterates over rows.
#[derive(Debug, Clone)]
pub struct RowIter<'r> {
    columns: &'r [Column],
    rest: &'r [u8],
    left: usize,
}

impl<'r> Iterator for RowIter<'r> {
    type Item = Result<Row<'r>, PostgresError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let mut values = Vec::with_capacity(self.columns.len());
        for _ in self.columns {
            let Some(value) = next_value(&mut self.rest) else {
                self.left = 0;
                return Some(Err(PostgresError::Unexpected("the rows are incomplete".to_owned())));
            };
            values.push(value);
        }
        Some(Ok(Row { columns: self.columns, values }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left))
    }
}

/// Takes a length and the value of that length. The outer `None`: the bytes end before.
fn next_value<'r>(rest: &mut &'r [u8]) -> Option<Option<&'r [u8]>> {
    let (length, after) = rest.split_first_chunk()?;
    let length = i32::from_be_bytes(*length);
    let Ok(length) = usize::try_from(length) else {
        *rest = after;
        return Some(None);
    };
    let (value, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(Some(value))
}

/// One row.
#[derive(Debug, Clone)]
pub struct Row<'r> {
    columns: &'r [Column],
    values: Vec<Option<&'r [u8]>>,
}

impl<'r> Row<'r> {
    /// The columns.
    pub fn columns(&self) -> &'r [Column] {
        self.columns
    }

    /// The server's text of a value, counted from 0. `None`: NULL, or there is no such column.
    pub fn text(&self, column: usize) -> Option<&'r str> {
        std::str::from_utf8((*self.values.get(column)?)?).ok()
    }

    /// Reads the value of the column with this name.
    ///
    /// # Errors
    /// [`PostgresError::Unexpected`] if there is no such column, or its value is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, column: &str) -> Result<T, PostgresError> {
        match self.columns.iter().zip(&self.values).find(|(known, _)| known.name == column) {
            Some((column, value)) => parse_value(column, *value).map_err(unexpected),
            None => Err(PostgresError::Unexpected(format!("it has no column `{column}`"))),
        }
    }

    /// Reads the row: a struct with the names of its columns, a tuple in their order, or the type of its only column.
    ///
    /// # Errors
    /// [`PostgresError::Unexpected`] if the row is not a `T`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, PostgresError> {
        parse_row(self.columns, &self.values).map_err(unexpected)
    }
}

fn unexpected(Unfit(reason): Unfit) -> PostgresError {
    PostgresError::Unexpected(reason)
}

/// Builds answers for unit tests.
#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An answer with columns of these names and types, and these texts.
    pub fn answer(columns: &[(&str, u32)], rows: &[&[Option<&str>]]) -> Rows {
        let column = |(name, type_oid): &(&str, u32)| Column {
            name: (*name).to_owned(),
            type_oid: *type_oid,
            type_modifier: -1,
            table_oid: 0,
            column_number: 0,
        };
        let mut bytes = Vec::new();
        for value in rows.iter().flat_map(|row| row.iter()) {
            match value {
                None => bytes.extend((-1_i32).to_be_bytes()),
                Some(text) => {
                    bytes.extend(i32::try_from(text.len()).expect("short").to_be_bytes());
                    bytes.extend(text.as_bytes());
                }
            }
        }
        Rows::new(Answer {
            columns: columns.iter().map(column).collect(),
            row_count: u32::try_from(rows.len()).expect("few"),
            rows: bytes,
            command: format!("SELECT {}", rows.len()),
        })
    }

    #[test]
    fn values_are_found_by_name_and_null_is_none() {
        let rows = answer(&[("a", 23), ("b", 25)], &[&[Some("1"), None], &[Some("2"), Some("x")]]);
        let read: Result<Vec<_>, PostgresError> = rows
            .iter()
            .map(|row| row.and_then(|row| Ok((row.get::<i32>("a")?, row.get::<Option<String>>("b")?))))
            .collect();
        assert_eq!(read, Ok(vec![(1, None), (2, Some("x".to_owned()))]));
        let row = rows.iter().next().expect("a row").expect("complete");
        assert_eq!((row.text(0), row.text(1), row.text(2)), (Some("1"), None, None));
        assert!(row.get::<i32>("c").expect_err("no such column").to_string().contains("`c`"));
    }

    #[test]
    fn the_number_of_rows_is_the_last_word_of_the_command() {
        let affected = |command: &str| Rows { command: command.to_owned(), ..Rows::default() }.affected();
        assert_eq!((affected("INSERT 0 3"), affected("UPDATE 2"), affected("BEGIN"), affected("")), (3, 2, 0, 0));
    }

    #[test]
    fn rows_that_are_cut_off_are_an_error() {
        let mut rows = answer(&[("a", 25)], &[&[Some("text")]]);
        rows.bytes.pop();
        assert!(rows.parse::<String>().is_err());
        rows.bytes.clear();
        assert!(rows.parse::<String>().is_err());
    }
}
