//! Announces this host in Redis with its queues and plugins, so that the dashboard of every host shows it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::current_config::CurrentConfig;
use super::queues::Queues;
use toril_bullmq::admin::{Admin, BEAT, HostQueue, HostStatus};
use toril_bullmq::now;
use toril_sandbox::Plugins;

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

/// What the announcement contains, and how it is made.
pub struct Presence {
    pub identity: Identity,
    pub config: CurrentConfig,
    pub plugins: Arc<Plugins>,
    pub queues: Arc<Queues>,
    pub admin: Admin,
}

impl Presence {
    /// Announces the host every few seconds, until the future is dropped.
    pub async fn run(&self) {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            let status = self.status().await;
            // The next announcement follows soon, and other code reports that Redis does not answer.
            if let Err(error) = self.admin.announce(&status).await {
                tracing::debug!(%error, "this host could not be announced");
            }
        }
    }

    /// Removes this host from the list of hosts in Redis. If that fails, others consider it alive for some more
    /// seconds.
    pub async fn withdraw(&self) {
        let withdrawn = tokio::time::timeout(Duration::from_secs(1), self.admin.withdraw(&self.identity.id)).await;
        if !matches!(withdrawn, Ok(Ok(()))) {
            tracing::debug!("this host could not be removed from the list of hosts");
        }
    }

    async fn status(&self) -> HostStatus {
        let config = self.config.load_full();
        let mut queues = BTreeMap::new();
        for (name, worker) in self.queues.workers() {
            let concurrency = config.queues.get(&name).map_or(0, |queue| queue.concurrency.get() as u64);
            queues.insert(name, HostQueue { running: worker.running().await as u64, concurrency });
        }
        let plugins = self.plugins.status().into_iter().map(|status| (status.plugin, status.version)).collect();
        HostStatus {
            id: self.identity.id.clone(),
            machine: self.identity.machine.clone(),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: self.identity.started,
            seen: now(),
            queues,
            plugins,
        }
    }
}
