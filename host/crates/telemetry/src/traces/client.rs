//! The exporter's HTTP client. It blocks, because the exporter has its own thread.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};

/// The limit of bytes that are read from a collector's response.
const ANSWER: u64 = 64 * 1024;
/// The timeout of one request to a collector.
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub struct Client(ureq::Agent);

impl Client {
    pub fn new() -> Self {
        let config = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false);
        Self(ureq::Agent::new_with_config(config.build()))
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = request.map(|body| body.to_vec());
        let (parts, mut body) = self.0.run(request)?.into_parts();
        let body = body.with_config().limit(ANSWER).read_to_vec()?;
        Ok(Response::from_parts(parts, body.into()))
    }
}
