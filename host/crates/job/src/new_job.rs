//! A new job.

use serde_json::Value;

use crate::ids::QueueName;
use crate::options::JobOptions;
use crate::trace::Carrier;

/// A job that a plugin adds. Unset options default to the queue's settings.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// The queue.
    pub queue: QueueName,
    /// The job's name.
    pub name: String,
    /// The payload.
    pub data: Value,
    /// The options.
    pub options: JobOptions,
    /// The trace context of the attempt that adds the job.
    pub trace: Option<Carrier>,
}

/// One of several jobs that a plugin adds in one step.
#[derive(Clone, Debug)]
pub struct TreeJob {
    /// The job.
    pub job: NewJob,
    /// The place of the job that waits for this one, which comes earlier in the list.
    pub child_of: Option<usize>,
}
