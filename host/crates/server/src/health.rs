//! Liveness and readiness of the host.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use futures::future::BoxFuture;
use serde_json::{Value, json};

use toril_sandbox::Status;

/// What the server asks the host about its health.
pub trait Health: Send + Sync {
    /// The reasons why the host is not ready to work. Empty: it is ready.
    fn not_ready(&self) -> BoxFuture<'_, Vec<String>>;
    /// The plugins in use.
    fn plugins(&self) -> Vec<Status>;
}

pub fn liveness() -> Router {
    Router::new().route("/healthz", get(alive))
}

pub fn readiness(health: Arc<dyn Health>) -> Router {
    Router::new().route("/readyz", get(ready)).with_state(health)
}

/// The process runs and can respond.
async fn alive() -> Json<Value> {
    Json(json!({ "alive": true }))
}

/// Ready if Redis answers and the host is not shutting down. The response lists the plugins in use, and why a newer
/// file was refused.
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
