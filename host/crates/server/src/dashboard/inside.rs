//! What the dashboard asks the host.

use std::sync::Arc;

use toril_config as config;
use toril_sandbox::{Status, Version};

/// What the dashboard asks the host beside what [`Admin`](toril_bullmq::admin::Admin) knows.
pub trait Inside: Send + Sync {
    /// What this host is called among those that work on the queues.
    fn id(&self) -> &str;
    /// The plugins in use, by name.
    fn plugins(&self) -> Vec<PluginDetails>;
    /// The plugin that runs a queue's jobs here, and its version in use.
    fn handler(&self, queue: &str) -> Option<(String, Arc<Version>)>;
    /// How a queue stood in the last hour, the oldest sample first.
    fn samples(&self, queue: &str) -> Vec<QueueSample>;
}

/// A plugin in use.
pub struct PluginDetails {
    /// Its name, version and history.
    pub status: Status,
    /// What its entry grants. Secrets are in it, and are never shown.
    pub granted: config::Plugin,
    /// The queues whose jobs it runs.
    pub queues: Vec<String>,
    /// The version in use.
    pub version: Arc<Version>,
}

/// How a queue stood at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueSample {
    /// When, in milliseconds since the Unix epoch.
    pub at: u64,
    /// Jobs that could be claimed.
    pub ready: u64,
    /// For how long the one had waited that is claimed next, in milliseconds. None: no job waited.
    pub oldest_wait: Option<u64>,
}
