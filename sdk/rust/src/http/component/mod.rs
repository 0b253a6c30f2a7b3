//! Sends a request through the host's `wasi:http/outgoing-handler`.
//!
//! The order in which handles are dropped matters: a child (a stream, a pollable) before its parent (a body, a
//! future). Every function here owns what it opened. Rust drops locals in reverse order and fields in declaration
//! order.

mod connection;
mod errors;
mod exchange;

use wasip2::http::outgoing_handler;
use wasip2::http::types::{Fields, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme};

use super::parts::Parts;
use super::{HttpError, Response};

pub(super) use connection::Connection;
use errors::{failed, refused};
use exchange::Exchange;

/// The request's timeout is not passed to the host. It could only end an exchange later than the exchange's own
/// deadline, and wasmtime keeps the options of each request in its table of resources until the attempt ends: a plugin
/// that sends hundreds of requests with a timeout would run out of resources.
const NO_OPTIONS: Option<RequestOptions> = None;

/// Sends a request, and waits for the whole response.
pub(super) fn send(parts: Parts) -> Result<Response, HttpError> {
    open(parts)?.whole()
}

/// Sends a request, and does not wait for the response.
pub(super) fn open(parts: Parts) -> Result<Connection, HttpError> {
    let exchange = Exchange::new(&parts);
    let request = build(&parts)?;
    let Some(bytes) = parts.body else {
        let future = outgoing_handler::handle(request, NO_OPTIONS).map_err(|code| failed(&exchange.origin, code))?;
        return Ok(Connection::new(exchange, future));
    };
    let body = request.body().map_err(|()| refused("it accepts no body"))?;
    // The host may buffer only little of a body before it has a connection. So hand the request over first, then
    // write.
    let future = outgoing_handler::handle(request, NO_OPTIONS).map_err(|code| failed(&exchange.origin, code))?;
    if exchange.write(&body, &bytes)? {
        // The response reports the same error.
        let _ = OutgoingBody::finish(body, None);
    }
    Ok(Connection::new(exchange, future))
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
    let wrong_url = |()| HttpError::InvalidUrl { reason: "the host does not accept it".into() };
    let request = OutgoingRequest::new(headers);
    request.set_method(&method(&parts.method)).map_err(|()| refused("its method is invalid"))?;
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
