//! A request that was sent, and the part of its response that has arrived.

use std::time::Duration;

use wasip2::http::types::{FutureIncomingResponse, IncomingBody, IncomingResponse};
use wasip2::io::poll::Pollable;
use wasip2::io::streams::{InputStream, StreamError};

use super::super::parts::{Chunk, Head};
use super::super::{HttpError, Response};
use super::errors::{broken, connection, failed};
use super::exchange::{Exchange, in_future};

/// Bytes of a response to read at once.
const READ_SIZE: u64 = 64 * 1024;

/// The fields are dropped in this order: each before the resource that it came from.
pub struct Connection {
    answer: Option<Answer>,
    ready: Pollable,
    future: FutureIncomingResponse,
    exchange: Exchange,
}

struct Answer {
    head: Head,
    ready: Pollable,
    stream: InputStream,
    _body: IncomingBody,
    _response: IncomingResponse,
}

impl Connection {
    pub(super) fn new(exchange: Exchange, future: FutureIncomingResponse) -> Self {
        Self { answer: None, ready: future.subscribe(), future, exchange }
    }

    pub(in super::super) fn origin(&self) -> &str {
        &self.exchange.origin
    }

    /// The response's head, once it has arrived.
    pub(in super::super) fn head(&self) -> Option<&Head> {
        self.answer.as_ref().map(|answer| &answer.head)
    }

    /// Waits at most this long for the response to begin. Returns whether it has begun.
    pub(in super::super) fn begin(&mut self, wait: Duration) -> Result<bool, HttpError> {
        self.begin_by(Some(in_future(wait)))
    }

    /// The next part of the body that arrives within this time.
    pub(in super::super) fn chunk(&mut self, wait: Duration) -> Result<Chunk, HttpError> {
        self.chunk_by(Some(in_future(wait)))
    }

    /// Waits for the whole response.
    pub(in super::super) fn whole(mut self) -> Result<Response, HttpError> {
        let mut bytes = Vec::new();
        loop {
            match self.chunk_by(None)? {
                Chunk::Bytes(chunk) if chunk.len() > self.exchange.max_body - bytes.len() => {
                    let limit = self.exchange.max_body;
                    return Err(HttpError::TooLarge { origin: self.exchange.origin, limit });
                }
                Chunk::Bytes(chunk) => bytes.extend_from_slice(&chunk),
                Chunk::Pending => {}
                Chunk::End => break,
            }
        }
        let origin = self.exchange.origin.clone();
        let Some(Answer { head, .. }) = self.answer else {
            return Err(connection(&self.exchange.origin, "its response was already taken"));
        };
        Ok(Response::new(origin, head.status, head.headers, bytes))
    }

    /// `None`: waits until the exchange's deadline.
    fn begin_by(&mut self, moment: Option<u64>) -> Result<bool, HttpError> {
        while self.answer.is_none() {
            match self.future.get() {
                Some(Ok(Ok(response))) => self.answer = Some(Answer::of(response, &self.exchange)?),
                Some(Ok(Err(code))) => return Err(failed(&self.exchange.origin, code)),
                // The result was taken before, which does not happen here.
                Some(Err(())) => return Err(connection(&self.exchange.origin, "its response was already taken")),
                None => match moment {
                    Some(moment) if !self.exchange.wait_until(&self.ready, moment)? => return Ok(false),
                    Some(_) => {}
                    None => self.exchange.wait(&self.ready)?,
                },
            }
        }
        Ok(true)
    }

    fn chunk_by(&mut self, moment: Option<u64>) -> Result<Chunk, HttpError> {
        if !self.begin_by(moment)? {
            return Ok(Chunk::Pending);
        }
        let Some(answer) = &self.answer else { return Ok(Chunk::Pending) };
        loop {
            match answer.stream.read(READ_SIZE) {
                Ok(chunk) if chunk.is_empty() => match moment {
                    Some(moment) if !self.exchange.wait_until(&answer.ready, moment)? => return Ok(Chunk::Pending),
                    Some(_) => {}
                    None => self.exchange.wait(&answer.ready)?,
                },
                Ok(chunk) => return Ok(Chunk::Bytes(chunk)),
                // Nothing here needs trailers, so the body is dropped instead of finished.
                Err(StreamError::Closed) => return Ok(Chunk::End),
                Err(error) => return Err(broken(&self.exchange.origin, &error)),
            }
        }
    }
}

impl Answer {
    fn of(response: IncomingResponse, exchange: &Exchange) -> Result<Self, HttpError> {
        let head = Head { status: response.status(), headers: response.headers().entries() };
        let body: IncomingBody =
            response.consume().map_err(|()| connection(&exchange.origin, "its body was already taken"))?;
        let stream = body.stream().map_err(|()| connection(&exchange.origin, "its body was already taken"))?;
        Ok(Self { head, ready: stream.subscribe(), stream, _body: body, _response: response })
    }
}
