//! What the dashboard can read from this host.

use std::sync::Arc;

use super::Inner;
use toril_sandbox::Version;
use toril_server::{Inside, PluginDetails, QueueSample};

impl Inside for Inner {
    fn id(&self) -> &str {
        &self.identity.id
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

    fn handler(&self, queue: &str) -> Option<(String, Arc<Version>)> {
        let plugin = self.config.load().queues.get(queue)?.plugin.clone();
        let version = self.plugins.version(&plugin)?;
        Some((plugin, version))
    }

    fn samples(&self, queue: &str) -> Vec<QueueSample> {
        self.samples.of(queue)
    }
}
