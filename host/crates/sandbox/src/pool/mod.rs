//! The places for pens, and the idle pens that wait for another job of their plugin. An idle pen keeps its place.

mod idle;
mod key;

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

pub use key::Key;

use crate::pen::Pen;
use crate::settings::Settings;
use crate::version::Version;
use idle::{Idle, Put, sweep_until_empty};
use toril_config::Isolation;

/// The places and the idle pens of one engine.
pub struct Pool {
    places: Arc<Semaphore>,
    idle: Arc<Idle<Key, Box<Pen>>>,
    tasks: TaskTracker,
}

/// Where an attempt runs.
pub enum Place {
    /// In a pen that is yet to be created.
    New(OwnedSemaphorePermit),
    /// In a pen that has run other jobs.
    Used(Box<Pen>),
}

impl Pool {
    /// Has places for this many pens.
    pub fn new(max_pens: u32) -> Self {
        let places = Arc::new(Semaphore::new(max_pens as usize));
        Self { places, idle: Arc::new(Idle::new()), tasks: TaskTracker::new() }
    }

    /// The tasks of attempts that end after their attempts.
    pub fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Takes an idle pen for a job of this plugin version, or waits for a place for a new pen. Returns `None` if the
    /// host is shutting down.
    pub async fn take(&self, version: &Arc<Version>, settings: &Arc<Settings>) -> Option<Place> {
        if let Isolation::Reuse { .. } = settings.isolation {
            let key = Key { version: version.clone(), settings: settings.clone() };
            if let Some(pen) = self.idle.take(&key) {
                return Some(Place::Used(pen));
            }
        }
        self.place().await.map(Place::New)
    }

    /// Waits for a place for a new pen. Returns `None` if the host is shutting down.
    pub async fn place(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = self.places.clone().try_acquire_owned() {
            return Some(place);
        }
        let _wanted = self.idle.make_room();
        self.places.clone().acquire_owned().await.ok()
    }

    /// Keeps a pen idle for another job, unless `serves` returns false for its key. `runtime` removes the pen when it
    /// is idle for too long.
    pub fn keep(&self, key: Key, pen: Box<Pen>, serves: impl FnOnce(&Key) -> bool, runtime: Option<&Handle>) {
        if let (Put::KeptUnswept, Some(runtime)) = (self.idle.put(key, pen, serves), runtime) {
            // This task ends with the runtime.
            runtime.spawn(sweep_until_empty(self.idle.clone()));
        }
    }

    /// Drops the idle pens that can no longer run a job. Call it after the change that makes them unusable.
    pub fn drop_idle(&self, which: impl Fn(&Key) -> bool) {
        self.idle.drop_matching(which);
    }
}
