//! Why a request has no answer.

/// Why a request has no answer, or an answer cannot be used. No variant holds a path, a query, a header or a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The plugin's entry in `queues.toml` does not grant the origin. No request was made.
    #[error("requests to {origin} are not allowed")]
    Denied {
        /// Scheme, host and port, as in `https://api.example.com`.
        origin: String,
    },
    /// The origin is granted, and its name leads to an address that is not public. No request was made. Names may lead
    /// elsewhere the next time, so another attempt may help.
    #[error(
        "{origin} leads to an address that is not public: name its range in this plugin's `private_addresses` in queues.toml"
    )]
    Prohibited {
        /// Scheme, host and port.
        origin: String,
    },
    /// The address cannot be requested.
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
    /// No connection came about: nothing of the request was sent.
    #[error("the connection to {origin} failed: {reason}")]
    Unreachable {
        /// Scheme, host and port.
        origin: String,
        /// What happened.
        reason: String,
    },
    /// A connection that broke. The server may have had the request by then.
    #[error("the connection to {origin} failed: {reason}")]
    Connection {
        /// Scheme, host and port.
        origin: String,
        /// What happened.
        reason: String,
    },
    /// The answer did not arrive in time.
    #[error("{origin} did not answer in time")]
    Timeout {
        /// Scheme, host and port.
        origin: String,
    },
    /// The answer's body is larger than the request allowed.
    #[error("the answer of {origin} is larger than {limit} bytes")]
    TooLarge {
        /// Scheme, host and port.
        origin: String,
        /// The most bytes that the request allowed.
        limit: usize,
    },
    /// The answer's body is not what was asked for.
    #[error("the answer of {origin} is not the JSON that was expected (line {line}, column {column})")]
    NotJson {
        /// Scheme, host and port.
        origin: String,
        /// Where in the body, counted from 1; 0 if unknown.
        line: usize,
        /// Where in the line, counted from 1; 0 if unknown.
        column: usize,
    },
}

impl HttpError {
    /// Whether the same request would fail in the same way again.
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Denied { .. } | Self::InvalidUrl { .. } | Self::InvalidRequest { .. })
    }

    /// Whether nothing of the request can have reached the server: sending it again cannot be sending it twice.
    pub fn is_unsent(&self) -> bool {
        self.is_permanent() || matches!(self, Self::Prohibited { .. } | Self::Unreachable { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_was_not_reached_was_sent_nothing_and_one_that_hung_up_may_have_it_all() {
        let (origin, reason) = (|| "https://example.com".to_owned(), || "so".to_owned());
        assert!(HttpError::Unreachable { origin: origin(), reason: reason() }.is_unsent());
        assert!(HttpError::Denied { origin: origin() }.is_unsent());
        assert!(!HttpError::Connection { origin: origin(), reason: reason() }.is_unsent());
        assert!(!HttpError::Timeout { origin: origin() }.is_unsent());
    }
}
