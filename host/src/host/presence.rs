//! Announces this host in Redis with its queues and plugins, so that the dashboard of every host shows it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Inner;
use toril_bullmq::admin::{BEAT, HostQueue, HostStatus};
use toril_bullmq::now;

/// The properties of a host that do not change while it runs.
#[derive(Debug)]
pub struct Identity {
    /// The host's unique id.
    pub id: String,
    machine: String,
    started: u64,
}

impl Identity {
    /// The identity of a host that starts now.
    pub fn new() -> Self {
        let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let machine = match machine.trim() {
            "" => std::env::var("HOSTNAME").unwrap_or_else(|_| "unknown".to_owned()),
            name => name.to_owned(),
        };
        let id = format!("{machine}-{}-{:08x}", std::process::id(), fastrand::u32(..));
        Self { id, machine, started: now() }
    }
}

/// Announces the host every few seconds, until the future is dropped.
pub async fn keep(inner: Arc<Inner>) {
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        let status = status(&inner).await;
        // The next announcement follows soon, and other code reports that Redis does not answer.
        if let Err(error) = inner.admin.announce(&status).await {
            tracing::debug!(%error, "this host could not be announced");
        }
    }
}

async fn status(inner: &Inner) -> HostStatus {
    let config = inner.config.load_full();
    let workers: Vec<_> = inner.queues().iter().map(|(name, working)| (name.clone(), working.worker.clone())).collect();
    let mut queues = BTreeMap::new();
    for (name, worker) in workers {
        let concurrency = config.queues.get(&name).map_or(0, |queue| queue.concurrency.get() as u64);
        queues.insert(name, HostQueue { running: worker.running().await as u64, concurrency });
    }
    let plugins = inner.plugins.status().into_iter().map(|status| (status.plugin, status.version)).collect();
    HostStatus {
        id: inner.identity.id.clone(),
        machine: inner.identity.machine.clone(),
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: inner.identity.started,
        seen: now(),
        queues,
        plugins,
    }
}
