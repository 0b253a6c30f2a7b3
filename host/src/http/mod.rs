//! The HTTP server: health and metrics. Knows of the host only what [`Health`] tells.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::plugin::Status;
use crate::telemetry::metrics;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}. Choose another `listen` under [host], or \"off\".")]
pub struct HttpError {
    address: SocketAddr,
    source: std::io::Error,
}

/// What the server asks the host.
pub trait Health: Send + Sync {
    /// Why the host is not ready to work. Empty: it is.
    fn not_ready(&self) -> BoxFuture<'_, Vec<String>>;
    /// The plugins in use.
    fn plugins(&self) -> Vec<Status>;
}

/// A server that has its address and does not serve yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes the address. Port 0 takes a free one.
    pub async fn bind(address: SocketAddr) -> Result<Self, HttpError> {
        let bound = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        bound.await.map_err(|source| HttpError { address, source })
    }

    /// The address that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until it is dropped.
    pub async fn serve(self, health: Arc<dyn Health>) {
        let routes = Router::new()
            .route("/healthz", get(alive))
            .route("/readyz", get(ready))
            .route("/metrics", get(numbers))
            .with_state(health);
        if let Err(error) = axum::serve(self.listener, routes).await {
            tracing::error!(%error, "the HTTP server ended");
        }
    }
}

/// The process runs and answers.
async fn alive() -> Json<Value> {
    Json(json!({ "alive": true }))
}

/// What this process has recorded, in Prometheus's text format.
async fn numbers() -> Response {
    match metrics::render() {
        Some(text) => ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        None => (StatusCode::NOT_FOUND, "this process records no metrics of its own\n").into_response(),
    }
}

/// Redis answers, and the host is not shutting down. With the plugins in use, and why a newer file was refused.
async fn ready(State(health): State<Arc<dyn Health>>) -> (StatusCode, Json<Value>) {
    let reasons = health.not_ready().await;
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let plugins: Vec<_> = health
        .plugins()
        .into_iter()
        .map(|status| json!({ "plugin": status.plugin, "version": status.version, "refused": status.refused }))
        .collect();
    (status, Json(json!({ "ready": reasons.is_empty(), "reasons": reasons, "plugins": plugins })))
}
