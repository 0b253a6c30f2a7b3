//! What `/readyz` reports.

use futures::future::BoxFuture;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

use toril_bullmq::SharedRedis;
use toril_sandbox::{Plugins, Status};

/// The health of the host.
pub struct HostHealth {
    /// Cancelled when the host shuts down.
    pub closing: CancellationToken,
    pub redis: SharedRedis,
    pub plugins: Arc<Plugins>,
}

impl toril_server::Health for HostHealth {
    fn not_ready(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async move {
            let mut reasons = Vec::new();
            if self.closing.is_cancelled() {
                reasons.push("shutting down".to_owned());
            }
            if let Err(error) = self.redis.ping().await {
                reasons.push(error.to_string());
            }
            reasons
        })
    }

    fn plugins(&self) -> Vec<Status> {
        self.plugins.status()
    }
}
