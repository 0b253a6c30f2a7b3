//! A connection as a pair of `wasi:io` streams.

use std::future::poll_fn;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamResult};

use super::connection::Connection;

/// What arrives.
pub struct Input(pub Arc<Connection>);

/// What is sent.
pub struct Output(pub Arc<Connection>);

#[async_trait]
impl Pollable for Input {
    async fn ready(&mut self) {
        poll_fn(|cx| self.0.poll_readable(cx)).await;
    }
}

#[async_trait]
impl InputStream for Input {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.0.read(size)
    }
}

#[async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {
        poll_fn(|cx| self.0.poll_sent(cx)).await;
    }
}

#[async_trait]
impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.write(&bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.0.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.0.check_write()
    }

    /// Called when the guest drops the stream. Its bytes are sent first. The deadline of the attempt limits the wait.
    async fn cancel(&mut self) {
        self.ready().await;
    }
}
