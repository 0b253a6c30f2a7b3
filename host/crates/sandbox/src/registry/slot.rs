//! The current version of one plugin, its settings, and the results of its reloads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};

use super::history::History;
use super::prepared::Prepared;
use super::status::{Reload, Status};
use crate::load::LoadError;
use crate::pool::Key;
use crate::settings::Settings;
use crate::version::Version;

/// One plugin in use. Attempts take its version and settings once.
pub struct Slot {
    version: ArcSwap<Version>,
    settings: ArcSwap<Settings>,
    refused: ArcSwapOption<String>,
    history: History,
    /// Number of reloads started, and the number of the latest reload that finished. A reload that read an older file
    /// must not overwrite the result of one that read a newer file.
    started_reloads: AtomicU64,
    finished_reload: Mutex<u64>,
}

impl Slot {
    /// Starts with the version that was loaded first.
    pub fn new(prepared: Prepared) -> Self {
        Self {
            history: History::begin(&prepared.version.id),
            version: ArcSwap::new(prepared.version),
            settings: ArcSwap::new(prepared.settings),
            refused: ArcSwapOption::empty(),
            started_reloads: AtomicU64::default(),
            finished_reload: Mutex::default(),
        }
    }

    /// The version in use.
    pub fn version(&self) -> Arc<Version> {
        self.version.load_full()
    }

    /// The settings in use.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// Whether a pen with this key can run the plugin's next job.
    pub fn serves(&self, key: &Key) -> bool {
        Arc::ptr_eq(&self.version.load(), &key.version) && Arc::ptr_eq(&self.settings.load(), &key.settings)
    }

    /// Replaces the settings and returns the old ones.
    pub fn configure(&self, settings: Arc<Settings>) -> Arc<Settings> {
        self.settings.swap(settings)
    }

    /// Starts a reload. Returns its number for [`Slot::finish_reload`].
    pub fn start_reload(&self) -> u64 {
        self.started_reloads.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Applies what a reload loaded: another version, the same one (`None`), or an unusable file. Returns the result,
    /// and the version that was replaced. A reload that started before one that has finished changes nothing.
    pub fn finish_reload(
        &self,
        number: u64,
        loaded: Result<Option<Arc<Version>>, LoadError>,
    ) -> (Reload, Option<Arc<Version>>) {
        let mut finished = self.finished_reload.lock().unwrap_or_else(PoisonError::into_inner);
        if number < *finished {
            return (Reload::Unchanged, None);
        }
        *finished = number;
        match loaded {
            Ok(None) => {
                self.refused.store(None);
                (Reload::Unchanged, None)
            }
            Ok(Some(version)) => {
                let new = version.id.clone();
                let old = self.version.swap(version);
                self.refused.store(None);
                self.history.replaced(&new);
                (Reload::Replaced { old: old.id.clone(), new }, Some(old))
            }
            Err(error) => {
                self.refused.store(Some(Arc::new(error.to_string())));
                self.history.refused(&error.to_string());
                (Reload::Refused(error), None)
            }
        }
    }

    /// The status, under the plugin's name.
    pub fn status(&self, plugin: &str) -> Status {
        let version = self.version.load();
        Status {
            plugin: plugin.to_owned(),
            version: version.id.clone(),
            interface: version.interface,
            refused: self.refused.load_full().map(|reason| reason.to_string()),
            since: self.history.since(),
            reloads: self.history.records(),
            pools: self.settings.load().grants.postgres.status(),
        }
    }
}
