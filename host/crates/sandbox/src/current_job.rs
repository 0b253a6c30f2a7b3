//! What a pen and its grants know about the job that runs in the pen.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::task::TaskTracker;

use crate::denials::Denials;
use crate::output::Output;
use toril_job::trace::Trace;
use toril_job::{JobContext, KeyValue, Signals};

/// The job that a pen runs. A pen that runs several jobs gets a new value for each.
pub struct CurrentJob {
    /// The plugin's name.
    pub plugin: Arc<str>,
    /// Leads to the job's queue. `None` in `describe` and in an idle pen, where no job is running.
    pub context: Option<Arc<dyn JobContext>>,
    /// The store of the plugins' key-value data.
    pub store: Option<Arc<dyn KeyValue>>,
    /// The job's log.
    pub output: Option<Output>,
    /// The signals that can end the attempt from outside.
    pub signals: Signals,
    /// The attempt's span.
    pub trace: Trace,
    /// When the attempt must end.
    pub deadline: Instant,
    /// Calls that were denied because the plugin's entry lacks a grant.
    pub denials: Denials,
    /// Tasks that end after the attempt, such as one that cancels a statement on a database. A shutdown waits for them.
    pub tasks: TaskTracker,
}

impl CurrentJob {
    /// No job, for `describe` and for an idle pen.
    pub fn none(plugin: Arc<str>, deadline: Instant) -> Self {
        Self {
            plugin,
            context: None,
            store: None,
            output: None,
            signals: Signals::default(),
            trace: Trace::default(),
            deadline,
            denials: Denials::default(),
            tasks: TaskTracker::new(),
        }
    }

    /// Time left until the deadline.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}
