//! The bytes of an open connection. At most [`CHUNK`] bytes that the guest has not read and at most [`ROOM`] bytes that
//! are not sent are kept. Each poll of a connection also sends unsent bytes, so no task is needed that could outlive its
//! pen.

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

/// A connection without its bytes.
pub struct Parts {
    pub stream: Box<dyn Stream>,
    /// The local and the remote address.
    pub addresses: [SocketAddr; 2],
    pub places: Places,
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

    /// The connection without its bytes, for a handshake. Fails if bytes have arrived that the handshake would not see:
    /// otherwise they would count as encrypted ones.
    pub fn into_parts(self) -> io::Result<Parts> {
        let unread = self.unread.len();
        if unread > 0 {
            return Err(io::Error::other(format!("the server has sent {unread} bytes before the handshake")));
        }
        match (self.reading, self.writing) {
            (Half::Open, Half::Open) => {
                Ok(Parts { stream: self.stream, addresses: [self.local, self.remote], places: self.places })
            }
            (Half::Failed(error), _) | (_, Half::Failed(error)) => Err(error),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Ready when there is something to read, or nothing will come any more. The result is the number of bytes that
    /// have just arrived.
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::sync::Semaphore;

    use super::super::connection::now;
    use super::*;

    /// A connection whose other side holds at most `room` bytes that were not read.
    fn open(room: usize) -> (Open, DuplexStream) {
        let (mine, theirs) = duplex(room);
        let place = || Arc::new(Semaphore::new(1)).try_acquire_owned().expect("a place");
        let address = SocketAddr::from(([127, 0, 0, 1], 9));
        (Open::new(Box::new(mine), [address; 2], [place(), place()]), theirs)
    }

    fn sent(open: &mut Open) -> (bool, usize) {
        let mut sent = 0;
        (open.poll_sent(&mut now(), &mut sent).is_ready(), sent)
    }

    fn readable(open: &mut Open) -> bool {
        open.poll_readable(&mut now()).is_ready()
    }

    #[tokio::test]
    async fn what_arrives_is_read_in_parts_and_its_end_is_seen_after_it() {
        let (mut open, mut server) = open(100);
        assert!(!readable(&mut open) && open.read(10).expect("open").is_empty());
        server.write_all(b"hello").await.expect("room");
        drop(server);
        assert!(readable(&mut open));
        assert_eq!(open.read(3).expect("bytes"), "hel");
        assert_eq!(open.read(100).expect("bytes"), "lo");
        assert!(readable(&mut open));
        assert!(matches!(open.read(1), Err(StreamError::Closed)));
    }

    #[tokio::test]
    async fn only_so_much_is_read_ahead() {
        let (mut open, mut server) = open(10 * CHUNK);
        server.write_all(&[b'x'; 3 * CHUNK]).await.expect("room");
        assert!(readable(&mut open) && readable(&mut open));
        assert_eq!(open.read(usize::MAX).expect("bytes").len(), CHUNK);
    }

    #[tokio::test]
    async fn a_guest_may_write_as_much_as_there_is_room_for_and_then_waits() {
        let (mut open, mut server) = open(10);
        assert_eq!(open.check_write(true).expect("open"), ROOM);
        open.write(b"a request of 27 bytes in all").expect("room");
        assert_eq!(sent(&mut open), (false, 10));
        assert_eq!(open.check_write(false).expect("open"), 0);
        assert!(matches!(open.write(b"more"), Err(StreamError::Trap(_))));
        let mut got = [0; 10];
        server.read_exact(&mut got).await.expect("bytes");
        assert_eq!(sent(&mut open), (false, 10));
    }

    #[tokio::test]
    async fn writing_ends_after_the_last_byte_and_reading_goes_on() {
        let (mut open, mut server) = open(100);
        open.check_write(true).expect("open");
        open.write(b"bye").expect("room");
        open.end_writing();
        assert_eq!(sent(&mut open), (true, 3));
        let mut all = String::new();
        server.read_to_string(&mut all).await.expect("text");
        assert_eq!(all, "bye");
        assert!(matches!(open.check_write(true), Err(StreamError::Closed)));
        server.write_all(b"!").await.expect("room");
        assert!(readable(&mut open));
        assert_eq!(open.read(9).expect("bytes"), "!");
    }

    #[tokio::test]
    async fn a_write_that_failed_is_reported() {
        let (mut open, server) = open(100);
        drop(server);
        open.check_write(true).expect("open");
        open.write(b"hello").expect("room");
        assert!(sent(&mut open).0);
        assert!(matches!(open.check_write(true), Err(StreamError::Closed | StreamError::LastOperationFailed(_))));
        assert!(matches!(open.check_write(true), Err(StreamError::Closed)));
    }

    #[tokio::test]
    async fn a_handshake_gets_no_stream_with_unread_bytes() {
        let (mut open, mut server) = open(100);
        server.write_all(b"injected").await.expect("room");
        assert!(readable(&mut open));
        let error = open.into_parts().err().expect("an error").to_string();
        assert_eq!(error, "the server has sent 8 bytes before the handshake");
    }
}
