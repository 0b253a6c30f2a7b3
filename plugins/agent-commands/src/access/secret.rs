//! A configured secret. It is exposed only when it is sent.

use std::fmt;

/// A secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for a request.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether this is the placeholder of a secret under `send_secrets`. The host replaces a placeholder only in
    /// headers.
    pub fn is_placeholder(&self) -> bool {
        self.0.starts_with("<toril-secret:")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
