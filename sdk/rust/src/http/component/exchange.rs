//! One request and its response, with the deadline of both.

use std::time::Duration;

use wasip2::clocks::monotonic_clock;
use wasip2::http::types::OutgoingBody;
use wasip2::io::poll::{Pollable, poll};

use super::super::HttpError;
use super::super::parts::Parts;
use super::errors::{refused, timed_out};

pub(super) struct Exchange {
    pub(super) origin: String,
    /// The deadline on the monotonic clock.
    deadline: Option<u64>,
    pub(super) max_body: usize,
}

impl Exchange {
    pub(super) fn new(parts: &Parts) -> Self {
        let deadline = parts.timeout.map(in_future);
        Self { origin: parts.url.origin(), deadline, max_body: parts.max_body }
    }

    /// Waits until something is ready, or the exchange's deadline has passed.
    pub(super) fn wait(&self, ready: &Pollable) -> Result<(), HttpError> {
        let Some(deadline) = self.deadline else {
            ready.block();
            return Ok(());
        };
        // Something that becomes ready exactly at the deadline still counts.
        if ready_by(ready, deadline) { Ok(()) } else { Err(timed_out(&self.origin)) }
    }

    /// Waits until something is ready or this moment on the monotonic clock has come. Returns whether it is ready.
    /// Fails if the exchange's own deadline passes first.
    pub(super) fn wait_until(&self, ready: &Pollable, moment: u64) -> Result<bool, HttpError> {
        match self.deadline {
            Some(deadline) if deadline <= moment => self.wait(ready).map(|()| true),
            _ => Ok(ready_by(ready, moment)),
        }
    }

    /// Writes the body. Returns false if the host accepts no more bytes. The response, or its error, then says why.
    pub(super) fn write(&self, body: &OutgoingBody, mut bytes: &[u8]) -> Result<bool, HttpError> {
        let stream = body.write().map_err(|()| refused("its body was already opened"))?;
        let ready = stream.subscribe();
        let mut is_flushing = false;
        loop {
            let room = match stream.check_write() {
                Ok(room) => usize::try_from(room).unwrap_or(usize::MAX),
                Err(_) => return Ok(false),
            };
            if room == 0 {
                self.wait(&ready)?;
                continue;
            }
            // A stream has room again when its flush has ended.
            if is_flushing {
                return Ok(true);
            }
            let (chunk, rest) = bytes.split_at(room.min(bytes.len()));
            let written = if chunk.is_empty() { Ok(()) } else { stream.write(chunk) };
            bytes = rest;
            is_flushing = bytes.is_empty();
            let flushed = if is_flushing { stream.flush() } else { Ok(()) };
            if written.and(flushed).is_err() {
                return Ok(false);
            }
        }
    }
}

/// The moment on the monotonic clock when this time has passed.
pub(super) fn in_future(time: Duration) -> u64 {
    monotonic_clock::now().saturating_add(nanos(time))
}

fn ready_by(ready: &Pollable, moment: u64) -> bool {
    let time_is_up = monotonic_clock::subscribe_instant(moment);
    poll(&[ready, &time_is_up]).contains(&0)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
