//! The pen: the store and the instance that an attempt runs in, with their limits. It is created for the attempt and
//! dropped afterwards, whatever the outcome, unless the plugin has `isolation = "reuse"`.
//!
//! | module | holds |
//! | --- | --- |
//! | `linker` | what a component may import, linked once per engine |
//! | `state` | the data of one pen |
//! | `context` | the host functions of `toril:plugin/job-context` |
//! | `store` | the store with its limits of memory, fuel and time |
//! | `failure` | why a guest ended, in the words of `failedReason` |
//! | `reuse` | whether a pen may run another job |

mod context;
mod failure;
mod linker;
mod reuse;
mod state;
mod store;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::OwnedSemaphorePermit;
use wasmtime::Store;

pub use failure::{failed_to_start, guest_failure};
pub use linker::{GuestPre, linker};
pub use state::PenState;
pub use store::{UNLIMITED_FUEL, new as new_store};

use crate::current_job::CurrentJob;
use crate::denials::Denials;
use crate::interface::{Processor, types};
use crate::limits::Limits;
use crate::settings::Settings;
use reuse::{Held, Uses};
use toril_job::Usage;

/// A store with the instance that runs in it. Fields drop in declaration order, so the place is held until the memory
/// is back in the pool.
pub struct Pen {
    store: Store<PenState>,
    /// `None` until the first job starts it. Starting counts against that job's timeout.
    guest: Option<Processor>,
    uses: Uses,
    _place: OwnedSemaphorePermit,
}

/// What the plugin's `handle` returned, or why the guest ended without returning.
pub type Returned = wasmtime::Result<Result<String, types::Failure>>;

impl Pen {
    /// Creates a pen for this job.
    pub fn new(
        place: OwnedSemaphorePermit,
        pre: &GuestPre,
        settings: &Arc<Settings>,
        job: CurrentJob,
    ) -> wasmtime::Result<Self> {
        let store = store::new(pre, PenState::new(settings, job), settings)?;
        Ok(Self { store, guest: None, uses: Uses::default(), _place: place })
    }

    /// Prepares a pen that has run other jobs for this one.
    pub fn begin(&mut self, settings: &Settings, job: CurrentJob) -> wasmtime::Result<()> {
        self.store.data_mut().begin(job);
        store::refill(&mut self.store, settings)
    }

    /// Whether an instance is running, so that the next job needs none.
    pub fn is_started(&self) -> bool {
        self.guest.is_some()
    }

    /// Starts the instance.
    pub async fn start(&mut self, pre: &GuestPre) -> wasmtime::Result<()> {
        self.guest = Some(pre.instantiate_async(&mut self.store).await?);
        Ok(())
    }

    /// Calls the plugin's `handle`, in an instance that was started.
    pub async fn handle(&mut self, job: types::Job<'_>) -> Returned {
        let Some(guest) = &self.guest else { return Err(wasmtime::format_err!("the instance was not started")) };
        guest.toril_plugin_handler().call_handle(&mut self.store, job).await
    }

    /// Gives back what the guest still holds for the attempt that has ended, so that nobody waits for it while the
    /// attempt's outcome is written.
    pub fn end_attempt(&mut self) {
        self.store.data_mut().end_attempt();
    }

    /// Calls of the current job that were denied.
    pub fn denials(&self) -> &Denials {
        &self.store.data().job.denials
    }

    /// What the pen has allocated.
    pub fn limits(&self) -> &Limits {
        &self.store.data().limits
    }

    /// What the current job has used. `None`: the call was interrupted.
    pub fn usage(&self, returned: Option<&Returned>, settings: &Settings) -> Usage {
        Usage { memory: self.limits().memory(), fuel: store::fuel_used(&self.store, returned, settings.fuel) }
    }

    /// Clears the state of the job that has ended. `None` means that the pen must not run another job.
    pub async fn rest(mut self, max_jobs: NonZeroU32, settings: &Settings) -> Option<Box<Self>> {
        let state = self.store.data_mut();
        let held = Held { memory: state.limits.memory(), resources: state.resources() };
        if !self.uses.another(held, max_jobs, settings.memory) || !state.is_quiet().await {
            return None;
        }
        state.begin(CurrentJob::none(settings.plugin.clone(), Instant::now()));
        Some(Box::new(self))
    }
}
