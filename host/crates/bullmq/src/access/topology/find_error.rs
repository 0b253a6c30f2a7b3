//! Why the owner of a slot was not found.

use redis::RedisError;

use super::dial::is_refusal;

/// The owner of a slot could not be found.
#[derive(Clone, Debug, Default, thiserror::Error)]
#[error("{}", .reasons.join("; "))]
pub struct FindError {
    reasons: Vec<String>,
    /// Whether a server refused this client.
    pub refused: bool,
}

impl FindError {
    /// Creates an error with this reason.
    pub fn new(reason: String) -> Self {
        Self { reasons: vec![reason], refused: false }
    }

    /// Adds a reason: a server gave an unexpected answer.
    pub fn note(&mut self, reason: String) {
        self.reasons.push(reason);
    }

    /// Adds a reason: the request to the server named `who` failed.
    pub fn note_error(&mut self, who: &str, error: &RedisError) {
        self.refused |= is_refusal(error);
        self.reasons.push(format!("{who}: {error}"));
    }
}
