//! Errors of PostgreSQL. No variant quotes a value of a row or a parameter, except where the server's own text does.

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The plugin's entry in `queues.toml` has no such pool. The host's text says what to add.
    #[error("{0}")]
    Denied(String),
    /// The call is not possible now, or a value cannot be sent.
    #[error("{0}")]
    Invalid(String),
    /// The server cannot be reached, or no connection was free in time. The statement may have been carried out if its
    /// connection was lost meanwhile.
    #[error("{0}")]
    Unavailable(String),
    /// The statement ran for too long, and the host cancelled it.
    #[error("{0}")]
    Timeout(String),
    /// The answer has more rows or bytes than the pool allows. [`Connection::cursor`](super::Connection::cursor) reads
    /// in portions.
    #[error("{0}")]
    TooLarge(String),
    /// The server answered with an error.
    #[error(transparent)]
    Database(Box<DatabaseError>),
    /// A row does not fit the requested type.
    #[error("the row does not fit its type: {0}")]
    Unexpected(String),
    /// The statement returned another number of rows than one.
    #[error("the statement returned {0} rows where one was expected")]
    NotOne(u64),
}

/// What the server says about an error.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
#[error("{message} (SQLSTATE {code})")]
#[non_exhaustive]
pub struct DatabaseError {
    /// `ERROR`, `FATAL` or `PANIC`.
    pub severity: String,
    /// The five characters of SQLSTATE, such as `23505` for a duplicate key.
    pub code: String,
    /// One line of text.
    pub message: String,
    /// More about it. It often has values of the row.
    pub detail: Option<String>,
    /// What to do.
    pub hint: Option<String>,
    /// The place in the statement, in characters counted from 1.
    pub position: Option<u32>,
    /// The calls of functions that led to it.
    pub context: Option<String>,
    /// The schema that it is about.
    pub schema: Option<String>,
    /// The table that it is about.
    pub table: Option<String>,
    /// The column that it is about.
    pub column: Option<String>,
    /// The type that it is about.
    pub data_type: Option<String>,
    /// The constraint that was violated.
    pub constraint: Option<String>,
}

impl PostgresError {
    /// Whether the same call would fail in the same way again.
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Denied(_) | Self::Invalid(_) | Self::TooLarge(_) | Self::Unexpected(_))
    }

    /// The server's error code (SQLSTATE), if the server answered with an error.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Database(error) => Some(&error.code),
            _ => None,
        }
    }

    /// The violated constraint, if the server named one.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Database(error) => error.constraint.as_deref(),
            _ => None,
        }
    }

    /// Whether the transaction lost against another one (a serialization failure or a deadlock), so that the same
    /// transaction may succeed if it is run again.
    pub fn is_conflict(&self) -> bool {
        matches!(self.code(), Some("40001" | "40P01"))
    }
}
