//! Where the queue side and the plugin side meet: the job that is handed over, what the running job may ask of its
//! queue, and the outcome that comes back. Knows neither Redis nor wasmtime.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::config::{self, Backoff};
use crate::telemetry::traces::{Carrier, Trace};

/// A job as a plugin sees it.
#[derive(Clone, Debug)]
pub struct Job {
    /// BullMQ's job id, unique in its queue.
    pub id: String,
    /// The queue's name, without key prefix.
    pub queue: String,
    /// The job's name.
    pub name: String,
    /// The payload, as it was written.
    pub data: Json,
    /// Which run this is, from 1. Runs that used up no attempt are not counted.
    pub attempt: u32,
    /// How many attempts the job has in all, at least 1.
    pub max_attempts: u32,
    /// When the job was added, in milliseconds since the Unix epoch.
    pub added_at: u64,
    /// The parent in a flow.
    pub parent: Option<JobRef>,
}

/// JSON text as it was written: whoever only passes it on changes nothing, a number of many digits included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json(Arc<str>);

impl Json {
    /// Takes text that is JSON; the error tells the place where it is none.
    pub fn parse(text: impl Into<Arc<str>>) -> Result<Self, serde_json::Error> {
        let text = text.into();
        serde_json::from_str::<serde::de::IgnoredAny>(&text)?;
        Ok(Self(text))
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The value. Fails for what is nested too deeply; digits beyond a double's may be lost.
    pub fn value(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_str(&self.0)
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self(value.to_string().into())
    }
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
    /// The plugin's entry in the configuration does not allow it, or not so much of it.
    #[error("{0}")]
    Denied(String),
    /// It cannot be done now.
    #[error("{0}")]
    Unavailable(String),
}

impl ContextError {
    /// Values that are more than one call may bring.
    pub fn too_much_at_once(bytes: usize, limit: usize) -> Self {
        Self::Invalid(format!("the values have {bytes} bytes together and may have {limit} in one call"))
    }

    /// Key-value data of a plugin that would be more than its grant allows. `unit`: keys or bytes; `key`: what to raise.
    pub fn too_much_kept(plugin: &str, wanted: u64, unit: &str, most: u64, key: &str) -> Self {
        Self::Denied(format!(
            "plugin {plugin} would keep {wanted} {unit} of key-value data and may keep {most}: raise `{key}` in `keyvalue` under [plugins.{plugin}] in the configuration, or have the plugin delete data"
        ))
    }
}

/// A future of something that a plugin asked for.
pub type Asked<'a, T> = BoxFuture<'a, Result<T, ContextError>>;

/// What the running job may ask of the queue that it came from.
pub trait JobContext: Send + Sync {
    /// Appends a line to the job's log. Never fails the attempt: a line that cannot be kept is only reported.
    fn log(&self, level: LogLevel, message: String) -> BoxFuture<'_, ()>;
    /// Publishes the job's progress.
    fn set_progress(&self, progress: Value) -> Asked<'_, ()>;
    /// Replaces the job's data.
    fn set_data(&self, data: Value) -> Asked<'_, ()>;
    /// What the completed children returned.
    fn children_values(&self) -> Asked<'_, Vec<(JobRef, Value)>>;
    /// Why children failed whose failure is ignored.
    fn ignored_failures(&self) -> Asked<'_, Vec<(JobRef, String)>>;
    /// How many children there are, by what became of them.
    fn dependencies(&self) -> Asked<'_, Dependencies>;
    /// Adds a job, and says its id. `child`: as a child of the running job.
    fn add(&self, job: NewJob, child: Option<OnFailure>) -> Asked<'_, String>;
}

/// The children of a job, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dependencies {
    /// Completed.
    pub processed: u64,
    /// Not ended yet.
    pub unprocessed: u64,
    /// Failed, and ignored.
    pub ignored: u64,
    /// Failed.
    pub failed: u64,
}

/// A job that a plugin adds. What is none comes from the queue's settings.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// The queue.
    pub queue: String,
    /// The job's name.
    pub name: String,
    /// The payload.
    pub data: Value,
    /// An id of the plugin's own.
    pub id: Option<String>,
    /// Not before this has passed.
    pub delay: Option<Duration>,
    /// 1 goes first.
    pub priority: Option<u32>,
    /// How often it is tried in all.
    pub attempts: Option<u32>,
    /// How the attempts are spaced.
    pub backoff: Option<Backoff>,
    /// Added only if no other of the same kind is there.
    pub deduplication: Option<Deduplication>,
    /// The context of the attempt that adds it.
    pub trace: Option<Carrier>,
}

/// When a job counts as being there already.
#[derive(Clone, Debug)]
pub struct Deduplication {
    /// What makes jobs the same.
    pub id: String,
    /// For how long others are held back.
    pub ttl: Option<Duration>,
    /// Each further try starts that time anew.
    pub extend: bool,
    /// A delayed job of that id is replaced.
    pub replace: bool,
    /// While one of that id runs, this one is kept and added at its end.
    pub keep_last_if_active: bool,
}

/// What a child's final failure means for its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The parent fails, too.
    FailParent,
    /// The parent goes on at once.
    ContinueParent,
    /// The child counts as ended.
    Ignore,
    /// The child counts as if it had never been.
    Remove,
    /// The parent waits until the child completes after all.
    Wait,
}

/// Key-value data of plugins. Each plugin sees its own alone: `plugin` is its name.
pub trait KeyValue: Send + Sync {
    /// The value of a key.
    fn get<'a>(&'a self, plugin: &'a str, key: &'a str) -> Asked<'a, Option<Vec<u8>>>;
    /// Sets a key, within the limits and for the time to live of the plugin's grant.
    fn set<'a>(&'a self, plugin: &'a str, key: &'a str, value: Vec<u8>, grant: &'a config::KeyValue) -> Asked<'a, ()>;
    /// Removes a key, if it is there.
    fn delete<'a>(&'a self, plugin: &'a str, key: &'a str) -> Asked<'a, ()>;
    /// Whether a key is there.
    fn exists<'a>(&'a self, plugin: &'a str, key: &'a str) -> Asked<'a, bool>;
    /// Some keys, and where to go on if there may be more. A key that is there all the while is told at least once.
    fn keys<'a>(&'a self, plugin: &'a str, cursor: Option<u64>) -> Asked<'a, (Vec<String>, Option<u64>)>;
    /// Adds to a number, which is 0 where it is not there, and says what it is then.
    fn increment<'a>(&'a self, plugin: &'a str, key: &'a str, by: u64, grant: &'a config::KeyValue) -> Asked<'a, u64>;
    /// The values of keys, in their order. Refused if they are more than `limit` bytes together.
    fn get_many<'a>(&'a self, plugin: &'a str, keys: &'a [String], limit: usize) -> Asked<'a, Vec<Option<Vec<u8>>>>;
    /// Sets keys as [`set`](Self::set) does. All of them or none.
    fn set_many<'a>(
        &'a self,
        plugin: &'a str,
        pairs: &'a [(String, Vec<u8>)],
        grant: &'a config::KeyValue,
    ) -> Asked<'a, ()>;
    /// Removes keys, as far as they are there.
    fn delete_many<'a>(&'a self, plugin: &'a str, keys: &'a [String]) -> Asked<'a, ()>;
}

/// Asks a plugin to end, and says why.
#[derive(Clone, Debug, Default)]
pub struct Cancellation {
    token: CancellationToken,
    reason: Arc<OnceLock<String>>,
}

impl Cancellation {
    /// Asks it to end. The first reason counts.
    pub fn cancel(&self, reason: String) {
        self.reason.get_or_init(|| reason);
        self.token.cancel();
    }

    /// The reason, once it was asked to end.
    pub fn reason(&self) -> Option<&str> {
        self.token.is_cancelled().then(|| self.reason.get().map_or("", String::as_str))
    }

    /// Waits until it is asked to end.
    pub async fn cancelled(&self) {
        self.token.cancelled().await;
    }
}

/// What can end an attempt from outside.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    /// Asks the plugin to end soon: the host shuts down.
    pub shutdown: CancellationToken,
    /// Asks the plugin to end soon: somebody has cancelled the job. Ends the attempt some seconds later.
    pub cancelled: Cancellation,
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
    /// Where plugins keep data.
    pub store: Arc<dyn KeyValue>,
    /// What can end it from outside.
    pub signals: Signals,
    /// The span that stands for it.
    pub trace: Trace,
    /// Whether it may begin on the thread that asks for it, which is spared the way to another. It takes the thread for no
    /// longer than a guest may run at a time; who asks moves on with it to [`Runner::home`].
    pub here: bool,
}

/// Runs attempts: what the queue side knows of the plugin side.
pub trait Runner: Send + Sync {
    /// Runs one attempt to its outcome. Never fails: whatever goes wrong is an outcome.
    fn run(&self, attempt: Attempt) -> BoxFuture<'_, Finished>;

    /// The runtime on which attempts run. A job that is processed there is spared the way to it. None: on any.
    fn home(&self) -> Option<Handle> {
        None
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
