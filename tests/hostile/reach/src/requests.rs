//! Requests that exceed a pen's limits of the network, sent without the SDK and its own limits.

use serde_json::{Value, json};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{ErrorCode, Fields, FutureIncomingResponse, OutgoingRequest, RequestOptions, Scheme};
use wasip2::io::streams::StreamError;

/// Sends this many requests to one authority at once, and returns the outcome of the last one.
pub fn many(authority: &str, count: usize) -> Value {
    let mut held: Vec<_> = (1..count).filter_map(|_| send(authority).ok()).collect();
    let others = held.len();
    let last = send(authority).map(|future| {
        future.subscribe().block();
        let refused = matches!(future.get(), Some(Ok(Err(ErrorCode::ConnectionLimitReached))));
        held.push(future);
        refused
    });
    json!({ "others": others, "refused": last.unwrap_or(true) })
}

/// Sends this many requests with a time-out, one after the other, and returns how many the host denied.
pub fn with_timeouts(authority: &str, count: usize) -> Value {
    let denied = (0..count).filter(|_| {
        let options = RequestOptions::new();
        let set = options.set_connect_timeout(Some(1_000_000_000));
        set.is_ok() && send_with(authority, Some(options)).is_ok_and(|future| is_denied(&future))
    });
    json!(denied.count())
}

fn is_denied(future: &FutureIncomingResponse) -> bool {
    future.subscribe().block();
    matches!(future.get(), Some(Ok(Err(ErrorCode::HttpRequestDenied))))
}

/// Reads a body to its end without keeping it, and returns its size.
pub fn drain(authority: &str) -> Value {
    let Ok(future) = send(authority) else { return Value::Null };
    future.subscribe().block();
    let Some(Ok(Ok(response))) = future.get() else { return Value::Null };
    let Ok(body) = response.consume() else { return Value::Null };
    let Ok(stream) = body.stream() else { return Value::Null };
    let mut bytes = 0;
    loop {
        match stream.blocking_read(64 * 1024) {
            Ok(chunk) => bytes += chunk.len(),
            Err(end) => return json!({ "bytes": bytes, "whole": matches!(end, StreamError::Closed) }),
        }
    }
}

/// Sends requests to these targets, as `[authority, path]` (an empty path: the request has none). Returns the outcome
/// of each: the status of the response, or the step that failed and why.
pub fn targets(targets: &[[String; 2]]) -> Value {
    targets.iter().map(|[authority, path]| target(authority, path).unwrap_or_else(Value::from)).collect()
}

fn target(authority: &str, path: &str) -> Result<Value, String> {
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Http)).map_err(|()| "no scheme")?;
    request.set_authority(Some(authority)).map_err(|()| "no authority")?;
    if !path.is_empty() {
        request.set_path_with_query(Some(path)).map_err(|()| "no path")?;
    }
    let future = outgoing_handler::handle(request, None).map_err(|code| format!("not sent: {code:?}"))?;
    future.subscribe().block();
    match future.get() {
        Some(Ok(Ok(response))) => Ok(json!(response.status())),
        Some(Ok(Err(code))) => Err(format!("no answer: {code:?}")),
        _ => Err("nothing".to_owned()),
    }
}

fn send(authority: &str) -> Result<FutureIncomingResponse, ErrorCode> {
    send_with(authority, None)
}

fn send_with(authority: &str, options: Option<RequestOptions>) -> Result<FutureIncomingResponse, ErrorCode> {
    let request = OutgoingRequest::new(Fields::new());
    let set = request.set_scheme(Some(&Scheme::Http)).and_then(|()| request.set_authority(Some(authority)));
    set.and_then(|()| request.set_path_with_query(Some("/"))).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    outgoing_handler::handle(request, options)
}
