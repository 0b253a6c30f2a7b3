//! A connection of an attempt, which its socket and its streams share. The end of the attempt closes it, even if the
//! guest still has handles of it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures::future::BoxFuture;
use wasmtime_wasi::p2::bindings::sockets::network::ErrorCode;
use wasmtime_wasi::p2::{StreamError, StreamResult};

use super::open::Open;
use super::prepared::Target;

/// A connection that is being opened. Nothing happens until it is polled.
pub type Opening = BoxFuture<'static, Result<Open, ErrorCode>>;
/// A connection that is being encrypted.
pub type Encrypting = BoxFuture<'static, io::Result<Open>>;

/// A connection of an attempt.
pub struct Connection {
    target: Arc<Target>,
    state: Mutex<State>,
}

enum State {
    Opening(Opening),
    Open(Box<Open>),
    Encrypting(Encrypting),
    Closed(ErrorCode),
}

impl Connection {
    /// A connection to this server.
    pub fn new(target: Arc<Target>, opening: Opening) -> Arc<Self> {
        Arc::new(Self { target, state: Mutex::new(State::Opening(opening)) })
    }

    /// The server.
    pub fn target(&self) -> &Arc<Target> {
        &self.target
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the connection at once. Later calls on its handles fail.
    pub fn close(&self) {
        *self.state() = State::Closed(ErrorCode::ConnectionAborted);
    }

    /// Ready when the connection is open, or could not be opened.
    pub fn poll_opened(&self, cx: &mut Context<'_>) -> Poll<Result<(), ErrorCode>> {
        let mut state = self.state();
        if let State::Opening(opening) = &mut *state {
            *state = match std::task::ready!(opening.as_mut().poll(cx)) {
                Ok(open) => State::Open(Box::new(open)),
                Err(code) => State::Closed(code),
            };
        }
        Poll::Ready(match &*state {
            State::Closed(code) => Err(*code),
            _ => Ok(()),
        })
    }

    /// The local and the remote address of an open connection.
    pub fn addresses(&self) -> Result<[SocketAddr; 2], ErrorCode> {
        match &*self.state() {
            State::Open(open) => Ok([open.local, open.remote]),
            State::Closed(code) => Err(*code),
            State::Opening(_) | State::Encrypting(_) => Err(ErrorCode::InvalidState),
        }
    }

    /// Ready when there is something to read, or reading fails.
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state();
        let State::Open(open) = &mut *state else { return Poll::Ready(()) };
        // A guest that waits for an answer has not always waited until its request was sent.
        let _unsent = self.poll_open_sent(open, cx);
        let received = std::task::ready!(open.poll_readable(cx));
        self.target.meters.received(received);
        Poll::Ready(())
    }

    /// Ready when all bytes are sent, or sending fails.
    pub fn poll_sent(&self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut *self.state() {
            State::Open(open) => self.poll_open_sent(open, cx),
            _ => Poll::Ready(()),
        }
    }

    fn poll_open_sent(&self, open: &mut Open, cx: &mut Context<'_>) -> Poll<()> {
        let mut sent = 0;
        let polled = open.poll_sent(cx, &mut sent);
        if sent > 0 {
            self.target.meters.sent(sent);
        }
        polled
    }

    /// Takes bytes that have arrived, at most `size`. Empty: none have arrived yet.
    pub fn read(&self, size: usize) -> StreamResult<Bytes> {
        let _not_yet = self.poll_readable(&mut now());
        self.open(|open| open.read(size))
    }

    /// How many bytes the guest may write now. 0: it has to wait.
    pub fn check_write(&self) -> StreamResult<usize> {
        let all_sent = self.poll_sent(&mut now()).is_ready();
        self.open(|open| open.check_write(all_sent))
    }

    /// Takes bytes to send, and sends what can be sent at once.
    pub fn write(&self, bytes: &[u8]) -> StreamResult<()> {
        self.open(|open| open.write(bytes))?;
        let _not_yet = self.poll_sent(&mut now());
        Ok(())
    }

    /// Fails if nothing can be sent any more. Nothing else is to do for a flush: [`check_write`](Self::check_write)
    /// waits until everything is sent.
    pub fn flush(&self) -> StreamResult<()> {
        self.open(Open::is_open_for_writing)
    }

    /// Ends one or both directions.
    pub fn shut_down(&self, reading: bool, writing: bool) -> Result<(), ErrorCode> {
        self.open(|open| {
            if reading {
                open.end_reading();
            }
            if writing {
                open.end_writing();
            }
            Ok(())
        })
        .map_err(|_| ErrorCode::InvalidState)?;
        let _not_yet = self.poll_sent(&mut now());
        Ok(())
    }

    fn open<T>(&self, call: impl FnOnce(&mut Open) -> StreamResult<T>) -> StreamResult<T> {
        match &mut *self.state() {
            State::Open(open) => call(open),
            _ => Err(StreamError::Closed),
        }
    }

    /// Encrypts the connection. `encrypt` gets it in the state in which the guest left it. If it is not open, nothing
    /// happens.
    pub fn encrypt(&self, encrypt: impl FnOnce(Open) -> Encrypting) {
        let mut state = self.state();
        *state = match std::mem::replace(&mut *state, State::Closed(ErrorCode::InvalidState)) {
            State::Open(open) => State::Encrypting(encrypt(*open)),
            other => other,
        };
    }

    /// Ready when the handshake has ended. It reports an error once.
    pub fn poll_encrypted(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.state();
        if let State::Encrypting(encrypting) = &mut *state {
            match std::task::ready!(encrypting.as_mut().poll(cx)) {
                Ok(open) => *state = State::Open(Box::new(open)),
                Err(error) => {
                    *state = State::Closed(ErrorCode::ConnectionAborted);
                    return Poll::Ready(Err(error));
                }
            }
        }
        Poll::Ready(match &*state {
            State::Closed(_) => Err(io::ErrorKind::NotConnected.into()),
            _ => Ok(()),
        })
    }
}

/// For a poll whose caller does not wait.
pub fn now() -> Context<'static> {
    Context::from_waker(Waker::noop())
}
