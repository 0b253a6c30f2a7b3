//! Where the queue side and the plugin side meet: the job that is handed over, what the running job may ask of its
//! queue, and the outcome that comes back. Knows neither Redis nor wasmtime.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// A job as a plugin sees it.
#[derive(Clone, Debug)]
pub struct Job {
    /// BullMQ's job id, unique in its queue.
    pub id: String,
    /// The queue's name, without key prefix.
    pub queue: String,
    /// The job's name.
    pub name: String,
    /// The payload.
    pub data: Value,
    /// Which run this is, from 1. Runs that used up no attempt are not counted.
    pub attempt: u32,
    /// How many attempts the job has in all, at least 1.
    pub max_attempts: u32,
    /// When the job was added, in milliseconds since the Unix epoch.
    pub added_at: u64,
    /// The parent in a flow.
    pub parent: Option<JobRef>,
}

/// Names one job of one queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRef {
    /// The queue's name, without key prefix.
    pub queue: String,
    /// The job's id.
    pub id: String,
}

/// How one attempt ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The job is done, with this return value.
    Completed(Value),
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
    /// The host itself failed.
    Host,
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plugin => "plugin",
            Self::InvalidData => "invalid-data",
            Self::UnknownJob => "unknown-job",
            Self::Trap => "trap",
            Self::Timeout => "timeout",
            Self::Fuel => "fuel",
            Self::Memory => "memory",
            Self::InvalidResult => "invalid-result",
            Self::Host => "host",
        })
    }
}

/// How much a line of a job's log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// For someone who looks closely.
    Debug,
    /// The usual.
    Info,
    /// Something is odd.
    Warn,
    /// Something failed.
    Error,
}

/// Why something that a plugin asked of its job could not be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// The request itself is not allowed.
    #[error("{0}")]
    Invalid(String),
    /// It cannot be done now.
    #[error("{0}")]
    Unavailable(String),
}

/// What the running job may ask of the queue that it came from.
pub trait JobContext: Send + Sync {
    /// Appends a line to the job's log. Never fails the attempt: a line that cannot be kept is only reported.
    fn log(&self, level: LogLevel, message: String) -> BoxFuture<'_, ()>;
    /// Publishes the job's progress.
    fn set_progress(&self, progress: Value) -> BoxFuture<'_, Result<(), ContextError>>;
}

/// What can end an attempt from outside.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    /// Asks the plugin to end soon: the host shuts down.
    pub cancelled: CancellationToken,
    /// Ends the attempt now and gives the job back.
    pub give_back: CancellationToken,
    /// Ends the attempt now, since the job is another host's.
    pub lock_lost: CancellationToken,
}

/// An attempt, ready to be run.
pub struct Attempt {
    /// The job.
    pub job: Job,
    /// The way back to its queue.
    pub context: Arc<dyn JobContext>,
    /// What can end it from outside.
    pub signals: Signals,
}

/// Runs attempts: what the queue side knows of the plugin side.
pub trait Runner: Send + Sync {
    /// Runs one attempt to its outcome. Never fails: whatever goes wrong is an outcome.
    fn run(&self, attempt: Attempt) -> BoxFuture<'_, Finished>;
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
    /// The fuel that it used: about one unit an instruction.
    pub fuel: u64,
}
