//! Sends one request over a new connection, to an address that was checked.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use crate::outbound::Tls;
use toril_config::{Origin, Scheme};

/// Maximum size of a response's head and of its body, in bytes.
const HEAD: usize = 64 * 1024;
const BODY: u64 = 64 * 1024 * 1024;

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// Timeouts of the individual steps.
#[derive(Clone, Copy)]
pub struct Timeouts {
    /// Timeout of the DNS lookup, and separately of the connection.
    pub(super) connect: Duration,
    first_byte: Duration,
    between_bytes: Duration,
}

impl Timeouts {
    /// Uses the guest's timeouts, limited to `time_left`.
    pub fn new(options: RequestOptions, time_left: Duration) -> Self {
        let bounded = |given: Option<Duration>| given.unwrap_or(time_left).min(time_left);
        Self {
            connect: bounded(options.connect_timeout),
            first_byte: bounded(options.first_byte_timeout),
            between_bytes: bounded(options.between_bytes_timeout),
        }
    }
}

/// Sends the request and returns the response's head with a streaming body. `permit` is released when the connection
/// ends.
pub async fn send(
    request: Request<WasiBody>,
    origin: &Origin,
    addresses: &[SocketAddr],
    tls: &Tls,
    timeouts: Timeouts,
    permit: OwnedSemaphorePermit,
) -> Result<(Response<WasiBody>, Io), Error> {
    let stream = connect(origin, addresses, tls, timeouts.connect).await?;
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD);
    let handshake = timeout(timeouts.connect, builder.handshake(TokioIo::new(stream))).await;
    let (mut sender, connection) = handshake.map_err(|_| Error::ConnectionTimeout)??;
    // Drives the connection while the response is read. The task is aborted with the pen, which owns it.
    let driver = wasmtime_wasi::runtime::spawn(async move {
        let _permit = permit;
        // The client receives this error when it reads the body. Returning it here would add a line to the host's log
        // for each request.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection of a plugin's request failed");
        }
        Ok(())
    });
    let request = origin_form(request)?;
    let answer = timeout(timeouts.first_byte, sender.send_request(request)).await;
    let answer = answer.map_err(|_| Error::ConnectionReadTimeout)??;
    let answer = answer.map(|body| Bounded::new(body, timeouts.between_bytes).boxed_unsync());
    Ok((answer, Box::new(driver)))
}

/// Rebuilds the request for the wire from the checked parts: it contains a path and no authority that could name
/// another host.
fn origin_form(request: Request<WasiBody>) -> Result<Request<WasiBody>, Error> {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = Uri::builder().path_and_query(path).build().map_err(|_| Error::HttpRequestUriInvalid)?;
    Ok(Request::from_parts(parts, body))
}

/// Connects to the first address that accepts.
async fn connect(
    origin: &Origin,
    addresses: &[SocketAddr],
    tls: &Tls,
    wait: Duration,
) -> Result<Box<dyn Stream>, Error> {
    let mut last = Error::DestinationNotFound;
    // Each address gets an equal share of the time, so that an unresponsive one does not use up the time of the next.
    let share = wait / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) if origin.scheme() == Scheme::Https => {
                return timeout(wait, secure(stream, origin, tls)).await.map_err(|_| Error::ConnectionTimeout)?;
            }
            Ok(Ok(stream)) => return Ok(Box::new(stream)),
            Ok(Err(error)) => last = Error::Connect(error),
            Err(_) => last = Error::ConnectionTimeout,
        }
    }
    Err(last)
}

async fn secure(stream: TcpStream, origin: &Origin, tls: &Tls) -> Result<Box<dyn Stream>, Error> {
    let host = origin.host().trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(host).map_err(|_| Error::HttpRequestUriInvalid)?;
    let connector = tls.connector().map_err(|reason| Error::InternalError(Some(reason.to_owned())))?;
    Ok(Box::new(connector.connect(name, stream).await.map_err(Error::Tls)?))
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A body with a timeout between chunks and a maximum size.
struct Bounded {
    body: Incoming,
    left: u64,
    wait: Duration,
    /// Boxed so that this type stays `Unpin`.
    late: Pin<Box<Sleep>>,
}

impl Bounded {
    fn new(body: Incoming, wait: Duration) -> Self {
        Self { body, left: BODY, wait, late: Box::pin(sleep_until(Instant::now() + wait)) }
    }
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => frame,
            Poll::Pending => {
                ready!(self.late.as_mut().poll(cx));
                return Poll::Ready(Some(Err(Error::ConnectionReadTimeout)));
            }
        };
        let next = Instant::now() + self.wait;
        self.late.as_mut().reset(next);
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                let size = frame.data_ref().map_or(0, |data| data.len() as u64);
                match self.left.checked_sub(size) {
                    Some(left) => {
                        self.left = left;
                        Some(Ok(frame))
                    }
                    None => Some(Err(Error::HttpResponseBodySize(Some(BODY)))),
                }
            }
            Some(Err(error)) => Some(Err(error.into())),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
