//! Why a request has no response.

/// Why a request has no response, or the response cannot be used. No variant holds a path, a query, a header or a
/// body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The plugin's entry in `queues.toml` does not grant the origin. No request was made.
    #[error("requests to {origin} are not allowed")]
    Denied {
        /// Scheme, host and port, as in `https://api.example.com`.
        origin: String,
    },
    /// The origin is granted, but its name resolves to an address that is not public. No request was made. Another
    /// attempt may help, because the name may resolve to another address.
    #[error(
        "{origin} resolves to an address that is not public: add its range to this plugin's `private_addresses` in queues.toml"
    )]
    Prohibited {
        /// Scheme, host and port.
        origin: String,
    },
    /// The URL cannot be requested.
    #[error("this is not an address that can be requested: {reason}")]
    InvalidUrl {
        /// What is wrong with it.
        reason: String,
    },
    /// A method, header or body cannot be sent.
    #[error("the request cannot be sent: {reason}")]
    InvalidRequest {
        /// What is wrong with it.
        reason: String,
    },
    /// No connection was made. No part of the request was sent.
    #[error("the connection to {origin} failed: {reason}")]
    Unreachable {
        /// Scheme, host and port.
        origin: String,
        /// What happened.
        reason: String,
    },
    /// The connection broke. The server may have received the request.
    #[error("the connection to {origin} failed: {reason}")]
    Connection {
        /// Scheme, host and port.
        origin: String,
        /// What happened.
        reason: String,
    },
    /// The response did not arrive in time.
    #[error("{origin} did not answer in time")]
    Timeout {
        /// Scheme, host and port.
        origin: String,
    },
    /// The response's body is larger than the request allows.
    #[error("the response of {origin} is larger than {limit} bytes")]
    TooLarge {
        /// Scheme, host and port.
        origin: String,
        /// The largest body that the request allows, in bytes.
        limit: usize,
    },
    /// The response's body is not the requested JSON.
    #[error("the response of {origin} is not the expected JSON (line {line}, column {column})")]
    NotJson {
        /// Scheme, host and port.
        origin: String,
        /// The line in the body, counted from 1; 0 if unknown.
        line: usize,
        /// The column in the line, counted from 1; 0 if unknown.
        column: usize,
    },
}

impl HttpError {
    /// Whether the same request would fail in the same way again.
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Denied { .. } | Self::InvalidUrl { .. } | Self::InvalidRequest { .. })
    }

    /// Whether no part of the request can have reached the server, so that sending it again cannot send it twice.
    pub fn is_unsent(&self) -> bool {
        self.is_permanent() || matches!(self, Self::Prohibited { .. } | Self::Unreachable { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_request_without_a_connection_counts_as_unsent() {
        let (origin, reason) = (|| "https://example.com".to_owned(), || "so".to_owned());
        assert!(HttpError::Unreachable { origin: origin(), reason: reason() }.is_unsent());
        assert!(HttpError::Denied { origin: origin() }.is_unsent());
        assert!(!HttpError::Connection { origin: origin(), reason: reason() }.is_unsent());
        assert!(!HttpError::Timeout { origin: origin() }.is_unsent());
    }
}
