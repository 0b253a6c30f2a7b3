//! Notices that a plugin or the configuration was written, and has it looked at.

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

/// Writes that come closer together than this are one change. Short, since a file that is looked at too early does no harm:
/// it is looked at again until it stays the same.
const QUIET: Duration = Duration::from_millis(20);
/// How long writes that go on and on are waited for, and how long what happens to other files may wait.
const UNQUIET: Duration = Duration::from_millis(500);
/// How often the files are looked at without having been told to: notices get lost on network and container mounts.
const LOOK: Duration = Duration::from_secs(5);

/// What a file looks like from outside; another look means another content.
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

/// Watches until it is dropped.
pub async fn watch(inner: Arc<Inner>) {
    let (notices, changed) = (Arc::new(Notices::default()), Arc::new(Notify::new()));
    let (config_path, folder) = {
        let config = inner.config.load();
        (config.path.clone(), config.host.plugins.clone())
    };
    let config_folder = config_path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _watcher = watcher(&[folder.as_path(), config_folder], &config_path, notices.clone());
    // Ends with this.
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
                // A plugin that takes long to compile holds up no other, and a change in the meantime is not missed.
                if busy.insert(plugin.clone()) {
                    reloading.spawn(reload(inner.clone(), plugin));
                } else {
                    again.insert(plugin);
                }
            }
        }
        // A refused configuration may only wait for a plugin's file.
        if is_new(&mut seen, &config_path).await || (told && !in_use) {
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

/// What the system tells.
#[derive(Default)]
struct Notices {
    /// A component or the configuration was written.
    files: Notify,
    /// Something else was: mostly a log that happens to lie there, but it may be the link through which a file is reached.
    others: Notify,
}

/// Makes one change of those that follow each other at once.
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
        // The host itself reads what is there.
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
