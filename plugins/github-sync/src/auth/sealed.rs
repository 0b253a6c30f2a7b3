//! Stores an installation token in the key-value data, encrypted with a key that only holders of the app's private key
//! can derive. They could obtain a token themselves, so the stored token gives them nothing new.

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Domain separation: keeps this use of the private key apart from any other.
const PURPOSE: &[u8] = b"toril github-sync installation token 1\0";

/// A stored token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub token: String,
    /// When it expires by the host's clock, in seconds since the Unix epoch.
    pub until: u64,
}

/// An encrypted token as it is stored.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sealed {
    sealed: String,
}

/// Encrypts and decrypts with one private key.
pub struct Seal(Aes256GcmSiv);

impl Seal {
    pub fn new(pem: &str) -> Self {
        let key = Sha256::new().chain_update(PURPOSE).chain_update(pem.trim()).finalize();
        Self(Aes256GcmSiv::new(&key))
    }

    /// `place` is the key that the document is stored under. Decryption fails under any other key.
    ///
    /// The nonce is fixed. AES-GCM-SIV stays safe when a nonce is reused: that reveals only whether two documents are
    /// equal, and no two tokens are.
    pub fn seal(&self, place: &str, token: &Token) -> Option<Sealed> {
        let text = serde_json::to_vec(token).ok()?;
        let payload = Payload { msg: &text, aad: place.as_bytes() };
        let sealed = self.0.encrypt(&Nonce::default(), payload).ok()?;
        Some(Sealed { sealed: STANDARD.encode(sealed) })
    }

    /// Returns `None` if it was not encrypted with this private key, or if it was stored under another key.
    pub fn open(&self, place: &str, sealed: &Sealed) -> Option<Token> {
        let sealed = STANDARD.decode(&sealed.sealed).ok()?;
        let payload = Payload { msg: &sealed, aad: place.as_bytes() };
        serde_json::from_slice(&self.0.decrypt(&Nonce::default(), payload).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_with_the_same_private_key_at_the_same_place_alone() {
        let token = Token { token: "ghs_hunter2".into(), until: 7 };
        let Some(sealed) = Seal::new("key").seal("a", &token) else { panic!("sealed") };
        assert!(!sealed.sealed.contains("hunter2"));
        assert_eq!(Seal::new("key\n").open("a", &sealed), Some(token));
        assert_eq!(Seal::new("key").open("b", &sealed), None);
        assert_eq!(Seal::new("other").open("a", &sealed), None);
    }
}
