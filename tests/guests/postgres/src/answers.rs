//! Answers and errors as JSON, for the tests.

use serde_json::{Value, json};
use toril_plugin::Failure;
use toril_plugin::postgres::{Parameter, PostgresError, Rows};

/// The columns, types, rows and command of an answer. All values are the server's text.
pub fn answer(rows: &Rows) -> Result<Value, PostgresError> {
    let names: Vec<_> = rows.columns().iter().map(|column| &column.name).collect();
    let types: Vec<_> = rows.columns().iter().map(|column| column.type_oid).collect();
    let mut texts = Vec::with_capacity(rows.len());
    for row in rows {
        let row = row?;
        texts.push((0..names.len()).map(|at| row.text(at)).collect::<Vec<_>>());
    }
    Ok(json!({ "columns": names, "types": types, "rows": texts, "command": rows.command() }))
}

/// The kind of an error, its SQLSTATE and its text.
pub fn error(error: &PostgresError) -> Value {
    json!({ "error": { "kind": kind(error), "code": error.code(), "message": error.to_string() } })
}

pub fn answer_or_error(result: Result<Rows, PostgresError>) -> Value {
    result.and_then(|rows| answer(&rows)).unwrap_or_else(|problem| error(&problem))
}

/// `KIND: text`, and `database CODE: text`.
pub fn message(error: &PostgresError) -> String {
    match error.code() {
        Some(code) => format!("{} {code}: {error}", kind(error)),
        None => format!("{}: {error}", kind(error)),
    }
}

/// All errors are retried, so that tests can see it.
pub fn failure(error: PostgresError) -> Failure {
    Failure::retry(message(&error))
}

pub fn kind(error: &PostgresError) -> &'static str {
    match error {
        PostgresError::Denied(_) => "denied",
        PostgresError::Invalid(_) => "invalid",
        PostgresError::Unavailable(_) => "unavailable",
        PostgresError::Timeout(_) => "timeout",
        PostgresError::TooLarge(_) => "too-large",
        PostgresError::Database(_) => "database",
        PostgresError::Unexpected(_) => "unexpected",
        PostgresError::NotOne(_) => "not-one",
        _ => "other",
    }
}

/// A JSON value as a parameter: a text as itself, and a list or an object as JSON.
pub fn parameter(value: Value) -> Parameter {
    match value {
        Value::Null => Parameter::NULL,
        Value::String(text) => Parameter::text(text),
        other => Parameter::text(other.to_string()),
    }
}
