//! Maps the host's error codes to errors for the plugin.

use wasip2::http::types::{ErrorCode, http_error_code};
use wasip2::io::streams::StreamError;

use super::super::HttpError;

pub(super) fn refused(reason: impl Into<String>) -> HttpError {
    HttpError::InvalidRequest { reason: reason.into() }
}

/// Why a response to a request to `origin` broke off.
pub(super) fn broken(origin: &str, error: &StreamError) -> HttpError {
    match error {
        StreamError::Closed => connection(origin, "it was closed"),
        StreamError::LastOperationFailed(error) => match http_error_code(error) {
            Some(code) => failed(origin, code),
            None => connection(origin, "its response broke off"),
        },
    }
}

/// The error for a host's error code.
pub(super) fn failed(origin: &str, code: ErrorCode) -> HttpError {
    let owned = || origin.to_owned();
    match code {
        ErrorCode::HttpRequestDenied => HttpError::Denied { origin: owned() },
        ErrorCode::DestinationIpProhibited => HttpError::Prohibited { origin: owned() },
        // The first two happen before anything was sent.
        ErrorCode::DnsTimeout | ErrorCode::ConnectionTimeout => {
            HttpError::Unreachable { origin: owned(), reason: "no connection was made in time".into() }
        }
        ErrorCode::ConnectionReadTimeout | ErrorCode::ConnectionWriteTimeout | ErrorCode::HttpResponseTimeout => {
            timed_out(origin)
        }
        ErrorCode::HttpRequestUriInvalid | ErrorCode::HttpRequestUriTooLong => {
            HttpError::InvalidUrl { reason: "the host does not accept it".into() }
        }
        ErrorCode::HttpRequestMethodInvalid => refused("its method is invalid"),
        ErrorCode::HttpRequestHeaderSize(_) | ErrorCode::HttpRequestHeaderSectionSize(_) => {
            refused("its headers are too large")
        }
        ErrorCode::HttpRequestBodySize(_) => refused("its body is too large"),
        ErrorCode::InternalError(Some(reason)) => connection(origin, &reason),
        other => match before_the_request(&other) {
            Some(reason) => HttpError::Unreachable { origin: owned(), reason: reason.into() },
            None => connection(origin, message(&other)),
        },
    }
}

pub(super) fn connection(origin: &str, reason: &str) -> HttpError {
    HttpError::Connection { origin: origin.to_owned(), reason: reason.into() }
}

pub(super) fn timed_out(origin: &str) -> HttpError {
    HttpError::Timeout { origin: origin.to_owned() }
}

/// Why no connection was made. No part of the request was sent.
fn before_the_request(code: &ErrorCode) -> Option<&'static str> {
    Some(match code {
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => "its name does not resolve to an address",
        ErrorCode::DestinationUnavailable | ErrorCode::DestinationIpUnroutable => "it cannot be reached",
        ErrorCode::ConnectionRefused => "it refused the connection",
        ErrorCode::ConnectionLimitReached => "too many connections are open",
        ErrorCode::TlsCertificateError => "its certificate is not trusted",
        ErrorCode::ConfigurationError => "the host is not configured for it",
        _ => return None,
    })
}

fn message(code: &ErrorCode) -> &'static str {
    match code {
        ErrorCode::ConnectionTerminated => "it closed the connection",
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => "the TLS handshake failed",
        ErrorCode::HttpResponseIncomplete => "its response broke off",
        ErrorCode::HttpResponseBodySize(_) | ErrorCode::HttpResponseHeaderSectionSize(_) => "its response is too large",
        ErrorCode::HttpProtocolError => "its response is not HTTP",
        ErrorCode::LoopDetected => "the request was redirected in a loop",
        _ => "the exchange failed",
    }
}
