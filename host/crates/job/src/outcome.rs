//! How an attempt ended, and why.

use std::fmt;
use std::time::Duration;

use crate::job::Json;

/// How one attempt ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The job is done, with this return value.
    Completed(Json),
    /// This attempt failed; run the job again while attempts remain.
    Retry(Failure),
    /// The job has failed for good.
    Failed(Failure),
    /// Run the job again in this time; no attempt is used up.
    Deferred(Duration),
    /// Start no job of the queue for this time, then run this one again; no attempt is used up.
    RateLimited(Duration),
    /// Run the job again when its children have ended; no attempt is used up.
    AwaitChildren,
    /// The attempt was interrupted because the host shuts down: give the job back; no attempt is used up.
    GivenBack,
    /// The job is no longer this host's: another may run it already, so nothing may be written.
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
            Self::AwaitChildren => "awaiting-children",
            Self::GivenBack => "given-back",
            Self::LockLost => "lock-lost",
        }
    }

    /// What went wrong, where something did.
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
    /// The kind, for metrics and logs.
    pub kind: FailureKind,
    /// What happened, in words that a person can act on. Becomes `failedReason`.
    pub message: String,
    /// The guest's stack, where there is one. Goes into `stacktrace`.
    pub backtrace: Option<String>,
}

impl Failure {
    /// A failure without a stack.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), backtrace: None }
    }
}

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The plugin said so (`retry` or `fatal`).
    Plugin,
    /// The job's data does not fit its schema, or is no JSON.
    InvalidData,
    /// The plugin does not know a job of this name.
    UnknownJob,
    /// The guest trapped.
    Trap,
    /// The attempt took longer than the queue's `timeout`.
    Timeout,
    /// The guest used up its fuel.
    Fuel,
    /// The guest wanted more memory than the plugin's `memory`.
    Memory,
    /// The result is no JSON or is larger than `max_result`.
    InvalidResult,
    /// Somebody cancelled the job, and the plugin did not end.
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

/// An outcome, and by what it was reached.
#[derive(Clone, Debug)]
pub struct Finished {
    /// How the attempt ended.
    pub outcome: Outcome,
    /// The plugin's name.
    pub plugin: String,
    /// The version of the plugin that ran, if one did.
    pub version: Option<String>,
    /// What the run took, if the plugin ran and was not interrupted from outside.
    pub usage: Option<Usage>,
}

/// What one run of a plugin took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The most linear memory that it had, in bytes. It never gives any back.
    pub memory: usize,
    /// The fuel that it used: about one unit an instruction. Not known of a run that was interrupted or has trapped.
    pub fuel: Option<u64>,
}
