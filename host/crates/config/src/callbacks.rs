//! `[callbacks]`: requests from outside that wake a job.

use super::signing_key::SigningKey;

/// Turns callbacks on.
#[derive(Clone, Debug, PartialEq)]
pub struct Callbacks {
    /// What the tokens of callbacks are made with. At least [`SHORTEST_TOKEN`](super::SHORTEST_TOKEN) characters.
    pub key: SigningKey,
}
