//! The grant `add_to`: a plugin adds jobs to the queues that its entry names, through `toril:plugin/jobs`.

mod checked;
mod host;

use std::sync::Arc;

use wasmtime::component::{HasData, Linker};

use crate::current_job::CurrentJob;
use crate::interface::jobs;
use toril_config::Plugin;
use toril_job::QueueName;

/// The interface that uses this grant.
pub const INTERFACE: &str = "toril:plugin/jobs";
/// The line in the plugin's entry.
pub const LINE: &str = "add_to = [\"…\"]             # every queue that it adds jobs to";

/// The grant of a configuration entry.
#[derive(Clone)]
pub struct Prepared {
    /// Queues that the plugin may add jobs to.
    queues: Arc<[QueueName]>,
    /// Maximum number of jobs that one attempt may add.
    max_added_jobs: u64,
}

impl Prepared {
    /// Reads the grant from a configuration entry.
    pub fn new(entry: &Plugin) -> Self {
        Self { queues: entry.add_to.clone().into(), max_added_jobs: entry.max_added_jobs.get() }
    }
}

/// The state of the grant during one job.
#[derive(Default)]
pub struct InPen {
    /// Number of jobs that this attempt has added.
    added: u64,
}

/// What a call uses of a pen.
pub struct View<'a> {
    pub grant: &'a Prepared,
    pub pen: &'a mut InPen,
    pub job: &'a CurrentJob,
}

/// The data of a store whose guest may add jobs.
pub trait JobsHost: Send + 'static {
    /// What a call uses of it.
    fn jobs(&mut self) -> View<'_>;
}

struct HasJobs;

impl HasData for HasJobs {
    type Data<'a> = View<'a>;
}

/// Links the interface.
pub fn link<T: JobsHost>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    jobs::add_to_linker::<T, HasJobs>(linker, T::jobs)
}
