//! A key for HMAC-SHA256 signatures.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::secret::Secret;

/// The prefix of a Standard Webhooks secret.
const PREFIX: &str = "whsec_";

/// The bytes of a key. `Debug` does not show them. Only [`SigningKey::expose`] returns them.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey(Vec<u8>);

/// Why a secret is not a valid key. The message never shows the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The key is empty.
    #[error("must not be empty")]
    Empty,
    /// The prefix is missing, or the rest is not valid Base64.
    #[error("must be `whsec_` and a key in Base64, the form of Standard Webhooks")]
    NotStandard,
}

impl SigningKey {
    /// Uses the bytes of the secret's text as the key, as GitHub does.
    pub fn of_text(secret: &Secret) -> Result<Self, KeyError> {
        Self::of_bytes(secret.expose().as_bytes().to_vec())
    }

    /// Decodes a Standard Webhooks secret: `whsec_` followed by the key in Base64.
    pub fn of_standard(secret: &Secret) -> Result<Self, KeyError> {
        let encoded = secret.expose().strip_prefix(PREFIX).ok_or(KeyError::NotStandard)?;
        Self::of_bytes(STANDARD.decode(encoded).map_err(|_| KeyError::NotStandard)?)
    }

    /// The plain bytes. Never pass them to code that logs.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    fn of_bytes(bytes: Vec<u8>) -> Result<Self, KeyError> {
        if bytes.is_empty() { Err(KeyError::Empty) } else { Ok(Self(bytes)) }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_text_or_what_its_base64_stands_for() {
        assert_eq!(SigningKey::of_text(&Secret::new("key")).map(|key| key.0), Ok(b"key".to_vec()));
        assert_eq!(SigningKey::of_standard(&Secret::new("whsec_a2V5")).map(|key| key.0), Ok(b"key".to_vec()));
    }

    #[test]
    fn an_invalid_key_is_refused_and_not_shown() {
        assert_eq!(SigningKey::of_text(&Secret::new("")), Err(KeyError::Empty));
        for secret in ["a2V5", "whsec_hunter2!", "whsec_a2V", ""] {
            assert_eq!(SigningKey::of_standard(&Secret::new(secret)), Err(KeyError::NotStandard), "{secret}");
        }
        assert_eq!(SigningKey::of_standard(&Secret::new("whsec_")), Err(KeyError::Empty));
        assert!(!format!("{:?}", SigningKey(b"hunter2".to_vec())).contains("hunter2"));
    }
}
