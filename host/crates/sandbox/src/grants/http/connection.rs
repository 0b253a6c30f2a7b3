//! One HTTP/1.1 connection, and the task that drives it. The task belongs to the connection: a request that uses the
//! connection owns it, and so does the list of idle connections. Dropping it closes it.

use std::future::{Future, pending};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::task::AbortOnDropHandle;
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error, WasiBody};

use super::connect::{Received, Stream};
use super::connections::{Connections, Reusable};
use toril_config::Origin;

/// Maximum size of a response's head, in bytes.
const HEAD: usize = 64 * 1024;
/// How long a request's last bytes may take to leave the host after the response has ended.
const SENT: Duration = Duration::from_secs(1);

static OPENED: AtomicU64 = AtomicU64::new(0);

/// A connection. Dropping it closes it.
pub struct Connection {
    /// Distinguishes the connections of this process.
    number: u64,
    origin: Origin,
    address: SocketAddr,
    sender: http1::SendRequest<WasiBody>,
    received: Received,
    notices: mpsc::Sender<Notice>,
    _driver: AbortOnDropHandle<()>,
}

/// Why a request got no answer.
pub enum Unanswered {
    /// Nothing of it was sent. Here it is again.
    Unsent(Box<Request<WasiBody>>, hyper::Error),
    /// The connection ended before the first byte of an answer.
    Lost(hyper::Error),
    /// Anything else.
    Failed(Error),
}

/// A message to the task that drives a connection.
enum Notice {
    /// A request begins, which holds this permit.
    Lent(Arc<OwnedSemaphorePermit>),
    /// The request has ended. The connection may be idle for this long.
    Returned(Connection, Duration),
}

impl Connection {
    /// Begins HTTP on a stream to this address. `idle` gets the connection back when it is returned.
    pub async fn begin(
        stream: Stream,
        origin: Origin,
        address: SocketAddr,
        idle: Weak<Connections<Connection>>,
    ) -> Result<Self, hyper::Error> {
        let received = stream.received();
        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEAD);
        let (sender, http) = builder.handshake(TokioIo::new(stream)).await?;
        let number = OPENED.fetch_add(1, Ordering::Relaxed);
        // Room for both notices of one request. The next request comes after the driver has read them.
        let (notices, received_notices) = mpsc::channel(2);
        let driver = AbortOnDropHandle::new(tokio::spawn(drive(http, received_notices, number, idle)));
        Ok(Self { number, origin, address, sender, received, notices, _driver: driver })
    }

    /// Sends a request. The permit is released when the connection has ended or is idle again.
    pub async fn send(
        &mut self,
        request: Request<WasiBody>,
        permit: Arc<OwnedSemaphorePermit>,
    ) -> Result<Response<Incoming>, Unanswered> {
        // This fails if the driver has ended, and then the request is given back.
        let _ = self.notices.try_send(Notice::Lent(permit));
        let before = self.received.bytes();
        let mut error = match self.sender.try_send_request(request).await {
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        let unsent = error.take_message();
        let error = error.into_error();
        Err(match unsent {
            Some(request) => Unanswered::Unsent(Box::new(request), error),
            None if self.received.bytes() == before && !error.is_user() => Unanswered::Lost(error),
            None => Unanswered::Failed(error.into()),
        })
    }

    /// Gives the connection back after its request and its response have ended. It may be idle for this long.
    pub fn give_back(self, idle: Duration) {
        let notices = self.notices.clone();
        // This fails if the driver has ended, and drops the connection.
        let _ = notices.try_send(Notice::Returned(self, idle));
    }
}

impl Reusable for Connection {
    fn number(&self) -> u64 {
        self.number
    }

    fn leads_to(&self, origin: &Origin, addresses: &[SocketAddr]) -> bool {
        self.origin == *origin && addresses.contains(&self.address)
    }

    fn is_ready(&self) -> bool {
        self.sender.is_ready() && !self.sender.is_closed()
    }
}

impl Unanswered {
    /// The error for the plugin.
    pub fn into_error(self) -> Error {
        match self {
            Self::Unsent(_, error) | Self::Lost(error) => error.into(),
            Self::Failed(error) => error,
        }
    }
}

/// Drives a connection until it ends, is dropped, or has been idle for too long.
async fn drive(
    http: impl Future<Output = hyper::Result<()>>,
    mut notices: mpsc::Receiver<Notice>,
    number: u64,
    connections: Weak<Connections<Connection>>,
) {
    let mut http = pin!(http);
    let mut held = None;
    let mut until = None;
    loop {
        tokio::select! {
            biased;
            ended = &mut http => {
                // The client receives this error when it reads the body. At a higher level it would add a line to the
                // host's log for each request.
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection of a plugin's request failed");
                }
                break;
            }
            Some(notice) = notices.recv() => match notice {
                Notice::Lent(permit) => {
                    held = Some(permit);
                    until = None;
                }
                Notice::Returned(mut connection, idle) => {
                    let Some(connections) = connections.upgrade() else { return };
                    if !is_free(http.as_mut(), &mut connection.sender).await {
                        return;
                    }
                    let end = Instant::now() + idle;
                    connections.put(connection, end);
                    until = Some(end);
                    held = None;
                }
            },
            () = reached(until) => {
                if connections.upgrade().is_none_or(|connections| connections.close(number)) {
                    return;
                }
                // A request has just taken it, and its notice is on the way.
                until = None;
            }
        }
    }
    drop(held);
    if let Some(connections) = connections.upgrade() {
        connections.close(number);
    }
}

/// Drives the connection until everything of its request was sent. Returns false if it has ended instead.
async fn is_free(
    http: Pin<&mut impl Future<Output = hyper::Result<()>>>,
    sender: &mut http1::SendRequest<WasiBody>,
) -> bool {
    tokio::select! {
        biased;
        _ = http => false,
        free = timeout(SENT, sender.ready()) => matches!(free, Ok(Ok(()))),
    }
}

async fn reached(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}
