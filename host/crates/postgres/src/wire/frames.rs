//! Frames on a socket: whole messages of the server, none of which is longer than its limit.

use std::io;

use bytes::BytesMut;
use futures::FutureExt;
use postgres_protocol::message::backend::{DATA_ROW_TAG, Header, Message};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The room that is made for each read, in bytes.
const CHUNK: usize = 16 * 1024;
/// An idle session keeps no larger buffer than this, in bytes.
const IDLE_BUFFER: usize = 64 * 1024;

/// A connection to a server, with TLS or without.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Socket for T {}

/// Why a message cannot be read or sent. The session cannot be used after that.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    #[error("the server closed the connection")]
    Closed,
    #[error("the connection failed: {0}")]
    Io(io::Error),
    #[error("the server sent a row of {0} bytes")]
    LongRow(usize),
    #[error("the server sent a message of {0} bytes")]
    LongMessage(usize),
    #[error("the server broke the protocol: {0}")]
    Violation(&'static str),
}

impl From<io::Error> for WireError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Io(error),
        }
    }
}

/// The longest messages that are read, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// For rows.
    pub row: usize,
    /// For all other messages.
    pub other: usize,
}

/// A socket that carries messages.
pub(crate) struct Frames {
    socket: Box<dyn Socket>,
    input: BytesMut,
    limits: Limits,
    /// All bytes that were read, to bound what is read and discarded.
    received: u64,
}

impl Frames {
    pub(crate) fn new(socket: Box<dyn Socket>, limits: Limits) -> Self {
        Self { socket, input: BytesMut::new(), limits, received: 0 }
    }

    pub(crate) fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// How many bytes were read so far.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Takes the next message out of what was read. None: a part of it is missing.
    ///
    /// The length in the header is checked before the body is read, so that no message takes more memory than its limit.
    pub(crate) fn next(&mut self) -> Result<Option<Message>, WireError> {
        let header =
            Header::parse(&self.input).map_err(|_| WireError::Violation("a message has an impossible length"))?;
        let Some(header) = header else { return Ok(None) };
        let length = usize::try_from(header.len()).unwrap_or(usize::MAX);
        if header.tag() == DATA_ROW_TAG && length > self.limits.row {
            return Err(WireError::LongRow(length));
        }
        if header.tag() != DATA_ROW_TAG && length > self.limits.other {
            return Err(WireError::LongMessage(length));
        }
        Message::parse(&mut self.input).map_err(|_| WireError::Violation("a message is unknown or malformed"))
    }

    /// Reads more. Can be cancelled without a loss.
    pub(crate) async fn fill(&mut self) -> Result<(), WireError> {
        self.input.reserve(CHUNK);
        match self.socket.read_buf(&mut self.input).await? {
            0 => Err(WireError::Closed),
            read => {
                self.received += read as u64;
                Ok(())
            }
        }
    }

    /// Waits for the next message. Can be cancelled without a loss.
    pub(crate) async fn receive(&mut self) -> Result<Message, WireError> {
        loop {
            if let Some(message) = self.next()? {
                return Ok(message);
            }
            self.fill().await?;
        }
    }

    /// Reads what has arrived already, without waiting. False: nothing has.
    pub(crate) fn fill_now(&mut self) -> Result<bool, WireError> {
        match self.fill().now_or_never() {
            Some(read) => read.map(|()| true),
            None => Ok(false),
        }
    }

    /// Sends bytes. If it is cancelled, a part may have been sent, and the session is of no further use.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        self.socket.write_all(bytes).await?;
        self.socket.flush().await?;
        Ok(())
    }

    /// Ends the connection politely. Errors are of no interest any more.
    pub(crate) async fn shut_down(&mut self) {
        let _ = self.socket.shutdown().await;
    }

    /// Gives memory back that a large answer has taken.
    pub(crate) fn shrink(&mut self) {
        if self.input.is_empty() && self.input.capacity() > IDLE_BUFFER {
            self.input = BytesMut::new();
        }
    }
}
