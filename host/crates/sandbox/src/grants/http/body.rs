//! The bodies of a request and of its response. They decide when the connection is free for another request.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep_until};
use wasmtime_wasi_http::{Error, WasiBody};

use super::connection::Connection;

/// Maximum size of a response's body, in bytes.
const BODY: u64 = 64 * 1024 * 1024;

/// Whether the body of a request is no longer needed, because it was sent or because its connection has ended.
#[derive(Clone)]
pub struct Sent(Arc<AtomicBool>);

impl Sent {
    /// Watches this body.
    pub fn watch(body: WasiBody) -> (WasiBody, Self) {
        let sent = Self(Arc::new(AtomicBool::new(body.is_end_stream())));
        if sent.is_sent() {
            return (body, sent);
        }
        (Watched { body, sent: sent.clone() }.boxed_unsync(), sent)
    }

    fn is_sent(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The body of a request. The connection drops it when it has the last byte.
struct Watched {
    body: WasiBody,
    sent: Sent,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.sent.0.store(true, Ordering::Release);
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The connection of a response that is being read. Dropping it closes the connection, unless it was handed over.
pub struct Lease {
    /// The connection.
    pub connection: Connection,
    /// How long it may be idle afterwards. `None`: it must not be used again.
    pub idle: Option<Duration>,
    /// Whether the request was sent.
    pub sent: Sent,
    /// Takes the connection if the response ends before the request was sent.
    pub early: oneshot::Sender<Connection>,
}

/// The body of a response, with a timeout between chunks and a maximum size. It gives its connection back when it was
/// read to its end, and closes it when it is dropped before.
pub struct Answer {
    body: Incoming,
    left: u64,
    wait: Duration,
    /// Boxed so that this type stays `Unpin`.
    late: Pin<Box<Sleep>>,
    lease: Option<Lease>,
}

impl Answer {
    /// The body of a response on this connection.
    pub fn new(body: Incoming, wait: Duration, lease: Lease) -> Self {
        let late = Box::pin(sleep_until(Instant::now() + wait));
        let mut answer = Self { body, left: BODY, wait, late, lease: Some(lease) };
        if answer.body.is_end_stream() {
            answer.end();
        }
        answer
    }

    /// Ends the use of the connection by the response. If the server has answered early, the plugin may still send its
    /// request.
    fn end(&mut self) {
        let Some(Lease { connection, idle, sent, early }) = self.lease.take() else { return };
        if !sent.is_sent() {
            // This fails if nobody sends it any more, and drops the connection.
            let _ = early.send(connection);
        } else if let Some(idle) = idle {
            connection.give_back(idle);
        }
    }

    /// Counts a frame.
    fn accept(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, Error> {
        let size = frame.data_ref().map_or(0, |data| data.len() as u64);
        match self.left.checked_sub(size) {
            Some(left) => self.left = left,
            None => return Err(Error::HttpResponseBodySize(Some(BODY))),
        }
        // A reader that has the last bytes, or the trailers, does not ask for more.
        if frame.is_trailers() || self.body.is_end_stream() {
            self.end();
        }
        Ok(frame)
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => frame,
            Poll::Pending => {
                ready!(self.late.as_mut().poll(cx));
                self.lease = None;
                return Poll::Ready(Some(Err(Error::ConnectionReadTimeout)));
            }
        };
        let next = Instant::now() + self.wait;
        self.late.as_mut().reset(next);
        let Some(frame) = frame else {
            self.end();
            return Poll::Ready(None);
        };
        let accepted = frame.map_err(Error::from).and_then(|frame| self.accept(frame));
        if accepted.is_err() {
            self.lease = None;
        }
        Poll::Ready(Some(accepted))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
