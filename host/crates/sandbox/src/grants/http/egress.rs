//! Checks each request of one pen against the grant, and hands the allowed ones to the transport.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue, Request};
use tokio::sync::Semaphore;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks,
};

use super::placeholder::{self, Placeholder};
use super::prepared::Prepared;
use super::route::Route;
use super::send::Timeouts;
use super::transport::SendResult;
use crate::current_job::CurrentJob;
use crate::denials::Denials;
use crate::limits::HTTP_CHUNK;
use toril_config::Origin;
use toril_job::trace::{Kind, Trace};

/// Maximum number of concurrent requests per pen.
const CONCURRENT: u32 = 16;
/// How long to wait for the connection of an abandoned request to close.
const CLOSING: Duration = Duration::from_millis(100);

/// Checks each request of one pen.
pub struct Egress {
    prepared: Arc<Prepared>,
    /// Whether a job is running. `describe` has no network access, so that a version describes itself identically
    /// wherever it is loaded.
    has_job: bool,
    /// One permit for each concurrent request.
    permits: Arc<Semaphore>,
    started: Instant,
    /// Collects denied requests.
    denials: Denials,
    /// Time left of the attempt when this was created. It limits each wait for which the guest sets no timeout.
    time_left: Duration,
    /// The attempt's span.
    trace: Trace,
}

impl Egress {
    /// Checks the requests of this job.
    pub fn new(prepared: Arc<Prepared>, job: &CurrentJob) -> Self {
        Self {
            prepared,
            has_job: job.context.is_some(),
            permits: Arc::new(Semaphore::new(CONCURRENT as usize)),
            started: Instant::now(),
            denials: job.denials.clone(),
            time_left: job.remaining(),
            trace: job.trace.clone(),
        }
    }

    /// Whether no request is running, and no response is left to read. Waits briefly for connections that are just
    /// closing. Idle connections belong to the plugin, not to a job.
    pub async fn is_quiet(&self) -> bool {
        let closed = self.permits.acquire_many(CONCURRENT);
        tokio::time::timeout(CLOSING, closed).await.is_ok_and(|closed| closed.is_ok())
    }

    fn check(&mut self, request: &Request<WasiBody>) -> Result<Origin, Error> {
        let uri = request.uri();
        let scheme = uri.scheme_str().unwrap_or_default();
        let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        if self.has_job
            && let Some(origin) = self.prepared.origins.iter().find(|origin| origin.matches(scheme, authority))
        {
            return Ok(origin.clone());
        }
        // The authority may contain user information, which is a secret of the plugin.
        let host = authority.rsplit('@').next().unwrap_or_default();
        let origin = format!("{scheme}://{host}");
        let reason = format!(
            "plugin {plugin} may not send requests to {origin}: add \"{origin}\" to `http` under [plugins.{plugin}] in the configuration to allow it",
            plugin = self.prepared.plugin
        );
        self.denials.add_origin(origin, reason);
        Err(Error::HttpRequestDenied)
    }

    /// Replaces placeholders with secrets. Returns the secrets that the request contains now.
    fn fill(&self, origin: &Origin, request: &mut Request<WasiBody>) -> Result<Vec<Placeholder>, Error> {
        placeholder::fill(&self.prepared.secrets, origin, request.headers_mut()).map_err(|misplaced| {
            let plugin = &self.prepared.plugin;
            self.denials.add(format!(
                "plugin {plugin} may send the secret {} only to {} in the header {}: the request to {origin} had it in the header {}; correct the plugin, or `send_secrets` under [plugins.{plugin}] in the configuration",
                misplaced.secret, misplaced.origin, misplaced.header, misplaced.found
            ));
            Error::HttpRequestDenied
        })
    }

    /// How long the request must wait because of the rate limit.
    fn turn(&self) -> Result<Duration, Error> {
        let left = self.time_left.saturating_sub(self.started.elapsed());
        self.prepared.rate.turn(left).map_err(|wait| {
            let plugin = &self.prepared.plugin;
            let reason = format!(
                "plugin {plugin} sends more requests than {}: the next one would be sent in {}, and the attempt has {} left; raise `http_rate` under [plugins.{plugin}] in the configuration to allow more",
                self.prepared.rate,
                humantime::format_duration(Duration::from_millis(milliseconds(wait))),
                humantime::format_duration(Duration::from_millis(milliseconds(left)))
            );
            self.denials.add(reason.clone());
            Error::InternalError(Some(reason))
        })
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Starts a span for a request and propagates its context in the headers, unless the plugin has set its own. The path
/// is left out because it may contain a secret.
fn begin(trace: &Trace, request: &mut Request<WasiBody>) -> Trace {
    let span = trace.child(request.method().to_string(), Kind::Client);
    span.note("http.request.method", request.method().to_string());
    if let Some(host) = request.uri().host() {
        span.note("server.address", host.to_owned());
    }
    if let Some(port) = request.uri().port_u16() {
        span.note("server.port", i64::from(port));
    }
    for (name, value) in span.carrier().into_iter().flatten() {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            request.headers_mut().entry(name).or_insert(value);
        }
    }
    span
}

impl WasiHttpHooks for Egress {
    /// The guest cannot set `Host`: the host sets it from the checked origin.
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|name: &HeaderName| DEFAULT_FORBIDDEN_HEADERS.contains(name))
    }

    // Both sizes apply to each body separately. `Unsent` limits all bodies together.
    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        HTTP_CHUNK
    }

    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        1
    }

    // The library's default hooks log a warning on each call, at a rate that the plugin controls. `Failures` has
    // already logged these errors.
    fn p2_error_from_hyper(&mut self, _error: &hyper::Error) -> ErrorCode {
        ErrorCode::HttpProtocolError
    }

    fn p2_error_from_connect(&mut self, _error: &std::io::Error) -> ErrorCode {
        ErrorCode::ConnectionRefused
    }

    fn p2_error_from_tls(&mut self, _error: &std::io::Error) -> ErrorCode {
        ErrorCode::TlsProtocolError
    }

    fn send_request(
        &mut self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _fut: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = SendResult> + Send> {
        let origin = match self.check(&request) {
            Ok(origin) => origin,
            Err(error) => return Box::new(async move { Err(error) }),
        };
        let secrets = match self.fill(&origin, &mut request) {
            Ok(secrets) => secrets,
            Err(error) => return Box::new(async move { Err(error) }),
        };
        let Ok(permit) = self.permits.clone().try_acquire_owned() else {
            return Box::new(async { Err(Error::ConnectionLimitReached) });
        };
        let turn = match self.turn() {
            Ok(turn) => turn,
            Err(error) => return Box::new(async move { Err(error) }),
        };
        let to = origin.clone();
        let route = Route {
            origin,
            secrets,
            outbound: self.prepared.outbound.clone(),
            plugin: self.prepared.plugin.clone(),
            denials: self.denials.clone(),
            connections: self.prepared.connections.clone(),
            timeouts: Timeouts::new(options.unwrap_or_default(), self.time_left),
            permit,
        };
        let span = begin(&self.trace, &mut request);
        let prepared = self.prepared.clone();
        Box::new(async move {
            if !turn.is_zero() {
                tokio::time::sleep(turn).await;
            }
            let sent = prepared.transport.send(request, route).await;
            match &sent {
                Ok((answer, _)) => span.note("http.response.status_code", i64::from(answer.status().as_u16())),
                Err(error) => {
                    prepared.failures.log(&prepared.plugin, &to, error);
                    span.fail("no answer");
                }
            }
            span.end();
            sent
        })
    }
}
