//! Sends a request through the host's `wasi:http/outgoing-handler`.
//!
//! The order in which handles are dropped matters: a child (a stream, a pollable) before its parent (a body, a future).
//! Every function here owns what it opened, and Rust drops locals in reverse.

use std::time::Duration;

use wasip2::clocks::monotonic_clock;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme, http_error_code,
};
use wasip2::io::poll::{Pollable, poll};
use wasip2::io::streams::StreamError;

use super::request::Parts;
use super::{HttpError, Response};

/// How much of an answer is asked for at once, in bytes.
const READ_SIZE: u64 = 64 * 1024;

pub(super) fn send(parts: Parts) -> Result<Response, HttpError> {
    let exchange = Exchange::new(&parts);
    let request = build(&parts)?;
    let options = exchange.options();
    let Some(bytes) = parts.body else {
        let future = outgoing_handler::handle(request, options).map_err(|code| exchange.error(code))?;
        return exchange.receive(&future);
    };
    let body = request.body().map_err(|()| refused("it takes no body"))?;
    // The host may hold only little of a body before it has someone to send it to: hand over first, then write.
    let future = outgoing_handler::handle(request, options).map_err(|code| exchange.error(code))?;
    if exchange.write(&body, &bytes)? {
        // What goes wrong here is also what the answer will say.
        let _ = OutgoingBody::finish(body, None);
    }
    exchange.receive(&future)
}

fn build(parts: &Parts) -> Result<OutgoingRequest, HttpError> {
    let headers = Fields::new();
    let append = |name: &str, value: &[u8]| {
        let refused_header = |_| refused(format!("its header `{name}` is not allowed or has a wrong form"));
        headers.append(name, value).map_err(refused_header)
    };
    for (name, value) in &parts.headers {
        append(name, value.as_bytes())?;
    }
    if let Some(body) = &parts.body {
        append("content-length", body.len().to_string().as_bytes())?;
    }
    let scheme = if parts.url.https { Scheme::Https } else { Scheme::Http };
    let wrong_url = |()| HttpError::InvalidUrl { reason: "the host does not take it".into() };
    let request = OutgoingRequest::new(headers);
    request.set_method(&method(&parts.method)).map_err(|()| refused("its method is none"))?;
    request.set_scheme(Some(&scheme)).map_err(wrong_url)?;
    request.set_authority(Some(&parts.url.authority)).map_err(wrong_url)?;
    request.set_path_with_query(Some(&parts.url.path_and_query)).map_err(wrong_url)?;
    Ok(request)
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "PATCH" => Method::Patch,
        "OPTIONS" => Method::Options,
        other => Method::Other(other.into()),
    }
}

fn refused(reason: impl Into<String>) -> HttpError {
    HttpError::InvalidRequest { reason: reason.into() }
}

/// One request and its answer, with the time that both may take.
struct Exchange {
    origin: String,
    timeout: Option<Duration>,
    /// When the time is up, on the monotonic clock.
    deadline: Option<u64>,
    max_body: usize,
}

impl Exchange {
    fn new(parts: &Parts) -> Self {
        let deadline = parts.timeout.map(|timeout| monotonic_clock::now().saturating_add(nanos(timeout)));
        Self { origin: parts.url.origin(), timeout: parts.timeout, deadline, max_body: parts.max_body }
    }

    /// The time-outs that a host can keep by itself. They can only end an exchange earlier than the deadline would have
    /// (and free its connection), so a host that does not know them changes nothing.
    fn options(&self) -> Option<RequestOptions> {
        let timeout = nanos(self.timeout?);
        let options = RequestOptions::new();
        let _ = options.set_connect_timeout(Some(timeout));
        let _ = options.set_first_byte_timeout(Some(timeout));
        let _ = options.set_between_bytes_timeout(Some(timeout));
        Some(options)
    }

    /// Waits until something is ready, or the time is up.
    fn wait(&self, ready: &Pollable) -> Result<(), HttpError> {
        let Some(deadline) = self.deadline else {
            ready.block();
            return Ok(());
        };
        let time_is_up = monotonic_clock::subscribe_instant(deadline);
        // What is ready counts, also at the last moment.
        if poll(&[ready, &time_is_up]).contains(&0) { Ok(()) } else { Err(self.timed_out()) }
    }

    /// Writes the body. False: nothing more is taken, and the answer, or its error, says why.
    fn write(&self, body: &OutgoingBody, mut bytes: &[u8]) -> Result<bool, HttpError> {
        let stream = body.write().map_err(|()| refused("its body was taken already"))?;
        let ready = stream.subscribe();
        let mut is_flushing = false;
        loop {
            let room = match stream.check_write() {
                Ok(room) => usize::try_from(room).unwrap_or(usize::MAX),
                Err(_) => return Ok(false),
            };
            if room == 0 {
                self.wait(&ready)?;
                continue;
            }
            // A stream has room again when its flush has ended.
            if is_flushing {
                return Ok(true);
            }
            let (chunk, rest) = bytes.split_at(room.min(bytes.len()));
            let written = if chunk.is_empty() { Ok(()) } else { stream.write(chunk) };
            bytes = rest;
            is_flushing = bytes.is_empty();
            let flushed = if is_flushing { stream.flush() } else { Ok(()) };
            if written.and(flushed).is_err() {
                return Ok(false);
            }
        }
    }

    fn receive(&self, future: &FutureIncomingResponse) -> Result<Response, HttpError> {
        let ready = future.subscribe();
        let response = loop {
            match future.get() {
                Some(Ok(Ok(response))) => break response,
                Some(Ok(Err(code))) => return Err(self.error(code)),
                // It was taken before, which does not happen here.
                Some(Err(())) => return Err(self.connection("its answer is gone")),
                None => self.wait(&ready)?,
            }
        };
        let headers = response.headers().entries();
        let status = response.status();
        let body = self.read(&response)?;
        Ok(Response::new(self.origin.clone(), status, headers, body))
    }

    fn read(&self, response: &IncomingResponse) -> Result<Vec<u8>, HttpError> {
        let body: IncomingBody = response.consume().map_err(|()| self.connection("its body is gone"))?;
        let stream = body.stream().map_err(|()| self.connection("its body is gone"))?;
        let ready = stream.subscribe();
        let mut bytes = Vec::new();
        loop {
            match stream.read(READ_SIZE) {
                Ok(chunk) if chunk.is_empty() => self.wait(&ready)?,
                Ok(chunk) if chunk.len() > self.max_body - bytes.len() => {
                    return Err(HttpError::TooLarge { origin: self.origin.clone(), limit: self.max_body });
                }
                Ok(chunk) => bytes.extend_from_slice(&chunk),
                // Nothing here needs trailers, so the body is dropped instead of finished.
                Err(StreamError::Closed) => return Ok(bytes),
                Err(error) => return Err(self.broken(&error)),
            }
        }
    }

    fn broken(&self, error: &StreamError) -> HttpError {
        match error {
            StreamError::Closed => self.connection("it was closed"),
            StreamError::LastOperationFailed(error) => match http_error_code(error) {
                Some(code) => self.error(code),
                None => self.connection("its answer broke off"),
            },
        }
    }

    fn error(&self, code: ErrorCode) -> HttpError {
        let origin = || self.origin.clone();
        match code {
            ErrorCode::HttpRequestDenied => HttpError::Denied { origin: origin() },
            ErrorCode::DestinationIpProhibited => HttpError::Prohibited { origin: origin() },
            ErrorCode::DnsTimeout
            | ErrorCode::ConnectionTimeout
            | ErrorCode::ConnectionReadTimeout
            | ErrorCode::ConnectionWriteTimeout
            | ErrorCode::HttpResponseTimeout => self.timed_out(),
            ErrorCode::HttpRequestUriInvalid | ErrorCode::HttpRequestUriTooLong => {
                HttpError::InvalidUrl { reason: "the host does not take it".into() }
            }
            ErrorCode::HttpRequestMethodInvalid => refused("its method is none"),
            ErrorCode::HttpRequestHeaderSize(_) | ErrorCode::HttpRequestHeaderSectionSize(_) => {
                refused("its headers are too large")
            }
            ErrorCode::HttpRequestBodySize(_) => refused("its body is too large"),
            ErrorCode::InternalError(Some(reason)) => self.connection(&reason),
            other => self.connection(in_words(&other)),
        }
    }

    fn connection(&self, reason: &str) -> HttpError {
        HttpError::Connection { origin: self.origin.clone(), reason: reason.into() }
    }

    fn timed_out(&self) -> HttpError {
        HttpError::Timeout { origin: self.origin.clone() }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn in_words(code: &ErrorCode) -> &'static str {
    match code {
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => "its name has no address",
        ErrorCode::DestinationUnavailable | ErrorCode::DestinationIpUnroutable => "it cannot be reached",
        ErrorCode::ConnectionRefused => "it refused the connection",
        ErrorCode::ConnectionTerminated => "it closed the connection",
        ErrorCode::ConnectionLimitReached => "too many connections are open",
        ErrorCode::TlsCertificateError => "its certificate is not trusted",
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => "TLS could not be agreed on",
        ErrorCode::HttpResponseIncomplete => "its answer broke off",
        ErrorCode::HttpResponseBodySize(_) | ErrorCode::HttpResponseHeaderSectionSize(_) => "its answer is too large",
        ErrorCode::HttpProtocolError => "its answer is not HTTP",
        ErrorCode::LoopDetected => "the request went in a circle",
        ErrorCode::ConfigurationError => "the host is not set up for it",
        _ => "the exchange failed",
    }
}
