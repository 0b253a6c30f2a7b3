//! What leaves a pen over HTTP: only requests to the origins that the plugin's entry names.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Request};
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks,
};

use super::transport::{Network, Sent, Transport};
use crate::config::Origin;

/// Checks each request of one pen.
pub struct Egress {
    plugin: Arc<str>,
    allowed: Arc<[Origin]>,
    /// What was refused last, in words, for the error of an attempt that fails because of it.
    refused: Option<String>,
    /// What is left of the attempt when it started: the bound of each wait that the guest does not bound itself.
    patience: Duration,
    transport: Arc<dyn Transport>,
}

impl Egress {
    /// Lets requests of `plugin` through to `allowed`.
    pub fn new(plugin: Arc<str>, allowed: Arc<[Origin]>, patience: Duration) -> Self {
        Self { plugin, allowed, refused: None, patience, transport: Arc::new(Network) }
    }

    /// Lets what is allowed take another way than the network.
    pub fn through(self, transport: Arc<dyn Transport>) -> Self {
        Self { transport, ..self }
    }

    /// What was refused last, if anything was.
    pub fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    fn check(&mut self, request: &Request<WasiBody>) -> Result<(), Error> {
        let uri = request.uri();
        let scheme = uri.scheme_str().unwrap_or_default();
        let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        if self.allowed.iter().any(|origin| origin.matches(scheme, authority)) {
            return Ok(());
        }
        // The authority may carry user information, which is the plugin's secret.
        let host = authority.rsplit('@').next().unwrap_or_default();
        self.refused = Some(format!(
            "plugin {plugin} may not send requests to {scheme}://{host}: add \"{scheme}://{host}\" to `http` under [plugins.{plugin}] in the configuration to allow it",
            plugin = self.plugin
        ));
        Err(Error::HttpRequestDenied)
    }
}

impl WasiHttpHooks for Egress {
    /// `Host` is set by the host from the origin that was checked, whatever the guest wrote.
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|name: &HeaderName| DEFAULT_FORBIDDEN_HEADERS.contains(name))
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _fut: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        if let Err(error) = self.check(&request) {
            return Box::new(async move { Err(error) });
        }
        let patience = self.patience;
        let bounded = |given: Option<Duration>| Some(given.unwrap_or(patience).min(patience));
        let mut options = options.unwrap_or_default();
        options.connect_timeout = bounded(options.connect_timeout);
        options.first_byte_timeout = bounded(options.first_byte_timeout);
        options.between_bytes_timeout = bounded(options.between_bytes_timeout);
        Box::new(self.transport.send(request, options))
    }
}
