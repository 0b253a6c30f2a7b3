//! Outgoing HTTP of a pen. Requests may go only to the origins in the plugin's entry, only to addresses that those
//! origins may lead to, and only to the exact address that was checked.

mod address;
mod failures;
mod lookups;
mod placeholder;
mod rate;
mod send;
mod tape;
mod tls;
mod transport;
mod unsent;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue, Request};
use ipnet::IpNet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks,
};

pub use failures::Failures;
pub use lookups::Lookups;
pub use placeholder::Placeholder;
pub use rate::RequestRate;
pub use tape::{Answer, Asked, Body, Exchange, Tape, TapeError};
pub use tls::Tls;
pub use transport::{Network, Recorder, Replayer, Sent, Transport};
pub use unsent::{Unsent, add_to_linker};

use crate::denials::Denials;
use crate::limits::HTTP_CHUNK;
use crate::settings::Settings;
use address::Resolved;
use send::Waits;
use toril_config::Origin;
use toril_job::trace::{Kind, Trace};

/// Maximum number of concurrent requests per pen.
const CONCURRENT: u32 = 16;
/// How long to wait for an abandoned connection to close.
const CLOSING: Duration = Duration::from_millis(100);

/// Checks each request of one pen.
pub struct Egress {
    plugin: Arc<str>,
    allowed: Arc<[Origin]>,
    private: Arc<[IpNet]>,
    tls: Arc<Tls>,
    lookups: Arc<Lookups>,
    failures: Arc<Failures>,
    under_way: Arc<Semaphore>,
    rate: Arc<RequestRate>,
    secrets: Arc<[Placeholder]>,
    started: Instant,
    /// Collects denied requests.
    denials: Denials,
    /// Time left of the attempt when this was created. It limits each wait for which the guest sets no timeout.
    patience: Duration,
    transport: Arc<dyn Transport>,
    /// The attempt's span.
    trace: Trace,
}

impl Egress {
    /// Allows requests according to a plugin's settings, or no requests if `network` is false.
    pub fn new(settings: &Settings, network: bool, patience: Duration, trace: Trace, denials: Denials) -> Self {
        Self {
            trace,
            plugin: settings.plugin.clone(),
            allowed: if network { settings.http.clone() } else { Arc::from([]) },
            private: settings.private_addresses.clone(),
            tls: settings.tls.clone(),
            lookups: settings.lookups.clone(),
            failures: settings.failures.clone(),
            under_way: Arc::new(Semaphore::new(CONCURRENT as usize)),
            rate: settings.http_rate.clone(),
            secrets: settings.send_secrets.clone(),
            started: Instant::now(),
            denials,
            patience,
            transport: settings.transport.clone(),
        }
    }

    /// Whether no request is running and no connection is open. Waits briefly for connections that are just closing.
    pub async fn is_quiet(&self) -> bool {
        let closed = self.under_way.acquire_many(CONCURRENT);
        tokio::time::timeout(CLOSING, closed).await.is_ok_and(|closed| closed.is_ok())
    }

    fn check(&mut self, request: &Request<WasiBody>) -> Result<Origin, Error> {
        let uri = request.uri();
        let scheme = uri.scheme_str().unwrap_or_default();
        let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        if let Some(origin) = self.allowed.iter().find(|origin| origin.matches(scheme, authority)) {
            return Ok(origin.clone());
        }
        // The authority may contain user information, which is a secret of the plugin.
        let host = authority.rsplit('@').next().unwrap_or_default();
        let origin = format!("{scheme}://{host}");
        let reason = format!(
            "plugin {plugin} may not send requests to {origin}: add \"{origin}\" to `http` under [plugins.{plugin}] in the configuration to allow it",
            plugin = self.plugin
        );
        self.denials.add_origin(origin, reason);
        Err(Error::HttpRequestDenied)
    }

    /// Replaces placeholders with secrets. Returns the secrets that the request contains now.
    fn fill(&self, origin: &Origin, request: &mut Request<WasiBody>) -> Result<Vec<Placeholder>, Error> {
        placeholder::fill(&self.secrets, origin, request.headers_mut()).map_err(|misplaced| {
            let plugin = &self.plugin;
            self.denials.add(format!(
                "plugin {plugin} may send the secret {} only to {} in the header {}: the request to {origin} had it in the header {}; correct the plugin, or `send_secrets` under [plugins.{plugin}] in the configuration",
                misplaced.secret, misplaced.origin, misplaced.header, misplaced.found
            ));
            Error::HttpRequestDenied
        })
    }

    /// How long the request must wait because of the rate limit.
    fn turn(&self) -> Result<Duration, Error> {
        let left = self.patience.saturating_sub(self.started.elapsed());
        self.rate.turn(left).map_err(|wait| {
            let plugin = &self.plugin;
            let reason = format!(
                "plugin {plugin} sends more requests than {}: the next one would be sent in {}, and the attempt has {} left; raise `http_rate` under [plugins.{plugin}] in the configuration to allow more",
                self.rate,
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
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let origin = match self.check(&request) {
            Ok(origin) => origin,
            Err(error) => return Box::new(async move { Err(error) }),
        };
        let secrets = match self.fill(&origin, &mut request) {
            Ok(secrets) => secrets,
            Err(error) => return Box::new(async move { Err(error) }),
        };
        let Ok(permit) = self.under_way.clone().try_acquire_owned() else {
            return Box::new(async { Err(Error::ConnectionLimitReached) });
        };
        let turn = match self.turn() {
            Ok(turn) => turn,
            Err(error) => return Box::new(async move { Err(error) }),
        };
        let (plugin, failures, to) = (self.plugin.clone(), self.failures.clone(), origin.clone());
        let way = Way {
            origin,
            secrets,
            private: self.private.clone(),
            tls: self.tls.clone(),
            lookups: self.lookups.clone(),
            plugin: self.plugin.clone(),
            denials: self.denials.clone(),
            waits: Waits::new(options.unwrap_or_default(), self.patience),
            permit,
        };
        let span = begin(&self.trace, &mut request);
        let transport = self.transport.clone();
        Box::new(async move {
            if !turn.is_zero() {
                tokio::time::sleep(turn).await;
            }
            let sent = transport.send(request, way).await;
            match &sent {
                Ok((answer, _)) => span.note("http.response.status_code", i64::from(answer.status().as_u16())),
                Err(error) => {
                    failures.log(&plugin, &to, error);
                    span.fail("no answer");
                }
            }
            span.end();
            sent
        })
    }
}

/// What an allowed request may use to be sent.
pub struct Way {
    origin: Origin,
    /// The secrets that replaced placeholders in the request's headers.
    secrets: Vec<Placeholder>,
    private: Arc<[IpNet]>,
    tls: Arc<Tls>,
    lookups: Arc<Lookups>,
    plugin: Arc<str>,
    denials: Denials,
    waits: Waits,
    /// Counts against the limit of concurrent requests until the connection has ended.
    permit: OwnedSemaphorePermit,
}

impl Way {
    /// The addresses that may be connected to.
    async fn addresses(&self) -> Result<Vec<SocketAddr>, Error> {
        match address::resolve(&self.origin, &self.private, &self.lookups).await {
            Resolved::Allowed(addresses) => Ok(addresses),
            Resolved::Prohibited(addresses) => {
                let reason = format!(
                    "plugin {plugin} may not send requests to {origin}: the name leads to {addresses}, which is not public; add the range to `private_addresses` under [plugins.{plugin}] in the configuration to allow it",
                    plugin = self.plugin,
                    origin = self.origin,
                );
                // Recorded without an origin: at the next attempt the name may resolve to another address, so a retry
                // can succeed.
                self.denials.add(reason);
                Err(Error::DestinationIpProhibited)
            }
            Resolved::Unknown => Err(Error::DnsError { rcode: Some("name not resolved".to_owned()), info_code: None }),
        }
    }
}
