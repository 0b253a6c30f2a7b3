//! How an attempt ended, and why.

use std::fmt;
use std::time::Duration;

use crate::job::Json;

/// How one attempt ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The job completed with this return value.
    Completed(Json),
    /// The attempt failed. The host retries the job while attempts remain.
    Retry(Failure),
    /// The job failed permanently.
    Failed(Failure),
    /// The job runs again after this time. It uses up no attempt.
    Deferred(Duration),
    /// The queue starts no job for this time, and then runs this job again. It uses up no attempt.
    RateLimited(Duration),
    /// The job goes back to the front of its queue. It uses up no attempt.
    Requeued,
    /// The job runs again when its children have finished. It uses up no attempt.
    AwaitChildren,
    /// The host shuts down and interrupted the attempt, so the job is requeued. It uses up no attempt.
    GivenBack,
    /// This host lost the job's lock. Another host may already run the job, so this one must write nothing.
    LockLost,
}

impl Outcome {
    /// The outcome's name in logs and metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Completed(_) => "completed",
            Self::Retry(_) => "retry",
            Self::Failed(_) => "failed",
            Self::Deferred(_) => "deferred",
            Self::RateLimited(_) => "rate-limited",
            Self::Requeued => "requeued",
            Self::AwaitChildren => "awaiting-children",
            Self::GivenBack => "given-back",
            Self::LockLost => "lock-lost",
        }
    }

    /// The failure, if the attempt failed.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Retry(failure) | Self::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

/// Why an attempt failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The kind of failure, for metrics and logs.
    pub kind: FailureKind,
    /// What happened, written so that a person can act on it. Becomes `failedReason`.
    pub message: String,
    /// The complete entry in `stacktrace`. Unset: the message.
    pub stack: Option<String>,
}

impl Failure {
    /// A failure without a stack trace.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), stack: None }
    }
}

/// The category of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The plugin returned an error (`retry` or `fatal`).
    Plugin,
    /// The job's data does not match its schema, or is not JSON.
    InvalidData,
    /// The plugin does not handle jobs with this name.
    UnknownJob,
    /// The guest trapped.
    Trap,
    /// The attempt took longer than the queue's `timeout`.
    Timeout,
    /// The guest used up its fuel.
    Fuel,
    /// The guest tried to use more memory than the plugin's `memory` allows.
    Memory,
    /// The result is not JSON, or is larger than `max_result`.
    InvalidResult,
    /// A user cancelled the job, and the plugin did not stop in time.
    Cancelled,
    /// The host itself failed.
    Host,
}

impl FailureKind {
    /// The kind's name in logs and metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Plugin => "plugin",
            Self::InvalidData => "invalid-data",
            Self::UnknownJob => "unknown-job",
            Self::Trap => "trap",
            Self::Timeout => "timeout",
            Self::Fuel => "fuel",
            Self::Memory => "memory",
            Self::InvalidResult => "invalid-result",
            Self::Cancelled => "cancelled",
            Self::Host => "host",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// An outcome, and which plugin version produced it.
#[derive(Clone, Debug)]
pub struct Finished {
    /// How the attempt ended.
    pub outcome: Outcome,
    /// The plugin's name.
    pub plugin: String,
    /// The version of the plugin that ran, if one did.
    pub version: Option<String>,
    /// The resources that the run used. Unset if no plugin ran, or if the run was interrupted from outside.
    pub usage: Option<Usage>,
}

/// The resources that one run of a plugin used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The peak of linear memory in bytes. Linear memory never shrinks.
    pub memory: usize,
    /// The fuel used: about one unit per instruction. Unknown if the run was interrupted or trapped.
    pub fuel: Option<u64>,
}
