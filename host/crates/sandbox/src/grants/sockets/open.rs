//! The bytes of an open connection. At most [`CHUNK`] bytes that the guest has not read and at most [`ROOM`] bytes that are
//! not sent are kept. Whoever polls a connection also sends what is unsent, so no task is needed that could outlive its pen.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::format_err;
use wasmtime_wasi::p2::{StreamError, StreamResult};

/// Maximum number of bytes that are read at once.
const CHUNK: usize = 16 * 1024;
/// Maximum number of bytes that are not sent.
const ROOM: usize = 64 * 1024;

/// A connection, encrypted or not.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The places that an open connection takes: in its attempt, and in its plugin.
pub type Places = [OwnedSemaphorePermit; 2];

/// An open connection.
pub struct Open {
    stream: Box<dyn Stream>,
    pub local: SocketAddr,
    pub remote: SocketAddr,
    places: Places,
    chunk: Box<[u8]>,
    unread: Bytes,
    unsent: BytesMut,
    /// How many bytes the guest may write before it asks again.
    permitted: usize,
    /// Whether bytes may wait in the stream itself, as TLS has them.
    flushed: bool,
    reading: Half,
    writing: Half,
}

/// One direction of a connection.
enum Half {
    Open,
    /// The guest has ended it, or the other side.
    Ended,
    /// It ends when all bytes are sent.
    Ending,
    /// The guest has not seen the error yet.
    Failed(io::Error),
}

impl Half {
    /// The error for a call on a half that is not open. The guest sees the reason once.
    fn error(&mut self) -> StreamError {
        match std::mem::replace(self, Self::Ended) {
            Self::Failed(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                StreamError::LastOperationFailed(error.into())
            }
            _ => StreamError::Closed,
        }
    }
}

impl Open {
    /// Starts with no bytes.
    pub fn new(stream: Box<dyn Stream>, [local, remote]: [SocketAddr; 2], places: Places) -> Self {
        Self {
            stream,
            local,
            remote,
            places,
            chunk: Box::default(),
            unread: Bytes::new(),
            unsent: BytesMut::new(),
            permitted: 0,
            flushed: true,
            reading: Half::Open,
            writing: Half::Open,
        }
    }

    /// The stream itself, for a handshake. Fails if bytes have arrived that the handshake would not see: otherwise they would
    /// count as encrypted ones.
    pub fn into_stream(self) -> Result<(Box<dyn Stream>, [SocketAddr; 2], Places), io::Error> {
        let unread = self.unread.len();
        if unread > 0 {
            return Err(io::Error::other(format!("the server has sent {unread} bytes before the handshake")));
        }
        match (self.reading, self.writing) {
            (Half::Open, Half::Open) => Ok((self.stream, [self.local, self.remote], self.places)),
            (Half::Failed(error), _) | (_, Half::Failed(error)) => Err(error),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Ready when there is something to read, or nothing will come any more. The result is the number of bytes that have
    /// just arrived.
    pub fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        if !self.unread.is_empty() || !matches!(self.reading, Half::Open) {
            return Poll::Ready(0);
        }
        if self.chunk.is_empty() {
            self.chunk = vec![0; CHUNK].into();
        }
        let mut buffer = ReadBuf::new(&mut self.chunk);
        let result = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
        self.unread = Bytes::copy_from_slice(buffer.filled());
        match result {
            Ok(()) if self.unread.is_empty() => self.reading = Half::Ended,
            Ok(()) => {}
            Err(error) => self.reading = Half::Failed(error),
        }
        Poll::Ready(self.unread.len())
    }

    /// Takes bytes that have arrived, at most `size`. Empty: none have arrived yet.
    pub fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        match self.reading {
            _ if !self.unread.is_empty() => Ok(self.unread.split_to(size.min(self.unread.len()))),
            Half::Open => Ok(Bytes::new()),
            _ => Err(self.reading.error()),
        }
    }

    /// Ready when nothing is unsent, or nothing can be sent any more. `sent` gets the number of bytes that were sent.
    pub fn poll_sent(&mut self, cx: &mut Context<'_>, sent: &mut usize) -> Poll<()> {
        let result = ready!(self.poll_send(cx, sent));
        match result {
            Err(error) => {
                self.unsent.clear();
                self.writing = Half::Failed(error);
            }
            Ok(()) if matches!(self.writing, Half::Ending) => self.writing = Half::Ended,
            Ok(()) => {}
        }
        Poll::Ready(())
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, sent: &mut usize) -> Poll<io::Result<()>> {
        if matches!(self.writing, Half::Ended | Half::Failed(_)) {
            return Poll::Ready(Ok(()));
        }
        while !self.unsent.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.unsent))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unsent.advance(written);
            self.flushed = false;
            *sent += written;
        }
        if !self.flushed {
            ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
            self.flushed = true;
        }
        if matches!(self.writing, Half::Ending) {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        }
        Poll::Ready(Ok(()))
    }

    /// How many bytes the guest may write now. 0: it has to wait until what it wrote is sent.
    pub fn check_write(&mut self, all_sent: bool) -> StreamResult<usize> {
        match &mut self.writing {
            Half::Open => {
                self.permitted = if all_sent { ROOM } else { 0 };
                Ok(self.permitted)
            }
            other => Err(other.error()),
        }
    }

    /// Takes bytes to send.
    pub fn write(&mut self, bytes: &[u8]) -> StreamResult<()> {
        if !matches!(self.writing, Half::Open) {
            return Err(self.writing.error());
        }
        let Some(left) = self.permitted.checked_sub(bytes.len()) else {
            return Err(StreamError::Trap(format_err!(
                "it wrote {} bytes to a connection that had room for {}",
                bytes.len(),
                self.permitted
            )));
        };
        self.permitted = left;
        self.unsent.extend_from_slice(bytes);
        Ok(())
    }

    /// Whether the guest has written what is not sent.
    pub fn is_open_for_writing(&mut self) -> StreamResult<()> {
        match &mut self.writing {
            Half::Open => Ok(()),
            other => Err(other.error()),
        }
    }

    /// Ends reading. What has arrived is dropped.
    pub fn end_reading(&mut self) {
        self.unread = Bytes::new();
        self.reading = Half::Ended;
    }

    /// Ends writing once all bytes are sent.
    pub fn end_writing(&mut self) {
        if matches!(self.writing, Half::Open) {
            self.writing = Half::Ending;
        }
    }
}
