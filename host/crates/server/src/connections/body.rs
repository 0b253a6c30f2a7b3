//! Request bodies, which have a time limit, and response bodies, which record when they are sent.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::Sleep;

use super::table::{Place, Stage};

/// The time limit of a request's body. It is shorter than the time that a change waits for its response.
const LIMIT: Duration = Duration::from_secs(20);

/// Why a body was not read to its end.
#[derive(Debug, thiserror::Error)]
#[error("the request's body took longer than {} s", LIMIT.as_secs())]
pub struct TooSlow;

/// The body of a request.
pub struct Received {
    body: Incoming,
    deadline: Pin<Box<Sleep>>,
    place: Arc<Place>,
}

impl Received {
    /// The body must end within [`LIMIT`] from now.
    pub fn new(body: Incoming, place: Arc<Place>) -> Self {
        Self { body, deadline: Box::pin(tokio::time::sleep(LIMIT)), place }
    }
}

impl hyper::body::Body for Received {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if frame.is_pending() && self.deadline.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(TooSlow.into())));
        }
        if matches!(frame, Poll::Ready(None)) {
            self.place.set(Stage::Answering);
        }
        frame.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of a response. When it is dropped, the connection waits for its next request.
pub struct Sent {
    body: Body,
    place: Arc<Place>,
}

impl Sent {
    /// The body of a response on this connection.
    pub fn new(body: Body, place: Arc<Place>) -> Self {
        Self { body, place }
    }
}

impl hyper::body::Body for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.place.set(Stage::Receiving);
    }
}
