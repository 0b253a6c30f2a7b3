//! The parts of a request, and of a response that arrives: what a connection takes and returns.

use std::time::Duration;

use super::url::Url;

/// The parts of a request.
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only a component sends requests"))]
pub(super) struct Parts {
    pub(super) method: String,
    pub(super) url: Url,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) timeout: Option<Duration>,
    pub(super) max_body: usize,
}

/// The result of [`Streaming::read_chunk`](super::Streaming::read_chunk).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunk {
    /// The next bytes of the body, as many as have arrived and at least one.
    Bytes(Vec<u8>),
    /// Nothing arrived within the time.
    Pending,
    /// The body has ended.
    End,
}

/// The head of a response.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, Vec<u8>)>,
}
