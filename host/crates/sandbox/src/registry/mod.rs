//! The plugins that the host uses, each with its current version. A version is replaced atomically while attempts run.

pub mod history;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use arc_swap::{ArcSwap, ArcSwapOption};
use wasmtime::component::Linker;

use crate::attempt::{self, Time};
use crate::cache::Cache;
use crate::compile::Compiler;
use crate::engine::{Engine, EngineError};
use crate::grants::http::Transport;
use crate::load::{LoadError, Version, load, read_summed};
use crate::pen::state::{PenState, linker};
use crate::pool::reuse::Key;
use crate::registry::history::{History, ReloadRecord};
use crate::settings::Settings;
use toril_config::{HostSettings, Plugin};
use toril_job::{Attempt, Failure, FailureKind, Finished, Outcome};
use toril_schema::CheckError;

/// How long an unusable file must stay unchanged before the host reports it: the file may still be being copied.
const SETTLED: Duration = Duration::from_millis(300);

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
}

/// A plugin in use. The handle stays valid when the plugin's version is replaced.
#[derive(Clone)]
pub struct Handle(Arc<Slot>);

/// All plugins of a host.
pub struct Plugins {
    engine: Engine,
    linker: Linker<PenState>,
    compiler: Compiler,
    /// Maximum size of a component, in bytes.
    most: u64,
    folder: PathBuf,
    slots: RwLock<HashMap<String, Arc<Slot>>>,
}

struct Slot {
    version: ArcSwap<Version>,
    settings: ArcSwap<Settings>,
    refused: ArcSwapOption<String>,
    history: History,
    /// Number of reloads started, and the number of the latest reload that finished. A reload that read an older file
    /// must not overwrite the result of one that read a newer file.
    begun: AtomicU64,
    ended: Mutex<u64>,
}

impl Slot {
    /// Whether a pen with this key can run the plugin's next job.
    fn serves(&self, key: &Key) -> bool {
        Arc::ptr_eq(&self.version.load(), &key.version) && Arc::ptr_eq(&self.settings.load(), &key.settings)
    }
}

impl Plugins {
    /// Starts the engine. No plugin is loaded yet.
    pub fn start(settings: &HostSettings) -> Result<Self, StartError> {
        let engine = Engine::start(settings)?;
        let linker = linker(engine.wasmtime()).map_err(StartError::Linker)?;
        let cache = Cache::open(&settings.cache)
            .map_err(|source| StartError::Cache { path: settings.cache.clone(), source })?;
        let compiler = Compiler::new(engine.wasmtime().clone(), cache, settings);
        let (most, folder) = (settings.max_component, settings.plugins.clone());
        Ok(Self { engine, linker, compiler, most, folder, slots: RwLock::default() })
    }

    /// The engine that all plugins run on.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Path of a plugin's component file.
    pub fn path(&self, plugin: &str) -> PathBuf {
        self.folder.join(format!("{plugin}.wasm"))
    }

    /// Loads a plugin without putting it into use.
    pub async fn prepare(&self, plugin: &str, entry: &Plugin) -> Result<Prepared, LoadError> {
        self.prepare_file(&self.path(plugin), plugin, entry).await
    }

    /// Like [`Plugins::prepare`], for a component at another path.
    pub async fn prepare_file(&self, path: &Path, plugin: &str, entry: &Plugin) -> Result<Prepared, LoadError> {
        let settings = Arc::new(Settings::new(plugin, entry));
        let version = self.load_settled(path, settings.clone()).await?;
        Ok(Prepared { plugin: plugin.to_owned(), version, settings })
    }

    /// Puts a prepared plugin into use.
    pub fn install(&self, prepared: Prepared) {
        let history = History::begin(&prepared.version.id);
        let slot = Slot {
            history,
            version: ArcSwap::new(prepared.version),
            settings: ArcSwap::new(prepared.settings),
            refused: ArcSwapOption::empty(),
            begun: AtomicU64::default(),
            ended: Mutex::default(),
        };
        self.slots.write().unwrap_or_else(PoisonError::into_inner).insert(prepared.plugin, Arc::new(slot));
    }

    /// Whether a plugin is in use.
    pub fn has(&self, plugin: &str) -> bool {
        self.slot(plugin).is_some()
    }

    /// A plugin in use, for running attempts on its current version.
    pub fn handle(&self, plugin: &str) -> Option<Handle> {
        self.slot(plugin).map(Handle)
    }

    /// The plugin's current version.
    pub fn version(&self, plugin: &str) -> Option<Arc<Version>> {
        self.slot(plugin).map(|slot| slot.version.load_full())
    }

    /// Removes a plugin that no queue uses any more. Handles that still exist keep working with the plugin's last
    /// version.
    pub fn remove(&self, plugin: &str) {
        self.slots.write().unwrap_or_else(PoisonError::into_inner).remove(plugin);
        self.engine.idle().give_up(|key| &*key.settings.plugin == plugin);
    }

    /// Replaces a plugin's settings, starting with the next attempt.
    pub fn configure(&self, plugin: &str, entry: &Plugin) {
        if let Some(slot) = self.slot(plugin) {
            let old = slot.settings.swap(Arc::new(Settings::new(plugin, entry)));
            self.engine.idle().give_up(|key| Arc::ptr_eq(&key.settings, &old));
        }
    }

    /// Reads the plugin's file and switches to its version, if that is a different one and usable.
    pub async fn reload(&self, plugin: &str) -> Reload {
        let Some(slot) = self.slot(plugin) else { return Reload::Unchanged };
        let number = slot.begun.fetch_add(1, Ordering::Relaxed) + 1;
        let path = self.path(plugin);
        let loaded = self.load_other(&path, &slot).await;
        let mut ended = slot.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if number < *ended {
            return Reload::Unchanged;
        }
        *ended = number;
        match loaded {
            Ok(None) => {
                slot.refused.store(None);
                Reload::Unchanged
            }
            Ok(Some(version)) => {
                let new = version.id.clone();
                let old = slot.version.swap(version);
                self.engine.idle().give_up(|key| Arc::ptr_eq(&key.version, &old));
                slot.refused.store(None);
                slot.history.replaced(&new);
                Reload::Replaced { old: old.id.clone(), new }
            }
            Err(error) => {
                slot.refused.store(Some(Arc::new(error.to_string())));
                slot.history.refused(&error.to_string());
                Reload::Refused(error)
            }
        }
    }

    /// The status of the plugins in use, sorted by name.
    pub fn status(&self) -> Vec<Status> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        let mut status: Vec<_> = slots
            .iter()
            .map(|(plugin, slot)| Status {
                plugin: plugin.clone(),
                version: slot.version.load().id.clone(),
                interface: slot.version.load().interface,
                refused: slot.refused.load_full().map(|reason| reason.to_string()),
                since: slot.history.since(),
                reloads: slot.history.records(),
            })
            .collect();
        status.sort_by(|a, b| a.plugin.cmp(&b.plugin));
        status
    }

    /// Runs one attempt on the plugin's current version.
    pub async fn run(&self, Handle(slot): &Handle, attempt: Attempt, timeout: Duration) -> Finished {
        let version = slot.version.load_full();
        let settings = slot.settings.load_full();
        let plugin = settings.plugin.to_string();
        let id = version.id.clone();
        let started = Instant::now();
        if let Err(outcome) = checked(&version, &attempt, started, timeout).await {
            return Finished { outcome, plugin, version: Some(id), usage: None };
        }
        let time = Time { timeout, used: started.elapsed() };
        let ended = attempt::handle(&self.engine, version.clone(), settings.clone(), attempt, time).await;
        if let Some(pen) = ended.pen {
            self.engine.rest(Key { version, settings }, pen, |key| slot.serves(key));
        }
        Finished { outcome: ended.outcome, plugin, version: Some(id), usage: ended.usage }
    }

    /// The runtime that attempts run on.
    pub fn home(&self) -> Option<tokio::runtime::Handle> {
        self.engine.pens().cloned()
    }

    fn slot(&self, plugin: &str) -> Option<Arc<Slot>> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner).get(plugin).cloned()
    }

    async fn load_other(&self, path: &Path, slot: &Slot) -> Result<Option<Arc<Version>>, LoadError> {
        let (_, digest) = read_summed(path, self.most).await?;
        if digest == slot.version.load().digest {
            return Ok(None);
        }
        let version = self.load_settled(path, slot.settings.load_full()).await?;
        // While the file was being loaded, it may have changed back to the version in use.
        Ok((version.digest != slot.version.load().digest).then_some(version))
    }

    /// Loads a file. An error counts only after the file has stopped changing, since the file may be half copied.
    async fn load_settled(&self, path: &Path, settings: Arc<Settings>) -> Result<Arc<Version>, LoadError> {
        let started = Instant::now();
        loop {
            let (bytes, digest) = read_summed(path, self.most).await?;
            let loaded = load(&self.engine, &self.linker, &self.compiler, settings.clone(), path, bytes).await;
            let error = match loaded {
                Ok(version) => return Ok(Arc::new(version)),
                Err(error) => error,
            };
            tokio::time::sleep(SETTLED).await;
            let unchanged = read_summed(path, self.most).await.is_ok_and(|(_, now)| now == digest);
            if unchanged || started.elapsed() > SETTLED * 100 {
                return Err(error);
            }
        }
    }
}

/// Validates the job before its attempt. The time counts against the attempt's timeout. Most checks complete at the
/// first poll.
async fn checked(version: &Version, attempt: &Attempt, started: Instant, timeout: Duration) -> Result<(), Outcome> {
    let Attempt { job, signals, .. } = attempt;
    let unfit = tokio::select! {
        biased;
        checked = version.jobs.check(job, started + timeout) => checked,
        () = signals.lock_lost.cancelled() => return Err(Outcome::LockLost),
        () = signals.give_back.cancelled() => return Err(Outcome::GivenBack),
    };
    unfit.map_err(|unfit| match unfit {
        CheckError::Job(failure) => Outcome::Failed(failure),
        CheckError::Late => {
            let message = format!(
                "timeout: checking the job's data against its schema did not finish within {}, the `timeout` of queue {}",
                humantime::format_duration(timeout),
                job.queue
            );
            Outcome::Retry(Failure::new(FailureKind::Timeout, message))
        }
    })
}

/// A plugin that has been loaded and checked but is not in use yet.
#[derive(Debug)]
pub struct Prepared {
    plugin: String,
    version: Arc<Version>,
    settings: Arc<Settings>,
}

impl Prepared {
    /// The plugin's name.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Sends the plugin's requests through this transport instead of the network. [`Plugins::configure`] resets it.
    #[must_use]
    pub fn through(mut self, transport: Arc<dyn Transport>) -> Self {
        self.settings = Arc::new(Settings { transport, ..Settings::clone(&self.settings) });
        self
    }

    /// The version that [`Plugins::install`] would put into use.
    pub fn version(&self) -> &Version {
        &self.version
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("plugin", &self.plugin).finish_non_exhaustive()
    }
}
