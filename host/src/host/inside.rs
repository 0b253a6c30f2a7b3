//! What the dashboard can read from this host.

use std::sync::Arc;

use super::current_config::CurrentConfig;
use super::samples::Samples;
use toril_job::QueueName;
use toril_sandbox::{Plugins, Version};
use toril_server::{Inside, PluginDetails, QueueSample};

/// The data of this host that the dashboard shows.
pub struct HostView {
    pub id: String,
    pub config: CurrentConfig,
    pub plugins: Arc<Plugins>,
    pub samples: Arc<Samples>,
}

impl Inside for HostView {
    fn id(&self) -> &str {
        &self.id
    }

    fn plugins(&self) -> Vec<PluginDetails> {
        let config = self.config.load_full();
        let details = self.plugins.status().into_iter().filter_map(|status| {
            let version = self.plugins.version(&status.plugin)?;
            let queues = config.queues.iter().filter(|(_, queue)| queue.plugin == status.plugin);
            let queues = queues.map(|(name, _)| name.clone()).collect();
            Some(PluginDetails { granted: config.plugin(&status.plugin), queues, version, status })
        });
        details.collect()
    }

    fn handler(&self, queue: &QueueName) -> Option<(String, Arc<Version>)> {
        let plugin = self.config.load().queues.get(queue)?.plugin.clone();
        let version = self.plugins.version(&plugin)?;
        Some((plugin, version))
    }

    fn samples(&self, queue: &QueueName) -> Vec<QueueSample> {
        self.samples.of(queue)
    }
}
