//! Why a call, or a pool, fails.

use std::path::PathBuf;

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::ErrorFields;

/// SQLSTATE of a statement that was cancelled.
const QUERY_CANCELED: &str = "57014";

/// Why a call failed. The texts are for the caller. They contain no address, password, statement or value.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// The call cannot be made in this state, or an argument is wrong. A repeated call will fail, too.
    #[error("{0}")]
    Invalid(String),
    /// The server cannot be reached, ended the connection, or has no free connection in time.
    #[error("{0}")]
    Unavailable(String),
    /// The statement ran longer than `statement_timeout`, or than the attempt may. The host has cancelled it.
    #[error("{0}")]
    Timeout(String),
    /// The answer has more rows or bytes than the pool allows. The statement may have taken effect.
    #[error("{0}")]
    TooLarge(String),
    /// The server's answer to the statement is an error.
    #[error(transparent)]
    Database(Box<DatabaseError>),
}

/// What the server says about an error: the fields of its ErrorResponse.
#[derive(Clone, Debug, Default, Eq, PartialEq, thiserror::Error)]
#[error("{severity}: {message} (SQLSTATE {code})")]
pub struct DatabaseError {
    /// `ERROR`, `FATAL` or `PANIC`.
    pub severity: String,
    /// The five characters of SQLSTATE, such as `23505` for a duplicate key.
    pub code: String,
    /// The message, in the server's language.
    pub message: String,
    /// More about the cause.
    pub detail: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The place in the statement, in characters counted from 1.
    pub position: Option<u32>,
    /// The calls of functions that led to the error.
    pub context: Option<String>,
    /// The schema that the error is about.
    pub schema: Option<String>,
    /// The table that the error is about.
    pub table: Option<String>,
    /// The column that the error is about.
    pub column: Option<String>,
    /// The data type that the error is about.
    pub data_type: Option<String>,
    /// The constraint that the error is about.
    pub constraint: Option<String>,
}

impl DatabaseError {
    /// Reads the fields of an ErrorResponse. None: they are malformed.
    pub(crate) fn read(mut fields: ErrorFields<'_>) -> Option<Self> {
        let mut error = Self::default();
        let mut untranslated = None;
        while let Some(field) = fields.next().ok()? {
            let value = String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                b'S' => error.severity = value,
                b'V' => untranslated = Some(value),
                b'C' => error.code = value,
                b'M' => error.message = value,
                b'D' => error.detail = Some(value),
                b'H' => error.hint = Some(value),
                b'P' => error.position = value.parse().ok(),
                b'W' => error.context = Some(value),
                b's' => error.schema = Some(value),
                b't' => error.table = Some(value),
                b'c' => error.column = Some(value),
                b'd' => error.data_type = Some(value),
                b'n' => error.constraint = Some(value),
                _ => {}
            }
        }
        error.severity = untranslated.unwrap_or(error.severity);
        Some(error)
    }

    /// Whether the session ends with this error.
    pub(crate) fn ends_session(&self) -> bool {
        matches!(self.severity.as_str(), "FATAL" | "PANIC") || matches!(self.code.as_str(), "57P01" | "57P02" | "57P03")
    }

    /// Whether the statement was cancelled.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.code == QUERY_CANCELED
    }
}

/// Why a pool cannot be made from its settings.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// A file of certificate authorities cannot be used.
    #[error("the CA file {} cannot be used: {reason}. Fix the file, or name another one in `ca`", path.display())]
    Authorities {
        /// The path of the file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("{0}")]
    Tls(String),
    /// `verify-ca` has no file. With the authorities of browsers, anybody's certificate would pass.
    #[error("sslmode=verify-ca needs a CA file. Name one in `ca`, or set sslmode=verify-full")]
    NoAuthorities,
    /// The number of connections is 0.
    #[error("a pool needs at least one connection")]
    NoConnections,
}
