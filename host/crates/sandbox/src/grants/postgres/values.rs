//! Conversions between the types of the interface and those of `toril-postgres`. Values and rows pass through unread.

use toril_postgres as pool;

use crate::interface::postgres::{Answer, Column, DatabaseError, Error, Format, Parameter, TransactionStatus};

impl From<Format> for pool::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Binary => Self::Binary,
        }
    }
}

/// A statement with its parameters.
pub(super) fn query(statement: String, parameters: Vec<Parameter>, results: Format) -> pool::Query {
    let parameter = |parameter: Parameter| pool::Parameter {
        type_oid: parameter.type_oid,
        format: parameter.format.into(),
        value: parameter.value,
    };
    pool::Query { statement, parameters: parameters.into_iter().map(parameter).collect(), results: results.into() }
}

impl From<pool::TransactionStatus> for TransactionStatus {
    fn from(status: pool::TransactionStatus) -> Self {
        match status {
            pool::TransactionStatus::Idle => Self::Idle,
            pool::TransactionStatus::Open => Self::Open,
            pool::TransactionStatus::Failed => Self::Failed,
        }
    }
}

impl From<pool::Answer> for Answer {
    fn from(answer: pool::Answer) -> Self {
        let pool::Answer { columns, row_count, rows, command } = answer;
        Self { columns: columns.into_iter().map(Into::into).collect(), row_count, rows, command }
    }
}

impl From<pool::Column> for Column {
    fn from(column: pool::Column) -> Self {
        let pool::Column { name, type_oid, type_size, type_modifier, table_oid, column_number } = column;
        Self { name, type_oid, type_size, type_modifier, table_oid, column_number }
    }
}

/// The error for the plugin, with the names that the operator needs. What the server says passes through unchanged.
pub(super) fn error(error: pool::Error, plugin: &str, name: &str) -> Error {
    let named = |reason: String| format!("PostgreSQL pool {name} of plugin {plugin}: {reason}");
    match error {
        pool::Error::Invalid(reason) => Error::Invalid(named(reason)),
        pool::Error::Unavailable(reason) => Error::Unavailable(named(reason)),
        pool::Error::Timeout(reason) => Error::Timeout(named(reason)),
        pool::Error::TooLarge(reason) => Error::TooLarge(named(reason)),
        pool::Error::Database(error) => Error::Database((*error).into()),
    }
}

/// The kind of an error, for spans.
pub(super) fn kind(error: &pool::Error) -> &'static str {
    match error {
        pool::Error::Invalid(_) => "invalid",
        pool::Error::Unavailable(_) => "unavailable",
        pool::Error::Timeout(_) => "timeout",
        pool::Error::TooLarge(_) => "too-large",
        pool::Error::Database(_) => "database",
    }
}

impl From<pool::DatabaseError> for DatabaseError {
    fn from(error: pool::DatabaseError) -> Self {
        Self {
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
        }
    }
}
