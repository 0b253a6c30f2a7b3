//! Detects writes to plugins and to the configuration, and requests a reload.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

use super::apply::Reloader;
use super::current_config::CurrentConfig;
use super::reloads::{ConfigReloads, PluginReloads};
use crate::coalescer::{Events, Pace, coalesce};
use toril_sandbox::Plugins;

/// The quiet period is short, because reading a file too early does no harm: the file is checked again until it stops
/// changing.
const PACE: Pace = Pace { quiet: Duration::from_millis(20), longest: Duration::from_millis(500) };
/// The polling interval. Notifications can get lost on network and container mounts.
const POLL: Duration = Duration::from_secs(5);

/// What the watcher needs.
pub struct Watch {
    pub config: CurrentConfig,
    pub plugins: Arc<Plugins>,
    pub reloader: Arc<Reloader>,
}

impl Watch {
    /// Watches until the future is dropped.
    pub async fn run(self) {
        let (config_path, folder) = {
            let config = self.config.load();
            (config.path.clone(), config.host.plugins.clone())
        };
        let config_folder =
            config_path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let (events, changes) = coalesce(PACE);
        let _watcher = watcher(&[folder.as_path(), config_folder], &config_path, events);

        let mut files = Files::default();
        let mut plugin_reloads = PluginReloads::new(self.plugins.clone());
        let mut config_reloads = ConfigReloads::new(self.reloader.clone());
        let mut event = false;
        loop {
            for plugin in self.plugins_in_use() {
                if files.is_new(&self.plugins.path(&plugin)).await {
                    plugin_reloads.request(plugin);
                }
            }
            // A rejected configuration may only have lacked a plugin's file, so it is tried again after every event.
            if files.is_new(&config_path).await || (event && !config_reloads.is_in_use()) {
                config_reloads.request();
            }
            event = tokio::select! {
                () = changes.next() => true,
                () = tokio::time::sleep(POLL) => false,
                () = config_reloads.ended() => false,
                () = plugin_reloads.ended() => false,
            };
        }
    }

    fn plugins_in_use(&self) -> BTreeSet<String> {
        self.config.load().queues.values().map(|queue| queue.plugin.clone()).collect()
    }
}

/// The metadata of a file. If it changes, the content has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Metadata {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

async fn metadata(path: &Path) -> Option<Metadata> {
    let metadata = tokio::fs::metadata(path).await.ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let inode = 0;
    Some(Metadata { modified: metadata.modified().ok(), length: metadata.len(), inode })
}

/// The files as they were when they were last looked at.
#[derive(Default)]
struct Files(HashMap<PathBuf, Option<Metadata>>);

impl Files {
    /// Whether the file must be read. The first time it always must, because it may have been written since the host
    /// read it; reading the same content again changes nothing. A file that does not exist is not read: an embedder's
    /// configuration may have no file.
    async fn is_new(&mut self, path: &Path) -> bool {
        let now = metadata(path).await;
        match self.0.insert(path.to_path_buf(), now.clone()) {
            Some(before) => before != now,
            None => now.is_some(),
        }
    }
}

fn watcher(folders: &[&Path], config: &Path, events: Events) -> Option<RecommendedWatcher> {
    let config = config.file_name().map(ToOwned::to_owned);
    let is_file = move |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "wasm") || path.file_name() == config.as_deref()
    };
    let on_event = move |event: notify::Result<Event>| match event {
        // The host itself causes read events when it reads the files.
        Ok(event) if event.kind.is_access() => {}
        Ok(event) if event.paths.iter().any(&is_file) => events.changed(),
        // It usually does not matter, but it may be the link through which a watched file is reached.
        Ok(_) => events.maybe_changed(),
        Err(error) => {
            tracing::debug!(%error, "the file watcher reported an error");
            events.maybe_changed();
        }
    };
    let mut watcher = match notify::recommended_watcher(on_event) {
        Ok(watcher) => watcher,
        Err(error) => {
            tracing::warn!(%error, poll_interval = ?POLL, "files cannot be watched and are only polled");
            return None;
        }
    };
    for folder in folders {
        if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
            tracing::warn!(folder = %folder.display(), %error, poll_interval = ?POLL, "folder cannot be watched and is only polled");
        }
    }
    Some(watcher)
}
