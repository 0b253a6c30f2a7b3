//! One component on a bench: loaded by the same code as in a host, so that what a host would refuse is refused here in
//! the same words, and run in the same pens.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::notebook::{Notebook, Notes};
use super::shelf::Shelf;
use toril_config::{HostSettings, Plugin};
use toril_job::trace::Trace;
use toril_job::{Attempt, Failure, FailureKind, Finished, Job, Outcome, Signals};
use toril_sandbox::{LoadError, Plugins, Prepared, StartError};

/// A component can be made of several modules, for each of which the pool needs room.
const ROOM: NonZeroU32 = match NonZeroU32::new(8) {
    Some(pens) => pens,
    None => NonZeroU32::MIN,
};

/// An engine with nothing on it yet.
pub struct Workbench {
    plugins: Plugins,
}

/// A job's run, and what came of it.
#[derive(Clone, Debug)]
pub struct Trial {
    /// How it ended, and what it took.
    pub finished: Finished,
    /// What it told on the way.
    pub notes: Notes,
    /// How long it took, without loading the component.
    pub took: Duration,
}

impl Workbench {
    /// Starts an engine. Compiled components are kept in `cache`: a large one takes half a minute the first time.
    pub fn open(cache: PathBuf) -> Result<Self, StartError> {
        let settings =
            HostSettings { cache, max_pens: ROOM, pen_threads: NonZeroUsize::MIN, ..HostSettings::default() };
        Ok(Self { plugins: Plugins::start(&settings)? })
    }

    /// Loads a component under a plugin's name, with the grants and bounds of `entry`.
    pub async fn load(&self, file: &Path, plugin: &str, entry: &Plugin) -> Result<Prepared, LoadError> {
        self.plugins.prepare_file(file, plugin, entry).await
    }

    /// Runs one job on a loaded component.
    pub async fn run(&self, prepared: Prepared, job: Job, timeout: Duration) -> Trial {
        let plugin = prepared.plugin().to_owned();
        self.plugins.install(prepared);
        let notebook = Arc::new(Notebook::default());
        let attempt = Attempt {
            job,
            context: notebook.clone(),
            store: Arc::new(Shelf::default()),
            signals: Signals::default(),
            trace: Trace::default(),
            here: false,
        };
        let started = Instant::now();
        let finished = match self.plugins.handle(&plugin) {
            Some(handle) => self.plugins.run(&handle, attempt, timeout).await,
            None => not_loaded(plugin),
        };
        Trial { finished, notes: notebook.notes(), took: started.elapsed() }
    }
}

fn not_loaded(plugin: String) -> Finished {
    let failure = Failure::new(FailureKind::Host, format!("plugin {plugin} is not loaded"));
    Finished { outcome: Outcome::Failed(failure), plugin, version: None, usage: None }
}
