//! The plugins that the host uses, each with its current version. A version is replaced atomically while attempts run.

mod history;
mod prepared;
mod slot;
mod status;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

pub use history::ReloadRecord;
pub use prepared::Prepared;
pub use status::{Reload, StartError, Status};

use crate::attempt;
use crate::cache::Cache;
use crate::compile::Compiler;
use crate::engine::Engine;
use crate::load::{LoadError, Loader};
use crate::pool::{Key, Pool};
use crate::settings::Settings;
use crate::version::Version;
use slot::Slot;
use toril_config::{HostSettings, Plugin};
use toril_job::{Attempt, Finished};

/// How long an unusable file must stay unchanged before the host reports it: the file may still be being copied.
const SETTLED: Duration = Duration::from_millis(300);

/// A plugin in use. The handle stays valid when the plugin's version is replaced.
#[derive(Clone)]
pub struct Handle(Arc<Slot>);

/// All plugins of a host.
pub struct Plugins {
    engine: Engine,
    pool: Pool,
    loader: Loader,
    folder: PathBuf,
    slots: RwLock<HashMap<String, Arc<Slot>>>,
}

impl Plugins {
    /// Starts the engine. No plugin is loaded yet.
    pub fn start(settings: &HostSettings) -> Result<Self, StartError> {
        let engine = Engine::start(settings)?;
        let cache = Cache::open(&settings.cache)
            .map_err(|source| StartError::Cache { path: settings.cache.clone(), source })?;
        let compiler = Compiler::new(engine.wasmtime().clone(), cache, settings);
        let loader = Loader::new(&engine, compiler, settings.max_component).map_err(StartError::Linker)?;
        let pool = Pool::new(settings.max_pens.get());
        Ok(Self { engine, pool, loader, folder: settings.plugins.clone(), slots: RwLock::default() })
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
        settings.check()?;
        let version = self.load_settled(path, settings.clone()).await?;
        Ok(Prepared { plugin: plugin.to_owned(), version, settings })
    }

    /// Puts a prepared plugin into use.
    pub fn install(&self, prepared: Prepared) {
        let plugin = prepared.plugin.clone();
        self.slots.write().unwrap_or_else(PoisonError::into_inner).insert(plugin, Arc::new(Slot::new(prepared)));
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
        self.slot(plugin).map(|slot| slot.version())
    }

    /// Removes a plugin that no queue uses any more. Handles that still exist keep working with the plugin's last
    /// version.
    pub fn remove(&self, plugin: &str) {
        self.slots.write().unwrap_or_else(PoisonError::into_inner).remove(plugin);
        self.pool.drop_idle(|key| &*key.settings.plugin == plugin);
    }

    /// Checks whether a plugin could use this entry.
    pub fn check_entry(plugin: &str, entry: &Plugin) -> Result<(), LoadError> {
        Ok(Settings::new(plugin, entry).check()?)
    }

    /// Replaces a plugin's settings, starting with the next attempt. Check them before with [`Plugins::check_entry`].
    pub fn configure(&self, plugin: &str, entry: &Plugin) {
        if let Some(slot) = self.slot(plugin) {
            let old = slot.configure(Arc::new(slot.settings().replaced_by(entry)));
            self.pool.drop_idle(|key| Arc::ptr_eq(&key.settings, &old));
        }
    }

    /// Reads the plugin's file and switches to its version, if that is a different one and usable.
    pub async fn reload(&self, plugin: &str) -> Reload {
        let Some(slot) = self.slot(plugin) else { return Reload::Unchanged };
        let number = slot.start_reload();
        let loaded = self.load_other(&self.path(plugin), &slot).await;
        let (reload, replaced) = slot.finish_reload(number, loaded);
        if let Some(old) = replaced {
            self.pool.drop_idle(|key| Arc::ptr_eq(&key.version, &old));
        }
        reload
    }

    /// The status of the plugins in use, sorted by name.
    pub fn status(&self) -> Vec<Status> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        let mut status: Vec<_> = slots.iter().map(|(plugin, slot)| slot.status(plugin)).collect();
        status.sort_by(|a, b| a.plugin.cmp(&b.plugin));
        status
    }

    /// Sets the gauges that disappear if they are not set again and again.
    pub fn record(&self) {
        for slot in self.slots.read().unwrap_or_else(PoisonError::into_inner).values() {
            slot.settings().grants.postgres.record();
            slot.settings().grants.sockets.record();
        }
    }

    /// Runs one attempt on the plugin's current version.
    pub async fn run(&self, Handle(slot): &Handle, attempt: Attempt, timeout: Duration) -> Finished {
        let (version, settings) = (slot.version(), slot.settings());
        let (plugin, id) = (settings.plugin.to_string(), version.id.clone());
        let end = attempt::run(&self.pool, version.clone(), settings.clone(), attempt, timeout).await;
        if let Some(pen) = end.pen {
            self.pool.keep(Key { version, settings }, pen, |key| slot.serves(key), self.engine.pens());
        }
        Finished { outcome: end.outcome, plugin, version: Some(id), usage: end.usage }
    }

    /// Waits until nothing of the attempts that have ended goes on in the background, such as cancelling a statement on a
    /// database. Call it after the last attempt.
    pub async fn attempts_settled(&self) {
        self.pool.tasks().close();
        self.pool.tasks().wait().await;
    }

    /// The runtime that attempts run on.
    pub fn home(&self) -> Option<tokio::runtime::Handle> {
        self.engine.pens().cloned()
    }

    fn slot(&self, plugin: &str) -> Option<Arc<Slot>> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner).get(plugin).cloned()
    }

    async fn load_other(&self, path: &Path, slot: &Slot) -> Result<Option<Arc<Version>>, LoadError> {
        let (_, digest) = self.loader.read(path).await?;
        if digest == slot.version().digest {
            return Ok(None);
        }
        let version = self.load_settled(path, slot.settings()).await?;
        // While the file was being loaded, it may have changed back to the version in use.
        Ok((version.digest != slot.version().digest).then_some(version))
    }

    /// Loads a file. An error counts only after the file has stopped changing, since the file may be half copied.
    async fn load_settled(&self, path: &Path, settings: Arc<Settings>) -> Result<Arc<Version>, LoadError> {
        let started = Instant::now();
        loop {
            let (bytes, digest) = self.loader.read(path).await?;
            let loaded = self.loader.load(&self.engine, &self.pool, settings.clone(), path, bytes).await;
            let error = match loaded {
                Ok(version) => return Ok(Arc::new(version)),
                Err(error) => error,
            };
            tokio::time::sleep(SETTLED).await;
            let unchanged = self.loader.read(path).await.is_ok_and(|(_, now)| now == digest);
            if unchanged || started.elapsed() > SETTLED * 100 {
                return Err(error);
            }
        }
    }
}
