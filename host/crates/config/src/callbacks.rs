//! `[callbacks]`: external requests that wake a job.

use super::signing_key::SigningKey;

/// The settings that enable callbacks.
#[derive(Clone, Debug, PartialEq)]
pub struct Callbacks {
    /// The key that signs callback tokens. At least [`SHORTEST_TOKEN`](super::SHORTEST_TOKEN) characters.
    pub key: SigningKey,
}
