//! Why a store did not do what was asked.

/// Why a store did not do what was asked. No variant holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KvError {
    /// The plugin's entry in `queues.toml` does not grant a store.
    #[error("this plugin may not use the key-value store")]
    Denied,
    /// The host has no such store.
    #[error("the host has no key-value store of that name")]
    NoSuchStore,
    /// The value cannot be written as JSON.
    #[error("this cannot be the value of `{key}`: {reason}")]
    Invalid {
        /// The key that was to be set.
        key: String,
        /// What is wrong with the value.
        reason: String,
    },
    /// The value is not the JSON that was asked for. Another job can set it right, so that another attempt may help.
    #[error("the value of `{key}` is not the JSON that was expected (line {line}, column {column})")]
    Unexpected {
        /// The key.
        key: String,
        /// Where in the value, counted from 1; 0 if unknown.
        line: usize,
        /// Where in the line, counted from 1; 0 if unknown.
        column: usize,
    },
    /// The host did not do it: Redis is away, or what the host says.
    #[error("the key-value store failed: {0}")]
    Unavailable(String),
}

impl KvError {
    /// Whether the same call would fail in the same way again.
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Denied | Self::NoSuchStore | Self::Invalid { .. })
    }
}
