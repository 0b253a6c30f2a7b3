//! Builds a plugin's project again after each change of a source, for `toril dev`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::RecursiveMode;
use notify_debouncer_full::{DebounceEventResult, new_debouncer};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::build::{build, is_source};

/// Writes that are closer together than this count as one change.
const DEBOUNCE: Duration = Duration::from_millis(200);

/// Builds the project in `folder` into the plugins' folder, and returns a task that builds it again after each
/// change.
///
/// # Errors
///
/// Fails if the first build fails, because there is no component yet. Failures of later builds are only reported.
pub async fn start(folder: PathBuf, plugins: PathBuf) -> Result<JoinHandle<()>, NotBuilt> {
    let changed = Arc::new(Notify::new());
    // Watching starts before the first build, so that no change is missed.
    let watcher = watcher(&folder, changed.clone());
    build_once(folder.clone(), plugins.clone()).await?;
    Ok(tokio::spawn(async move {
        let _watcher = watcher;
        let project = folder.display().to_string();
        loop {
            changed.notified().await;
            if let Err(NotBuilt { reason, .. }) = build_once(folder.clone(), plugins.clone()).await {
                tracing::error!(project, reason, "plugin not built, so the version before stays");
            }
        }
    }))
}

/// The first build failed.
#[derive(Debug, thiserror::Error)]
#[error("{} does not build: {reason}\nMend it and start again.", .project.display())]
pub struct NotBuilt {
    project: PathBuf,
    reason: String,
}

async fn build_once(folder: PathBuf, plugins: PathBuf) -> Result<(), NotBuilt> {
    let project = folder.clone();
    let shown = folder.display().to_string();
    tracing::info!(project = shown, "building the plugin");
    let built = tokio::task::spawn_blocking(move || build(&folder, "release", &plugins));
    match built.await {
        Ok(Ok((built, placed))) if placed.changed => {
            if let Some(note) = built.note {
                tracing::warn!(project = shown, note, "plugin built without all checks");
            }
            tracing::info!(project = shown, file = %placed.path.display(), "plugin built");
            Ok(())
        }
        Ok(Ok(_)) => {
            tracing::info!(project = shown, "the plugin is what it was before");
            Ok(())
        }
        Ok(Err(reason)) => Err(NotBuilt { project, reason: reason.to_string() }),
        Err(error) => Err(NotBuilt { project, reason: format!("the build failed in the host: {error}") }),
    }
}

type Watcher = notify_debouncer_full::Debouncer<notify::RecommendedWatcher, notify_debouncer_full::RecommendedCache>;

fn watcher(folder: &Path, changed: Arc<Notify>) -> Option<Watcher> {
    let root = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let inside = root.clone();
    let told = move |events: DebounceEventResult| {
        let is_source = |path: &PathBuf| is_source(&inside, path);
        // Read events do not count, because a build reads every file.
        let is_change = |kind: &notify::EventKind| !kind.is_access();
        let news =
            |event: &notify_debouncer_full::DebouncedEvent| is_change(&event.kind) && event.paths.iter().any(is_source);
        if events.is_ok_and(|events| events.iter().any(news)) {
            changed.notify_one();
        }
    };
    let watching = new_debouncer(DEBOUNCE, None, told).and_then(|mut watcher| {
        watcher.watch(&root, RecursiveMode::Recursive)?;
        Ok(watcher)
    });
    watching
        .inspect_err(|error| {
            tracing::error!(project = %folder.display(), %error, "the project's sources cannot be watched");
        })
        .ok()
}
