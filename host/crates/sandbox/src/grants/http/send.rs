//! Sends one request, over an idle connection to a checked address or over a new one.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Method, Request, Response, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::timeout;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::body::{Answer, Lease, Sent};
use super::connect::connect;
use super::connection::{Connection, Unanswered};
use super::connections::Connections;
use super::keep_alive::idle_time;
use crate::outbound::Tls;
use toril_config::Origin;

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

/// Where and how a request is sent.
pub struct Target<'a> {
    /// The origin.
    pub origin: &'a Origin,
    /// Its addresses that are allowed now. A connection to any other address is not used.
    pub addresses: &'a [SocketAddr],
    /// The TLS connector.
    pub tls: &'a Tls,
    /// The plugin's idle connections. `None`: the connection is used once.
    pub connections: Option<&'a Arc<Connections<Connection>>>,
    /// The timeouts.
    pub timeouts: Timeouts,
}

/// The response, and a future that sends the rest of the request if the response ends before. Dropping both closes the
/// connection, unless the response has been read to its end.
pub type Answered = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

/// Sends the request and returns the response's head with a streaming body. `permit` is released when the response has
/// been read to its end or was dropped.
pub async fn send(
    request: Request<WasiBody>,
    target: Target<'_>,
    permit: OwnedSemaphorePermit,
) -> Result<Answered, Error> {
    let permit = Arc::new(permit);
    let (parts, body) = origin_form(request)?.into_parts();
    let (body, sent) = Sent::watch(body);
    let mut request = Request::from_parts(parts, body);
    let idle = target.connections.and_then(|connections| connections.take(target.origin, target.addresses));
    if let Some(connection) = idle {
        let copy = repeatable(&request);
        // The server may have closed the connection while it was idle.
        request = match exchange(connection, request, &sent, &target.timeouts, permit.clone()).await {
            Ok(answered) => return Ok(answered),
            Err(Unanswered::Unsent(request, _)) => *request,
            Err(Unanswered::Lost(error)) => copy.ok_or(error)?,
            Err(failed) => return Err(failed.into_error()),
        };
    }
    let connection = open(&target).await?;
    exchange(connection, request, &sent, &target.timeouts, permit).await.map_err(Unanswered::into_error)
}

/// Rebuilds the request for the wire from the checked parts: it contains a path and no authority that could name
/// another host.
fn origin_form(request: Request<WasiBody>) -> Result<Request<WasiBody>, Error> {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = Uri::builder().path_and_query(path).build().map_err(|_| Error::HttpRequestUriInvalid)?;
    Ok(Request::from_parts(parts, body))
}

async fn open(target: &Target<'_>) -> Result<Connection, Error> {
    let wait = target.timeouts.connect;
    let (stream, address) = connect(target.origin, target.addresses, target.tls, wait).await?;
    let idle = target.connections.map_or_else(Weak::new, Arc::downgrade);
    let begun = timeout(wait, Connection::begin(stream, target.origin.clone(), address, idle)).await;
    Ok(begun.map_err(|_| Error::ConnectionTimeout)??)
}

/// Sends a request over this connection.
async fn exchange(
    mut connection: Connection,
    request: Request<WasiBody>,
    sent: &Sent,
    timeouts: &Timeouts,
    permit: Arc<OwnedSemaphorePermit>,
) -> Result<Answered, Unanswered> {
    let is_tunnel = request.method() == Method::CONNECT;
    let answered = timeout(timeouts.first_byte, connection.send(request, permit)).await;
    let response = answered.map_err(|_| Unanswered::Failed(Error::ConnectionReadTimeout))??;
    let idle = if is_tunnel { None } else { idle_time(&response) };
    let (early, rest) = oneshot::channel();
    let lease = Lease { connection, idle, sent: sent.clone(), early };
    let response = response.map(|body| Answer::new(body, timeouts.between_bytes, lease).boxed_unsync());
    let rest = async {
        match rest.await {
            // Its own task sends the request. The owner of this future ends that.
            Ok(_connection) => pending().await,
            Err(_) => Ok(()),
        }
    };
    Ok((response, Box::new(rest)))
}

/// A copy of a request that may be sent twice (RFC 9110, section 9.2.2). `None` if it may not, or if it has a body,
/// which can be read only once.
fn repeatable(request: &Request<WasiBody>) -> Option<Request<WasiBody>> {
    let method = request.method();
    let is_idempotent = [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE].contains(method);
    (is_idempotent && !has_body(request)).then(|| {
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let mut copy = Request::new(body);
        *copy.method_mut() = method.clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.headers_mut() = request.headers().clone();
        copy
    })
}

/// Whether a body is sent. Some SDKs give each request a body, and end it without a byte.
fn has_body(request: &Request<WasiBody>) -> bool {
    let headers = request.headers();
    let length = headers.get(CONTENT_LENGTH);
    if request.body().is_end_stream() || length.is_some_and(|length| length == "0") {
        return false;
    }
    // Without one of these headers, the client sends no body with such a request.
    let is_bodiless = [Method::GET, Method::HEAD].contains(request.method());
    !is_bodiless || length.is_some() || headers.contains_key(TRANSFER_ENCODING)
}

#[cfg(test)]
mod tests;
