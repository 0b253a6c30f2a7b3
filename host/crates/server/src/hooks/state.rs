//! The state that the handlers share.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::http::Method;
use axum::http::request::Parts;
use tokio::sync::Semaphore;

use super::refusal::{LogLimits, Refusal};
use crate::changes::Changes;
use crate::security::HostNames;
use toril_bullmq::admin::Admin;
use toril_config::Config;

/// The state that the handlers share.
pub struct Hooks {
    pub admin: Admin,
    pub config: Arc<ArcSwap<Config>>,
    pub names: HostNames,
    pub changes: Changes,
    pub room: Arc<Semaphore>,
    pub waiters: Arc<Semaphore>,
    /// Limits the log lines about refused requests.
    pub log_limits: LogLimits,
}

impl Hooks {
    /// Checks that the request has a valid `Host` and is a POST.
    pub fn check(&self, request: &Parts) -> Result<(), Refusal> {
        self.names.check(&request.headers).map_err(Refusal::WrongName)?;
        if request.method == Method::POST { Ok(()) } else { Err(Refusal::WrongMethod) }
    }

    /// Logs a refused request, within the limits.
    pub fn log(&self, path: &'static str, name: &str, refusal: &Refusal) {
        let Some(left) = self.log_limits.take(refusal) else { return };
        tracing::warn!(path, name, reason = refusal.reason(), "webhook or callback request refused");
        if left == 0 {
            tracing::warn!("too many refused webhook and callback requests: no more log lines for up to a minute");
        }
    }
}
