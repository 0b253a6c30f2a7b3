//! Loads one component with the same code as a host, and runs jobs on it. So it rejects the same components with the
//! same messages, and attempts run in the same pens.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::task::AbortOnDropHandle;

use super::memory_store::MemoryStore;
use super::recording_context::{Recording, RecordingContext};
use toril_config::{HostSettings, Plugin};
use toril_job::trace::Trace;
use toril_job::{Attempt, Failure, FailureKind, Finished, Job, Outcome, Signals};
use toril_sandbox::{LoadError, Plugins, Prepared, StartError};

/// A component can consist of several modules, and the pool needs room for each of them.
const ROOM: NonZeroU32 = match NonZeroU32::new(8) {
    Some(pens) => pens,
    None => NonZeroU32::MIN,
};

/// An engine without a component.
pub struct TestHarness {
    plugins: Arc<Plugins>,
}

/// The result of one test run.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The outcome and the usage.
    pub finished: Finished,
    /// What the job reported during the run.
    pub recording: Recording,
    /// The duration of the run, without loading the component.
    pub took: Duration,
}

impl TestHarness {
    /// Starts an engine. Compiled components are kept in `cache`, because the first compilation of a large one takes
    /// half a minute.
    pub fn open(cache: PathBuf) -> Result<Self, StartError> {
        let settings =
            HostSettings { cache, max_pens: ROOM, pen_threads: NonZeroUsize::MIN, ..HostSettings::default() };
        Ok(Self { plugins: Arc::new(Plugins::start(&settings)?) })
    }

    /// Loads a component under a plugin's name, with the grants and limits of `entry`.
    pub async fn load(&self, file: &Path, plugin: &str, entry: &Plugin) -> Result<Prepared, LoadError> {
        self.plugins.prepare_file(file, plugin, entry).await
    }

    /// Runs one job on a loaded component.
    pub async fn run(&self, prepared: Prepared, job: Job, timeout: Duration) -> Trial {
        let plugin = prepared.plugin().to_owned();
        self.plugins.install(prepared);
        let context = Arc::new(RecordingContext::of(&job));
        let attempt = Attempt {
            job,
            context: context.clone(),
            store: Arc::new(MemoryStore::default()),
            signals: Signals::default(),
            trace: Trace::default(),
        };
        let started = Instant::now();
        let finished = self.run_on_pens(plugin, attempt, timeout).await;
        Trial { finished, recording: context.recording(), took: started.elapsed() }
    }

    /// Attempts run on their own runtime. Dropping this future ends them.
    async fn run_on_pens(&self, plugin: String, attempt: Attempt, timeout: Duration) -> Finished {
        let (Some(handle), Some(pens)) = (self.plugins.handle(&plugin), self.plugins.home()) else {
            return not_run(plugin, "is not loaded");
        };
        let plugins = self.plugins.clone();
        let running = pens.spawn(async move { plugins.run(&handle, attempt, timeout).await });
        AbortOnDropHandle::new(running).await.unwrap_or_else(|_| not_run(plugin, "was not run to its end"))
    }
}

fn not_run(plugin: String, reason: &str) -> Finished {
    let failure = Failure::new(FailureKind::Host, format!("plugin {plugin} {reason}"));
    Finished { outcome: Outcome::Failed(failure), plugin, version: None, usage: None }
}
