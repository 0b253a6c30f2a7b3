//! Applies a changed configuration to a running host. If that fails, nothing changes.

use std::sync::Arc;

use super::current_config::{self, CurrentConfig};
use super::load;
use super::queues::{ActiveQueue, Queues, WorkerFactory};
use super::schedules::Schedules;
use toril_config::{self as config, Applies, Changes, Config, Env, QueueChange, diff};
use toril_job::QueueName;
use toril_sandbox::Plugins;
use toril_telemetry::logs;

/// Why a changed configuration was rejected.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("{0}")]
    Config(#[from] config::LoadError),
    #[error("the host failed while it read the file: {0}")]
    Read(String),
    #[error("{0}")]
    Plugins(config::Problems),
    #[error("{0}")]
    Redis(#[from] toril_bullmq::ConnectError),
}

/// Reloads the configuration.
pub struct Reloader {
    pub config: CurrentConfig,
    /// The environment that the configuration was read with.
    pub env: Env,
    pub plugins: Arc<Plugins>,
    pub workers: WorkerFactory,
    pub queues: Arc<Queues>,
    pub schedules: Arc<Schedules>,
}

impl Reloader {
    /// Reads the configuration again and applies the changes. A configuration that is not valid is reported and
    /// changes nothing. Returns whether the configuration in the file is the active one.
    pub async fn reload(&self) -> bool {
        match self.try_reload().await {
            Ok(changes) if changes.is_empty() => {}
            Ok(changes) => log(&changes),
            Err(refused) => {
                tracing::error!(reason = %refused, "configuration not reloaded, the one before stays");
                return false;
            }
        }
        true
    }

    async fn try_reload(&self) -> Result<Changes, Refused> {
        let old = self.config.load_full();
        let mut new = self.read(&old).await?;
        let changes = diff(&old, &new);
        keep_what_needs_a_restart(&old, &mut new, &changes);

        // Everything that can fail comes first. Until all of it has succeeded, none of it takes effect.
        load::check_entries(&new, &changes.plugins.to_change).map_err(Refused::Plugins)?;
        let prepared = load::prepare(&self.plugins, &new, |plugin| !self.plugins.has(plugin)).await;
        let mut loaded = Vec::new();
        for prepared in prepared.map_err(Refused::Plugins)? {
            loaded.push(prepared.plugin().to_owned());
            self.plugins.install(prepared);
        }
        let workers = match self.prepare_workers(&new, &changes).await {
            Ok(workers) => workers,
            Err(error) => {
                loaded.iter().for_each(|plugin| self.plugins.remove(plugin));
                return Err(error);
            }
        };

        for plugin in &changes.plugins.to_change {
            self.plugins.configure(plugin, &new.plugin(plugin));
        }
        self.configure_workers(&new, &changes).await;
        // Otherwise a log filter that was set at run time stays in effect.
        if changes.host_keys(Applies::Live).contains(&"log") {
            logs::configure(new.host.log.as_deref());
        }
        let active = current_config::activate(&self.config, new);
        self.queues.replace(workers, &changes.queues.to_remove, &active);
        self.schedules.changed(&changes.queues.to_remove);
        changes.plugins.to_remove.iter().for_each(|plugin| self.plugins.remove(plugin));
        Ok(changes)
    }

    /// Reads the file, and the secret files that it names, on a thread that may block.
    async fn read(&self, old: &Config) -> Result<Config, Refused> {
        let (path, env) = (old.path.clone(), self.env.clone());
        let loaded = tokio::task::spawn_blocking(move || config::load(&path, &env)).await;
        Ok(loaded.map_err(|error| Refused::Read(error.to_string()))??)
    }

    /// Prepares workers for new queues, and for queues with changes that a running worker cannot apply. They claim no
    /// jobs yet.
    async fn prepare_workers(&self, new: &Config, changes: &Changes) -> Result<Vec<(QueueName, ActiveQueue)>, Refused> {
        let restarted = changes.queues.to_change.iter().filter(|(_, change)| *change == QueueChange::Restart);
        let mut workers = Vec::new();
        for name in changes.queues.to_add.iter().chain(restarted.map(|(name, _)| name)) {
            let Some(settings) = new.queues.get(name) else { continue };
            workers.push((name.clone(), self.workers.prepare(name, settings).await?));
        }
        Ok(workers)
    }

    /// Applies the changes that running workers can apply.
    async fn configure_workers(&self, new: &Config, changes: &Changes) {
        for (name, change) in &changes.queues.to_change {
            if let (QueueChange::Live, Some(settings), Some(queue)) =
                (change, new.queues.get(name), self.queues.get(name))
            {
                queue.route.configure(settings);
                queue.worker.configure(settings).await;
            }
        }
    }
}

fn log(changes: &Changes) {
    let changed: Vec<_> = changes.queues.to_change.iter().map(|(name, _)| name).collect();
    let webhooks = &changes.webhooks;
    let webhooks: Vec<_> = webhooks.to_add.iter().chain(&webhooks.to_change).chain(&webhooks.to_remove).collect();
    tracing::info!(
        added = ?changes.queues.to_add,
        removed = ?changes.queues.to_remove,
        ?changed,
        plugins = ?changes.plugins.to_change,
        ?webhooks,
        callbacks = changes.callbacks,
        "configuration reloaded"
    );
}

fn keep_what_needs_a_restart(old: &Config, new: &mut Config, changes: &Changes) {
    if changes.redis {
        tracing::warn!("changes under [redis] take effect at the next start");
        new.redis = old.redis.clone();
    }
    let keys = changes.host_keys(Applies::Restart);
    if !keys.is_empty() {
        tracing::warn!(?keys, "changes under [host] take effect at the next start");
    }
    new.host.keep_until_restart(&old.host);
}
