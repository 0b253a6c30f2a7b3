//! What a plugin may keep as key-value data.

use std::time::Duration;

/// Key-value data of a plugin.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyValue {
    /// How long a value is kept after it was last written. Default: for ever.
    pub ttl: Option<Duration>,
    /// The most keys that it may have. Default: 1,000,000, at least 1.
    pub max_keys: u64,
    /// The most bytes that its keys and values may have together. Default: 1 GiB, at least 1 KiB.
    pub max_bytes: u64,
}

impl Default for KeyValue {
    fn default() -> Self {
        Self { ttl: None, max_keys: 1_000_000, max_bytes: 1 << 30 }
    }
}
