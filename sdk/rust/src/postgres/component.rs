//! The host's connections, called through the component's imports.

use super::answer::{Answer, Column};
use super::parameter::{Parameter, Value};
use super::{DatabaseError, PostgresError};
use crate::bindings::toril::plugin::postgres as wit;

/// A connection.
pub(super) struct Session(wit::Connection);

impl Session {
    pub(super) fn connect(pool: &str) -> Result<Self, PostgresError> {
        Ok(Self(wit::Connection::connect(pool)?))
    }

    pub(super) fn ready(&self) -> Call {
        Call(self.0.ready())
    }

    pub(super) fn query(&self, statement: &str, parameters: Vec<Parameter>) -> Call {
        Call(self.0.query(statement, &sent(parameters), wit::Format::Text))
    }

    pub(super) fn batch(&self, statements: &str) -> Call {
        Call(self.0.batch(statements))
    }

    pub(super) fn open_cursor(&self, statement: &str, parameters: Vec<Parameter>) -> RawCursor {
        RawCursor(self.0.open_cursor(statement, &sent(parameters), wit::Format::Text))
    }

    pub(super) fn server_settings(&self) -> Vec<(String, String)> {
        self.0.server_settings()
    }
}

/// The rows of a statement.
pub(super) struct RawCursor(wit::Cursor);

impl RawCursor {
    pub(super) fn read(&self, rows: u32) -> Call {
        Call(self.0.read(rows))
    }
}

/// A call that the host makes. Dropping it gives it up.
pub(super) struct Call(wit::Pending);

impl Call {
    pub(super) fn is_ended(&self) -> bool {
        self.0.subscribe().ready()
    }

    pub(super) fn wait(self) -> Result<Vec<Answer>, PostgresError> {
        // The pollable is dropped here, before the call that it belongs to.
        self.0.subscribe().block();
        match self.0.take() {
            Some(Ok(answers)) => Ok(answers.into_iter().map(Into::into).collect()),
            Some(Err(error)) => Err(error.into()),
            None => Err(PostgresError::Unavailable("the host ended the call without an answer".to_owned())),
        }
    }
}

fn sent(parameters: Vec<Parameter>) -> Vec<wit::Parameter> {
    let sent = |Parameter { type_oid, value }| {
        let (format, value) = match value {
            Value::Null => (wit::Format::Text, None),
            Value::Text(text) => (wit::Format::Text, Some(text.into_bytes())),
            Value::Bytes(bytes) => (wit::Format::Binary, Some(bytes)),
        };
        wit::Parameter { type_oid, format, value }
    };
    parameters.into_iter().map(sent).collect()
}

impl From<wit::Answer> for Answer {
    fn from(answer: wit::Answer) -> Self {
        let column = |column: wit::Column| Column {
            name: column.name,
            type_oid: column.type_oid,
            type_modifier: column.type_modifier,
            table_oid: column.table_oid,
            column_number: column.column_number,
        };
        Self {
            columns: answer.columns.into_iter().map(column).collect(),
            row_count: answer.row_count,
            rows: answer.rows,
            command: answer.command,
        }
    }
}

impl From<wit::Error> for PostgresError {
    fn from(error: wit::Error) -> Self {
        match error {
            wit::Error::Denied(reason) => Self::Denied(reason),
            wit::Error::Invalid(reason) => Self::Invalid(reason),
            wit::Error::Unavailable(reason) => Self::Unavailable(reason),
            wit::Error::Timeout(reason) => Self::Timeout(reason),
            wit::Error::TooLarge(reason) => Self::TooLarge(reason),
            wit::Error::Database(error) => Self::Database(Box::new(DatabaseError {
                severity: error.severity,
                code: error.code,
                message: error.message,
                detail: error.detail,
                hint: error.hint,
                position: error.position,
                context: error.context,
                schema: error.schema,
                table: error.table,
                column: error.column,
                data_type: error.data_type,
                constraint: error.constraint,
            })),
        }
    }
}
