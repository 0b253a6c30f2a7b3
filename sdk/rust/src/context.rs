//! The running attempt: its deadline, and whether it should stop.

use std::fmt;
use std::time::Duration;

use crate::{Json, host};

/// Why an attempt should end soon. `Display` writes the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancelled {
    /// The host shuts down. A handler that cannot finish in time returns [`Failure::Defer`](crate::Failure::Defer),
    /// and the next host runs the job again.
    Shutdown,
    /// Someone cancelled the job, with this reason. A handler returns [`Failure::Fatal`](crate::Failure::Fatal).
    Requested(String),
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shutdown => f.write_str("the host is shutting down"),
            Self::Requested(reason) => f.write_str(reason),
        }
    }
}

/// Fields of the running job that few handlers need, as they were when this run began.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Details {
    /// The options, with the names of BullMQ's `JobsOptions`.
    pub options: Json,
    /// How often the job was started, including this run.
    pub starts: u32,
    /// How often the job has stalled.
    pub stalls: u32,
    /// The last progress.
    pub progress: Option<Json>,
    /// The priority, 0 if it has none.
    pub priority: u32,
    /// The job's last delay.
    pub delay: Duration,
    /// The deduplication id.
    pub deduplication_id: Option<String>,
    /// The job scheduler that created the job.
    pub scheduler: Option<String>,
    /// The reason of the job's last failure.
    pub failed_reason: Option<String>,
}

/// The other fields of the running job, `None` outside of a component.
pub fn details() -> Option<Details> {
    host::details()
}

/// The time until the attempt's deadline, zero once it has passed. The host interrupts the attempt at the deadline,
/// even inside a call such as a request.
pub fn remaining() -> Duration {
    host::remaining()
}

/// Why the attempt should end soon, `None` if it should not. A handler that goes on may be interrupted.
pub fn cancelled() -> Option<Cancelled> {
    host::cancelled()
}
