//! Opens the stream of a connection, to an address that was checked.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use wasmtime_wasi_http::Error;

use crate::outbound::Tls;
use toril_config::{Origin, Scheme};

/// Connects to the first address that accepts, with TLS if the origin has it. Returns that address, too.
pub async fn connect(
    origin: &Origin,
    addresses: &[SocketAddr],
    tls: &Tls,
    wait: Duration,
) -> Result<(Stream, SocketAddr), Error> {
    let mut last = Error::DestinationNotFound;
    // Each address gets an equal share of the time, so that an unresponsive one does not use up the time of the next.
    let share = wait / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Without this, a body that follows its head waits for the server's delayed acknowledgement.
                let _ = stream.set_nodelay(true);
                let secured = match origin.scheme() {
                    Scheme::Http => Stream::new(stream),
                    Scheme::Https => {
                        timeout(wait, secure(stream, origin, tls)).await.map_err(|_| Error::ConnectionTimeout)??
                    }
                };
                return Ok((secured, *address));
            }
            Ok(Err(error)) => last = Error::Connect(error),
            Err(_) => last = Error::ConnectionTimeout,
        }
    }
    Err(last)
}

async fn secure(stream: TcpStream, origin: &Origin, tls: &Tls) -> Result<Stream, Error> {
    let host = origin.host().trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(host).map_err(|_| Error::HttpRequestUriInvalid)?;
    let connector = tls.connector().map_err(|reason| Error::InternalError(Some(reason.to_owned())))?;
    Ok(Stream::new(connector.connect(name, stream).await.map_err(Error::Tls)?))
}

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// An open stream that counts the bytes that it has received.
pub struct Stream {
    io: Box<dyn Io>,
    received: Received,
}

/// How many bytes a stream has received, after decryption.
#[derive(Clone, Default)]
pub struct Received(Arc<AtomicU64>);

impl Received {
    /// The number of bytes so far.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Stream {
    fn new(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self { io: Box::new(io), received: Received::default() }
    }

    /// The count of received bytes.
    pub fn received(&self) -> Received {
        self.received.clone()
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buffer);
        self.received.0.fetch_add((buffer.filled().len() - before) as u64, Ordering::Relaxed);
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
