//! The plugin's settings: `config` and `secrets` of its entry in `queues.toml`.

use crate::host;

/// Why a setting could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The setting is missing. Another attempt will not help: this becomes [`Failure::Fatal`](crate::Failure::Fatal).
    #[error("the setting `{key}` is missing: add it to this plugin's `config` or `secrets` in queues.toml")]
    Missing {
        /// The setting's name.
        key: String,
    },
    /// The host could not read it, or refused the call.
    #[error("the setting `{key}` could not be read: {reason}")]
    Unavailable {
        /// The setting's name.
        key: String,
        /// The host's explanation.
        reason: String,
    },
}

/// The value of a setting or secret, `None` if it is not set.
///
/// # Errors
/// [`ConfigError::Unavailable`] if the host could not read it.
pub fn get(key: &str) -> Result<Option<String>, ConfigError> {
    host::config(key).map_err(|reason| ConfigError::Unavailable { key: key.into(), reason })
}

/// The value of a setting or secret that the plugin requires.
///
/// # Errors
/// [`ConfigError::Missing`] if it is not set, and [`ConfigError::Unavailable`] if the host could not read it.
pub fn require(key: &str) -> Result<String, ConfigError> {
    get(key)?.ok_or_else(|| ConfigError::Missing { key: key.into() })
}
