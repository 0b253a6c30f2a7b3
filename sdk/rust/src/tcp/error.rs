//! Errors of connections. Each names the server.

use std::io;

/// Why a connection failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TcpError {
    /// The plugin's entry in `queues.toml` does not grant the server. The job's log says what to add.
    #[error("a connection to {server} was denied")]
    Denied {
        /// The server.
        server: String,
    },
    /// The text is not `host:port`.
    #[error("{server:?} is not a server: write host:port")]
    InvalidServer {
        /// The text.
        server: String,
    },
    /// There is no connection, for this reason. Also if the server's name leads only to addresses that are not public,
    /// because it may lead to others at the next attempt.
    #[error("{server} cannot be reached: {reason}")]
    Unreachable {
        /// The server.
        server: String,
        /// The reason.
        reason: String,
    },
    /// The connection, or what was awaited on it, took too long.
    #[error("{server} did not answer in time")]
    Timeout {
        /// The server.
        server: String,
    },
    /// The connection broke.
    #[error("the connection to {server} broke: {reason}")]
    Broken {
        /// The server.
        server: String,
        /// The reason.
        reason: String,
    },
    /// The connection could not be encrypted.
    #[error("the connection to {server} could not be encrypted: {reason}")]
    Tls {
        /// The server.
        server: String,
        /// The reason.
        reason: String,
    },
}

impl TcpError {
    /// Whether the same call would fail in the same way again.
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Denied { .. } | Self::InvalidServer { .. })
    }
}

/// The error of a reader or writer. [`io::Error::get_ref`] has the original.
impl From<TcpError> for io::Error {
    fn from(error: TcpError) -> Self {
        let kind = match &error {
            TcpError::Denied { .. } => io::ErrorKind::PermissionDenied,
            TcpError::InvalidServer { .. } => io::ErrorKind::InvalidInput,
            TcpError::Unreachable { .. } => io::ErrorKind::ConnectionRefused,
            TcpError::Timeout { .. } => io::ErrorKind::TimedOut,
            TcpError::Broken { .. } => io::ErrorKind::ConnectionReset,
            TcpError::Tls { .. } => io::ErrorKind::ConnectionAborted,
        };
        Self::new(kind, error)
    }
}
