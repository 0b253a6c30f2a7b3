//! Detects writes to plugins and to the configuration, and triggers a reload.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::{Inner, apply};
use toril_meters as metrics;
use toril_sandbox::Reload;

/// The debounce time: writes that are closer together count as one change. It is short, because reading a file too
/// early does no harm: the file is checked again until it stops changing.
const QUIET: Duration = Duration::from_millis(20);
/// The longest wait for a series of writes to end. Also the delay for events of other files.
const UNQUIET: Duration = Duration::from_millis(500);
/// The polling interval. Notifications can get lost on network and container mounts.
const LOOK: Duration = Duration::from_secs(5);

/// The metadata of a file. If it changes, the content has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Look {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

async fn look(path: &Path) -> Option<Look> {
    let metadata = tokio::fs::metadata(path).await.ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let inode = 0;
    Some(Look { modified: metadata.modified().ok(), length: metadata.len(), inode })
}

/// Watches until the future is dropped.
pub async fn watch(inner: Arc<Inner>) {
    let (notices, changed) = (Arc::new(Notices::default()), Arc::new(Notify::new()));
    let (config_path, folder) = {
        let config = inner.config.load();
        (config.path.clone(), config.host.plugins.clone())
    };
    let config_folder = config_path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _watcher = watcher(&[folder.as_path(), config_folder], &config_path, notices.clone());
    // Dropping this set also ends its task.
    let mut passing_on = JoinSet::new();
    passing_on.spawn(pass_on(notices, changed.clone()));

    let mut seen: HashMap<PathBuf, Option<Look>> = HashMap::new();
    let mut reloading = JoinSet::new();
    let mut busy: BTreeSet<String> = BTreeSet::new();
    let mut again: BTreeSet<String> = BTreeSet::new();
    let mut applying = JoinSet::new();
    let (mut in_use, mut told, mut apply_again) = (true, false, false);
    loop {
        for plugin in plugins_in_use(&inner) {
            let path = inner.plugins.path(&plugin);
            if is_new(&mut seen, &path).await {
                // The reloads run in parallel, so that a plugin that takes long to compile does not delay others. A
                // change during a reload is remembered.
                if busy.insert(plugin.clone()) {
                    reloading.spawn(reload(inner.clone(), plugin));
                } else {
                    again.insert(plugin);
                }
            }
        }
        // A rejected configuration may only have lacked a plugin's file, so it is tried again after every event.
        if is_new(&mut seen, &config_path).await || (told && !in_use) {
            // Applying runs in a task of its own, so that a plugin that takes long to compile does not delay the
            // others.
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
                    // The error does not say which plugin it was, so each may be reloaded again.
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

/// Whether the file must be read. The first time it always must, because it may have been written since the host read
/// it; reading the same content again changes nothing. A file that does not exist is not read: an embedder's
/// configuration may have no file.
async fn is_new(seen: &mut HashMap<PathBuf, Option<Look>>, path: &Path) -> bool {
    let now = look(path).await;
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

/// Notifications from the operating system.
#[derive(Default)]
struct Notices {
    /// A component or the configuration was written.
    files: Notify,
    /// Another file was written. It usually does not matter, but it may be the link through which a watched file is
    /// reached.
    others: Notify,
}

/// Combines notifications that follow each other closely into one change.
async fn pass_on(notices: Arc<Notices>, changed: Arc<Notify>) {
    let more = async || while tokio::time::timeout(QUIET, notices.files.notified()).await.is_ok() {};
    loop {
        let is_file = tokio::select! {
            biased;
            () = notices.files.notified() => true,
            () = notices.others.notified() => {
                tokio::time::timeout(UNQUIET, notices.files.notified()).await.is_ok()
            }
        };
        if is_file {
            let _either = tokio::time::timeout(UNQUIET, more()).await;
        }
        changed.notify_one();
    }
}

fn watcher(folders: &[&Path], config: &Path, notices: Arc<Notices>) -> Option<RecommendedWatcher> {
    let config = config.file_name().map(ToOwned::to_owned);
    let is_file = move |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "wasm") || path.file_name() == config.as_deref()
    };
    let told = move |event: notify::Result<Event>| match event {
        // The host itself causes read events when it reads the files.
        Ok(event) if event.kind.is_access() => {}
        Ok(event) if event.paths.iter().any(&is_file) => notices.files.notify_one(),
        Ok(_) => notices.others.notify_one(),
        Err(error) => {
            tracing::debug!(%error, "watching reported an error");
            notices.others.notify_one();
        }
    };
    let mut watcher = match notify::recommended_watcher(told) {
        Ok(watcher) => watcher,
        Err(error) => {
            tracing::warn!(%error, "files cannot be watched; they are looked at every {}", humantime::format_duration(LOOK));
            return None;
        }
    };
    for folder in folders {
        if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
            tracing::warn!(folder = %folder.display(), %error, "folder cannot be watched; it is looked at every {}", humantime::format_duration(LOOK));
        }
    }
    Some(watcher)
}
