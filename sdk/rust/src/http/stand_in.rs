//! Outside of a component, requests can be built but not sent, and responses come from tests.

use std::collections::VecDeque;
use std::time::Duration;

use super::parts::{Chunk, Head, Parts};
use super::{HttpError, Response};

pub(super) fn send(parts: Parts) -> Result<Response, HttpError> {
    open(parts)?.whole()
}

pub(super) fn open(parts: Parts) -> Result<Connection, HttpError> {
    let reason = "requests can only be sent from a WebAssembly component".into();
    Err(HttpError::Connection { origin: parts.url.origin(), reason })
}

/// A response that has arrived in full.
pub struct Connection {
    head: Head,
    chunks: VecDeque<Vec<u8>>,
}

impl Connection {
    pub(super) fn for_test(status: u16, headers: &[(&str, &str)], chunks: &[&str]) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        let chunks = chunks.iter().map(|chunk| chunk.as_bytes().to_vec()).collect();
        Self { head: Head { status, headers }, chunks }
    }

    pub(super) fn origin(&self) -> &str {
        "https://test.invalid"
    }

    pub(super) fn head(&self) -> Option<&Head> {
        Some(&self.head)
    }

    pub(super) fn begin(&mut self, _wait: Duration) -> Result<bool, HttpError> {
        Ok(true)
    }

    pub(super) fn chunk(&mut self, _wait: Duration) -> Result<Chunk, HttpError> {
        Ok(self.chunks.pop_front().map_or(Chunk::End, Chunk::Bytes))
    }

    pub(super) fn whole(self) -> Result<Response, HttpError> {
        let origin = self.origin().to_owned();
        let body: Vec<u8> = self.chunks.into_iter().flatten().collect();
        Ok(Response::new(origin, self.head.status, self.head.headers, body))
    }
}
