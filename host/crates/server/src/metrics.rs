//! The metrics of this process, for Prometheus.

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use toril_telemetry::metrics;

pub fn routes() -> Router {
    Router::new().route("/metrics", get(numbers))
}

/// Returns the metrics in Prometheus's text format.
async fn numbers() -> Response {
    match metrics::render() {
        Some(text) => ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        None => (StatusCode::NOT_FOUND, "this process records no metrics of its own\n").into_response(),
    }
}
