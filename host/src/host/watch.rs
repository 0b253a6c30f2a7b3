//! Notices that a plugin or the configuration was written, and has it looked at.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use notify::RecursiveMode;
use notify_debouncer_full::{DebounceEventResult, new_debouncer};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::{Inner, apply};
use crate::plugin::Reload;
use crate::telemetry::metrics;

/// Writes that come closer together than this are one change.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// How often the files are looked at without having been told to: notices get lost on network and container mounts.
const LOOK: Duration = Duration::from_secs(5);

/// What a file looks like from outside; another look means another content.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Look {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

fn look(path: &Path) -> Option<Look> {
    let metadata = std::fs::metadata(path).ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let inode = 0;
    Some(Look { modified: metadata.modified().ok(), length: metadata.len(), inode })
}

/// Watches until it is dropped.
pub async fn watch(inner: Arc<Inner>) {
    let changed = Arc::new(Notify::new());
    let (config_path, folder) = {
        let config = inner.config.load();
        (config.path.clone(), config.host.plugins.clone())
    };
    let config_folder = config_path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _watcher = watcher(&[folder.as_path(), config_folder], changed.clone());

    let mut seen: HashMap<PathBuf, Option<Look>> = HashMap::new();
    let mut reloading = JoinSet::new();
    let mut busy: BTreeSet<String> = BTreeSet::new();
    let mut again: BTreeSet<String> = BTreeSet::new();
    let mut applying = JoinSet::new();
    let (mut in_use, mut told, mut apply_again) = (true, false, false);
    loop {
        for plugin in plugins_in_use(&inner) {
            let path = inner.plugins.path(&plugin);
            if is_new(&mut seen, &path) {
                // A plugin that takes long to compile holds up no other, and a change in the meantime is not missed.
                if busy.insert(plugin.clone()) {
                    reloading.spawn(reload(inner.clone(), plugin));
                } else {
                    again.insert(plugin);
                }
            }
        }
        // A refused configuration may only wait for a plugin's file.
        if is_new(&mut seen, &config_path) || (told && !in_use) {
            // One with a plugin that takes long to compile holds up none of the others, either.
            if applying.is_empty() {
                applying.spawn(apply(inner.clone()));
            } else {
                apply_again = true;
            }
        }
        tokio::select! {
            () = changed.notified() => told = true,
            () = tokio::time::sleep(LOOK) => told = false,
            Some(done) = applying.join_next() => {
                told = false;
                match done {
                    Ok(applied) => in_use = applied,
                    Err(error) => tracing::error!(%error, "applying the configuration failed in the host"),
                }
                if std::mem::take(&mut apply_again) {
                    applying.spawn(apply(inner.clone()));
                }
            }
            Some(done) = reloading.join_next() => {
                told = false;
                match done {
                    Ok(plugin) => {
                        busy.remove(&plugin);
                        if again.remove(&plugin) {
                            busy.insert(plugin.clone());
                            reloading.spawn(reload(inner.clone(), plugin));
                        }
                    }
                    // Which one it was is not known: each may be reloaded again.
                    Err(error) => {
                        tracing::error!(%error, "a reload failed in the host");
                        busy.clear();
                    }
                }
            }
        }
    }
}

fn plugins_in_use(inner: &Inner) -> BTreeSet<String> {
    inner.config.load().queues.values().map(|queue| queue.plugin.clone()).collect()
}

/// Whether the file must be looked into. The first time it always is: it may have been written since the host read it,
/// and a content that is in use already changes nothing. Unless there is none: an embedder's may never have been a file.
fn is_new(seen: &mut HashMap<PathBuf, Option<Look>>, path: &Path) -> bool {
    let now = look(path);
    match seen.insert(path.to_path_buf(), now.clone()) {
        Some(before) => before != now,
        None => now.is_some(),
    }
}

async fn apply(inner: Arc<Inner>) -> bool {
    apply::reload(&inner).await
}

async fn reload(inner: Arc<Inner>, plugin: String) -> String {
    match inner.plugins.reload(&plugin).await {
        Reload::Unchanged => {}
        Reload::Replaced { old, new } => {
            metrics::reloaded(&plugin, true);
            tracing::info!(plugin, version = new, replaced = old, "plugin reloaded");
        }
        Reload::Refused(error) => {
            metrics::reloaded(&plugin, false);
            tracing::error!(plugin, reason = %error, "plugin not reloaded, the version before stays");
        }
    }
    plugin
}

type Debouncer = notify_debouncer_full::Debouncer<notify::RecommendedWatcher, notify_debouncer_full::RecommendedCache>;

fn watcher(folders: &[&Path], changed: Arc<Notify>) -> Option<Debouncer> {
    let told = move |events: DebounceEventResult| {
        if let Err(errors) = events {
            tracing::debug!(?errors, "watching reported errors");
        }
        changed.notify_one();
    };
    let mut debouncer = match new_debouncer(DEBOUNCE, None, told) {
        Ok(debouncer) => debouncer,
        Err(error) => {
            tracing::warn!(%error, "files cannot be watched; they are looked at every {}", humantime::format_duration(LOOK));
            return None;
        }
    };
    for folder in folders {
        if let Err(error) = debouncer.watch(folder, RecursiveMode::NonRecursive) {
            tracing::warn!(folder = %folder.display(), %error, "folder cannot be watched; it is looked at every {}", humantime::format_duration(LOOK));
        }
    }
    Some(debouncer)
}
