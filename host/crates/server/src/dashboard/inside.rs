//! What the dashboard needs from the host.

use std::sync::Arc;

use toril_config as config;
use toril_job::QueueName;
use toril_sandbox::{Status, Version};

/// What the dashboard needs from the host, in addition to [`Admin`](toril_bullmq::admin::Admin).
pub trait Inside: Send + Sync {
    /// The id of this host among all hosts that share the queues.
    fn id(&self) -> &str;
    /// The plugins in use, by name.
    fn plugins(&self) -> Vec<PluginDetails>;
    /// The plugin that runs a queue's jobs on this host, and its current version.
    fn handler(&self, queue: &QueueName) -> Option<(String, Arc<Version>)>;
    /// The samples of a queue from the last hour, the oldest first.
    fn samples(&self, queue: &QueueName) -> Vec<QueueSample>;
}

/// A plugin in use.
pub struct PluginDetails {
    /// Its name, version and history.
    pub status: Status,
    /// The grants of its entry. They contain secrets, which are never shown.
    pub granted: config::Plugin,
    /// The queues whose jobs it runs.
    pub queues: Vec<QueueName>,
    /// The current version.
    pub version: Arc<Version>,
}

/// The state of a queue at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueSample {
    /// The time, in milliseconds since the Unix epoch.
    pub at: u64,
    /// The number of jobs that could be claimed.
    pub ready: u64,
    /// How long the next job had waited, in milliseconds. None: no job waited.
    pub oldest_wait: Option<u64>,
}
