//! The reloads that run in the background. They run in parallel, so that a plugin that takes long to compile does not
//! delay others. A request during a reload of the same plugin, or of the configuration, runs one more after it.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::apply::Reloader;
use toril_meters as metrics;
use toril_sandbox::{Plugins, Reload};

/// The reloads of plugins.
pub struct PluginReloads {
    plugins: Arc<Plugins>,
    tasks: JoinSet<String>,
    running: BTreeSet<String>,
    again: BTreeSet<String>,
}

impl PluginReloads {
    pub fn new(plugins: Arc<Plugins>) -> Self {
        Self { plugins, tasks: JoinSet::new(), running: BTreeSet::new(), again: BTreeSet::new() }
    }

    /// Reloads a plugin, now or after its current reload.
    pub fn request(&mut self, plugin: String) {
        if self.running.insert(plugin.clone()) {
            self.tasks.spawn(reload(self.plugins.clone(), plugin));
        } else {
            self.again.insert(plugin);
        }
    }

    /// Waits until one reload has ended. Cancel-safe.
    pub async fn ended(&mut self) {
        match self.tasks.join_next().await {
            None => pending().await,
            Some(Ok(plugin)) => {
                self.running.remove(&plugin);
                if self.again.remove(&plugin) {
                    self.request(plugin);
                }
            }
            // The error does not say which plugin it was, so each may be reloaded again.
            Some(Err(error)) => {
                tracing::error!(%error, "a plugin's reload panicked");
                self.running.clear();
            }
        }
    }
}

async fn reload(plugins: Arc<Plugins>, plugin: String) -> String {
    match plugins.reload(&plugin).await {
        Reload::Unchanged => {}
        Reload::Replaced { old, new } => {
            metrics::reloaded(&plugin);
            tracing::info!(plugin, version = new, replaced = old, "plugin reloaded");
        }
        Reload::Refused(error) => {
            metrics::reload_refused(&plugin);
            tracing::error!(plugin, reason = %error, "plugin not reloaded, the version before stays");
        }
    }
    plugin
}

/// The reloads of the configuration.
pub struct ConfigReloads {
    reloader: Arc<Reloader>,
    tasks: JoinSet<bool>,
    again: bool,
    in_use: bool,
}

impl ConfigReloads {
    pub fn new(reloader: Arc<Reloader>) -> Self {
        Self { reloader, tasks: JoinSet::new(), again: false, in_use: true }
    }

    /// Whether the configuration in the file is the active one, according to the last reload.
    pub fn is_in_use(&self) -> bool {
        self.in_use
    }

    /// Reloads the configuration, now or after the current reload.
    pub fn request(&mut self) {
        if self.tasks.is_empty() {
            let reloader = self.reloader.clone();
            self.tasks.spawn(async move { reloader.reload().await });
        } else {
            self.again = true;
        }
    }

    /// Waits until a reload has ended. Cancel-safe.
    pub async fn ended(&mut self) {
        match self.tasks.join_next().await {
            None => pending().await,
            Some(Ok(in_use)) => self.in_use = in_use,
            Some(Err(error)) => tracing::error!(%error, "the configuration's reload panicked"),
        }
        if std::mem::take(&mut self.again) {
            self.request();
        }
    }
}
