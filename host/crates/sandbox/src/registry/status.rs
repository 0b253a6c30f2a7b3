//! What the registry reports: why it could not start, the results of reloads, and the status of each plugin.

use std::path::PathBuf;
use std::time::SystemTime;

use super::history::ReloadRecord;
use crate::engine::EngineError;
use crate::grants::postgres::PoolStatus;
use crate::load::LoadError;

/// Why the plugin side could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The engine could not be started.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The plugin interface could not be linked.
    #[error("the plugin interface cannot be linked: {0:#}")]
    Linker(wasmtime::Error),
    /// The artifact cache could not be opened.
    #[error("the artifact cache {} cannot be used: {source}; `cache` under [host] names the folder", .path.display())]
    Cache {
        /// The cache folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}

/// The result of reloading one plugin.
#[derive(Debug)]
pub enum Reload {
    /// The file holds the version that is already in use.
    Unchanged,
    /// A new version has replaced the old one.
    Replaced {
        /// The previous version.
        old: String,
        /// The new version.
        new: String,
    },
    /// The new file cannot be used. The previous version stays in use.
    Refused(LoadError),
}

/// The public status of a plugin.
#[derive(Clone, Debug)]
pub struct Status {
    /// Its name.
    pub plugin: String,
    /// The version in use.
    pub version: String,
    /// The version of the plugin interface that it was built for.
    pub interface: &'static str,
    /// Why the newest file was refused, if it was.
    pub refused: Option<String>,
    /// When this version came into use.
    pub since: SystemTime,
    /// The results of the latest reloads, newest first.
    pub reloads: Vec<ReloadRecord>,
    /// The connections of its PostgreSQL pools on this host.
    pub pools: Vec<PoolStatus>,
}
