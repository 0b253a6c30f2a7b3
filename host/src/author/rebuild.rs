//! Builds a plugin's project again after each change of a source, for `toril dev`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::task::JoinHandle;

use super::build::{Input, build, is_source};
use crate::coalescer::{Events, Pace, coalesce};

/// A tool may write many files one after the other, and a build is expensive.
const PACE: Pace = Pace { quiet: Duration::from_millis(200), longest: Duration::from_secs(5) };

/// Builds the project in `folder` into the plugins' folder, and returns a task that builds it again after each
/// change. `cache` is the host's cache folder.
///
/// # Errors
///
/// Fails if the first build fails, because there is no component yet. Failures of later builds are only reported.
pub async fn start(folder: PathBuf, plugins: PathBuf, cache: PathBuf) -> Result<JoinHandle<()>, NotBuilt> {
    let (events, changes) = coalesce(PACE);
    // Watching starts before the first build, so that no change is missed.
    let watcher = watcher(&folder, events);
    build_once(folder.clone(), plugins.clone(), cache.clone()).await?;
    Ok(tokio::spawn(async move {
        let _watcher = watcher;
        let project = folder.display().to_string();
        loop {
            changes.next().await;
            if let Err(NotBuilt { reason, .. }) = build_once(folder.clone(), plugins.clone(), cache.clone()).await {
                tracing::error!(project, reason, "plugin not built, the version before stays");
            }
        }
    }))
}

/// The first build failed.
#[derive(Debug, thiserror::Error)]
#[error("{} does not build: {reason}\nFix it and start again.", .project.display())]
pub struct NotBuilt {
    project: PathBuf,
    reason: String,
}

async fn build_once(folder: PathBuf, plugins: PathBuf, cache: PathBuf) -> Result<(), NotBuilt> {
    let project = folder.clone();
    let shown = folder.display().to_string();
    tracing::info!(project = shown, "building the plugin");
    let input = Input::Project(folder);
    let built = tokio::task::spawn_blocking(move || build(&input, "release", &plugins, &cache));
    match built.await {
        Ok(Ok((built, placed))) if placed.changed => {
            for note in &built.notes {
                tracing::warn!(project = shown, note, "plugin built with a note");
            }
            tracing::info!(project = shown, file = %placed.path.display(), "plugin built");
            Ok(())
        }
        Ok(Ok(_)) => {
            tracing::info!(project = shown, "plugin built without a change");
            Ok(())
        }
        Ok(Err(reason)) => Err(NotBuilt { project, reason: reason.to_string() }),
        Err(error) => Err(NotBuilt { project, reason: format!("the build panicked: {error}") }),
    }
}

fn watcher(folder: &Path, events: Events) -> Option<RecommendedWatcher> {
    let root = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let inside = root.clone();
    let on_event = move |event: notify::Result<Event>| match event {
        // A build reads every file.
        Ok(event) if event.kind.is_access() => {}
        Ok(event) if event.paths.iter().any(|path| is_source(&inside, path)) => events.changed(),
        Ok(_) => {}
        Err(error) => tracing::debug!(%error, "the file watcher reported an error"),
    };
    let watching = notify::recommended_watcher(on_event).and_then(|mut watcher| {
        watcher.watch(&root, RecursiveMode::Recursive)?;
        Ok(watcher)
    });
    watching
        .inspect_err(|error| {
            tracing::error!(project = %folder.display(), %error, "the project's sources cannot be watched; restart after a change");
        })
        .ok()
}
