//! The traits through which the layers meet: the sandbox runs an attempt without knowing Redis, and asks the job's queue
//! for things; the queue side hands attempts over without knowing wasmtime.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::Value;
use tokio::runtime::Handle;

use crate::job::{Dependencies, Job, JobRef, NewJob, OnFailure};
use crate::outcome::Finished;
use crate::settings;
use crate::signals::Signals;
use crate::trace::Trace;

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

/// Key-value data of plugins. Each plugin sees its own alone: `plugin` is its name.
pub trait KeyValue: Send + Sync {
    /// The value of a key.
    fn get<'a>(&'a self, plugin: &'a str, key: &'a str) -> Asked<'a, Option<Vec<u8>>>;
    /// Sets a key, within the limits and for the time to live of the plugin's grant.
    fn set<'a>(&'a self, plugin: &'a str, key: &'a str, value: Vec<u8>, grant: &'a settings::KeyValue)
    -> Asked<'a, ()>;
    /// Removes a key, if it is there.
    fn delete<'a>(&'a self, plugin: &'a str, key: &'a str) -> Asked<'a, ()>;
    /// Whether a key is there.
    fn exists<'a>(&'a self, plugin: &'a str, key: &'a str) -> Asked<'a, bool>;
    /// Some keys, and where to go on if there may be more. A key that is there all the while is told at least once.
    fn keys<'a>(&'a self, plugin: &'a str, cursor: Option<u64>) -> Asked<'a, (Vec<String>, Option<u64>)>;
    /// Adds to a number, which is 0 where it is not there, and says what it is then.
    fn increment<'a>(&'a self, plugin: &'a str, key: &'a str, by: u64, grant: &'a settings::KeyValue)
    -> Asked<'a, u64>;
    /// The values of keys, in their order. Refused if they are more than `limit` bytes together.
    fn get_many<'a>(&'a self, plugin: &'a str, keys: &'a [String], limit: usize) -> Asked<'a, Vec<Option<Vec<u8>>>>;
    /// Sets keys as [`set`](Self::set) does. All of them or none.
    fn set_many<'a>(
        &'a self,
        plugin: &'a str,
        pairs: &'a [(String, Vec<u8>)],
        grant: &'a settings::KeyValue,
    ) -> Asked<'a, ()>;
    /// Removes keys, as far as they are there.
    fn delete_many<'a>(&'a self, plugin: &'a str, keys: &'a [String]) -> Asked<'a, ()>;
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
}

/// Runs attempts: what the queue side knows of the plugin side.
pub trait Runner: Send + Sync {
    /// Runs one attempt to its outcome, on the task that polls this. Never fails: an error is an outcome as well.
    ///
    /// The caller decides on which thread the attempt runs, and runs it on [`Runner::home`] where there is one. It may
    /// poll an attempt once on a thread of another runtime: that takes no longer than a guest may run at a time.
    fn run(&self, attempt: Attempt) -> BoxFuture<'_, Finished>;

    /// The runtime on which attempts must run. None: any.
    fn home(&self) -> Option<Handle> {
        None
    }
}
