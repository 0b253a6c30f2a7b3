//! Applies a changed configuration to a running host. If that fails, nothing changes.

use std::sync::Arc;

use super::{Inner, Working, prepare};
use toril_config::{self as config, Changes, Config, QueueChange, diff};
use toril_telemetry::logs;

/// The keys of `[host]` that take effect without a restart.
const LIVE: [&str; 3] = ["log", "redact", "shutdown_timeout"];

/// Why a changed configuration was rejected.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("{0}")]
    Config(#[from] config::LoadError),
    #[error("reading it failed in the host: {0}")]
    Read(String),
    #[error("{0}")]
    Plugins(config::Problems),
    #[error("{0}")]
    Redis(#[from] toril_bullmq::ConnectError),
}

/// Reads the configuration again and applies the changes. A configuration that is not valid is reported and changes
/// nothing. Returns whether the configuration in the file is the active one.
pub async fn reload(inner: &Arc<Inner>) -> bool {
    match try_reload(inner).await {
        Ok(changes) if changes.is_empty() => return true,
        Ok(changes) => tracing::info!(
            added = ?changes.queues_added,
            removed = ?changes.queues_removed,
            changed = ?changes.queues_changed.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            plugins = ?changes.plugins_changed,
            webhooks = ?changes.webhooks_changed,
            callbacks = changes.callbacks,
            "configuration reloaded"
        ),
        Err(refused) => {
            tracing::error!(reason = %refused, "configuration not reloaded, the one before stays");
            return false;
        }
    }
    true
}

async fn try_reload(inner: &Arc<Inner>) -> Result<Changes, Refused> {
    let old = inner.config.load_full();
    let mut new = read(&old, inner).await?;
    let changes = diff(&old, &new);
    keep_what_needs_a_restart(&old, &mut new, &changes);

    // Everything that can fail comes first. Until all of it has succeeded, none of it takes effect.
    let prepared =
        prepare(&inner.plugins, &new, |plugin| !inner.plugins.has(plugin)).await.map_err(Refused::Plugins)?;
    let mut loaded = Vec::new();
    for prepared in prepared {
        loaded.push(prepared.plugin().to_owned());
        inner.plugins.install(prepared);
    }
    let workers = match workers(inner, &new, &changes).await {
        Ok(workers) => workers,
        Err(error) => {
            loaded.iter().for_each(|plugin| inner.plugins.remove(plugin));
            return Err(error);
        }
    };

    for plugin in &changes.plugins_changed {
        inner.plugins.configure(plugin, &new.plugin(plugin));
    }
    configure(inner, &new, &changes).await;
    let used: Vec<_> = new.queues.values().map(|queue| queue.plugin.clone()).collect();
    // Otherwise a log filter that was set at run time stays in effect.
    if changes.host.contains(&"log") {
        logs::configure(new.host.log.as_deref());
    }
    let stored = store(inner, new);
    replace(inner, &changes, workers, stored);
    inner.schedules.changed(&changes.queues_removed);
    for plugin in old.queues.values().map(|queue| &queue.plugin).filter(|plugin| !used.contains(plugin)) {
        inner.plugins.remove(plugin);
    }
    Ok(changes)
}

/// Reads the file, and the secret files that it names, on a thread that may block.
async fn read(old: &Config, inner: &Arc<Inner>) -> Result<Config, Refused> {
    let (path, inner) = (old.path.clone(), inner.clone());
    let loaded = tokio::task::spawn_blocking(move || config::load(&path, &inner.env)).await;
    Ok(loaded.map_err(|error| Refused::Read(error.to_string()))??)
}

/// Prepares workers for new queues, and for queues with changes that a running worker cannot apply. They claim no
/// jobs yet.
async fn workers(inner: &Arc<Inner>, new: &Config, changes: &Changes) -> Result<Vec<(String, Working)>, Refused> {
    let restarted =
        changes.queues_changed.iter().filter(|(_, change)| *change == QueueChange::Restart).map(|(name, _)| name);
    let mut workers = Vec::new();
    for name in changes.queues_added.iter().chain(restarted) {
        let Some(settings) = new.queues.get(name) else { continue };
        workers.push((name.clone(), inner.prepare_queue(name, settings).await?));
    }
    Ok(workers)
}

/// Applies the changes that running workers can apply.
async fn configure(inner: &Arc<Inner>, new: &Config, changes: &Changes) {
    for (name, change) in &changes.queues_changed {
        let running = inner.queues().get(name).map(|working| (working.route.clone(), working.worker.clone()));
        if let (QueueChange::Live, Some(settings), Some((route, worker))) = (change, new.queues.get(name), running) {
            route.configure(settings);
            worker.configure(settings).await;
        }
    }
}

/// Proof that the changed configuration is active. New workers may only start after that; otherwise a job that they
/// claim could run with the old configuration.
struct Stored(());

fn store(inner: &Inner, new: Config) -> Stored {
    inner.config.store(Arc::new(new));
    Stored(())
}

/// Starts the new workers and drains the old ones. This function never waits, because a shutdown aborts this task: it
/// closes the workers that it finds, and no worker may start after that.
fn replace(inner: &Arc<Inner>, changes: &Changes, workers: Vec<(String, Working)>, Stored(()): Stored) {
    let mut queues = inner.queues();
    if inner.closing.is_cancelled() {
        return;
    }
    for (name, working) in workers {
        working.worker.begin();
        if let Some(before) = queues.insert(name.clone(), working) {
            inner.drain(&name, before.worker);
        }
    }
    for name in &changes.queues_removed {
        if let Some(working) = queues.remove(name) {
            tracing::info!(queue = name, "queue removed: its running jobs end, no more are claimed");
            inner.drain(name, working.worker);
        }
    }
}

fn keep_what_needs_a_restart(old: &Config, new: &mut Config, changes: &Changes) {
    if changes.redis {
        tracing::warn!("changes under [redis] take effect at the next start");
        new.redis = old.redis.clone();
    }
    let waiting: Vec<_> = changes.host.iter().filter(|key| !LIVE.contains(key)).collect();
    if !waiting.is_empty() {
        tracing::warn!(keys = ?waiting, "changes under [host] take effect at the next start");
        let (shutdown_timeout, redact, log) =
            (new.host.shutdown_timeout, new.host.redact.clone(), new.host.log.clone());
        new.host = config::HostSettings { shutdown_timeout, redact, log, ..old.host.clone() };
    }
}
