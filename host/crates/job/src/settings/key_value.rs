//! The limits of a plugin's key-value data.

use std::time::Duration;

/// The limits of one plugin's key-value data.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyValue {
    /// How long a value is kept after the last write. Default: for ever.
    pub ttl: Option<Duration>,
    /// The largest number of keys. Default: 1,000,000, at least 1.
    pub max_keys: u64,
    /// The largest total size of keys and values, in bytes. Default: 1 GiB, at least 1 KiB.
    pub max_bytes: u64,
}

impl Default for KeyValue {
    fn default() -> Self {
        Self { ttl: None, max_keys: 1_000_000, max_bytes: 1 << 30 }
    }
}
