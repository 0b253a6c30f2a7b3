//! Errors of the key-value store.

/// Why a call to the store failed. No variant holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KvError {
    /// The plugin's entry in `queues.toml` does not grant a store.
    #[error("this plugin may not use the key-value store")]
    Denied,
    /// The host has no such store.
    #[error("the host has no key-value store of this name")]
    NoSuchStore,
    /// The value cannot be written as JSON.
    #[error("invalid value for `{key}`: {reason}")]
    Invalid {
        /// The key to set.
        key: String,
        /// What is wrong with the value.
        reason: String,
    },
    /// The value is not the requested JSON. Another attempt may help, because another job can correct the value.
    #[error("the value of `{key}` is not the expected JSON (line {line}, column {column})")]
    Unexpected {
        /// The key.
        key: String,
        /// The line in the value, counted from 1; 0 if unknown.
        line: usize,
        /// The column in the line, counted from 1; 0 if unknown.
        column: usize,
    },
    /// The host could not do it, for this reason. Redis may be unavailable.
    #[error("the key-value store failed: {0}")]
    Unavailable(String),
}

impl KvError {
    /// Whether the same call would fail in the same way again.
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Denied | Self::NoSuchStore | Self::Invalid { .. })
    }
}
