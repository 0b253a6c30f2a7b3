//! The traits through which the layers call each other. The sandbox runs an attempt without knowing Redis, and calls
//! back into the job's queue. The queue side passes attempts on without knowing wasmtime.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::Value;
use tokio::runtime::Handle;

use crate::ids::JobId;
use crate::job::{ChildPage, ChildState, Dependencies, Job, JobDetails, JobRef};
use crate::new_job::{NewJob, TreeJob};
use crate::options::OnFailure;
use crate::outcome::Finished;
use crate::settings;
use crate::signals::Signals;
use crate::trace::Trace;

/// The level of a line in a job's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Details for debugging.
    Debug,
    /// Normal operation.
    Info,
    /// Something unexpected happened.
    Warn,
    /// Something failed.
    Error,
}

/// Why a call that a plugin made through its job failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// The request is not valid.
    #[error("{0}")]
    Invalid(String),
    /// The plugin's entry in the configuration does not grant it, or the plugin exceeded the granted limit.
    #[error("{0}")]
    Denied(String),
    /// The call cannot be served at the moment.
    #[error("{0}")]
    Unavailable(String),
}

impl ContextError {
    /// The values of one call are larger than its limit.
    pub fn too_much_at_once(bytes: usize, limit: usize) -> Self {
        Self::Invalid(format!("the values have {bytes} bytes in total, and one call may have {limit}"))
    }

    /// The plugin's key-value data would exceed the limits of its grant. `unit`: keys or bytes; `key`: the setting to
    /// raise.
    pub fn too_much_kept(plugin: &str, wanted: u64, unit: &str, most: u64, key: &str) -> Self {
        Self::Denied(format!(
            "plugin {plugin} would keep {wanted} {unit} of key-value data, and may keep {most}: raise `{key}` in `keyvalue` under [plugins.{plugin}] in the configuration, or have the plugin delete data"
        ))
    }
}

/// The future of a call that a plugin made.
pub type ContextFuture<'a, T> = BoxFuture<'a, Result<T, ContextError>>;

/// The calls that a running job may make to its queue.
pub trait JobContext: Send + Sync {
    /// Appends a line to the job's log. Never fails the attempt: if the line cannot be stored, the host only reports
    /// it.
    fn log(&self, level: LogLevel, message: String) -> BoxFuture<'_, ()>;
    /// Publishes the job's progress.
    fn set_progress(&self, progress: Value) -> ContextFuture<'_, ()>;
    /// Replaces the job's data.
    fn set_data(&self, data: Value) -> ContextFuture<'_, ()>;
    /// The return values of the completed children.
    fn children_values(&self) -> ContextFuture<'_, Vec<(JobRef, Value)>>;
    /// The failure reasons of the children whose failure is ignored.
    fn ignored_failures(&self) -> ContextFuture<'_, Vec<(JobRef, String)>>;
    /// The number of children in each state.
    fn dependencies(&self) -> ContextFuture<'_, Dependencies>;
    /// The children in one state, page by page. The first page has the cursor 0.
    fn list_children(&self, state: ChildState, cursor: u64, count: u32) -> ContextFuture<'_, ChildPage>;
    /// The job itself.
    fn own(&self) -> JobRef;
    /// The job's other fields. They were read when the job was claimed.
    fn details(&self) -> JobDetails;
    /// Adds a job and returns its id. `child`: add it as a child of the running job.
    fn add(&self, job: NewJob, child: Option<OnFailure>) -> ContextFuture<'_, JobId>;
    /// Adds several jobs in one step, and returns their ids in the same order.
    fn add_all(&self, jobs: Vec<TreeJob>) -> ContextFuture<'_, Vec<JobId>>;
}

/// The key-value data of plugins. Each plugin sees only its own data; `plugin` is its name.
pub trait KeyValue: Send + Sync {
    /// The value of a key.
    fn get<'a>(&'a self, plugin: &'a str, key: &'a str) -> ContextFuture<'a, Option<Vec<u8>>>;
    /// Sets a key, within the limits of the plugin's grant and with the grant's time to live.
    fn set<'a>(
        &'a self,
        plugin: &'a str,
        key: &'a str,
        value: Vec<u8>,
        grant: &'a settings::KeyValue,
    ) -> ContextFuture<'a, ()>;
    /// Removes a key. Succeeds if the key does not exist.
    fn delete<'a>(&'a self, plugin: &'a str, key: &'a str) -> ContextFuture<'a, ()>;
    /// Whether a key exists.
    fn exists<'a>(&'a self, plugin: &'a str, key: &'a str) -> ContextFuture<'a, bool>;
    /// Some keys, and the cursor for the next call if there may be more. A key that exists during the whole scan is
    /// returned at least once.
    fn keys<'a>(&'a self, plugin: &'a str, cursor: Option<u64>) -> ContextFuture<'a, (Vec<String>, Option<u64>)>;
    /// Adds `by` to a number and returns the result. A missing key counts as 0.
    fn increment<'a>(
        &'a self,
        plugin: &'a str,
        key: &'a str,
        by: u64,
        grant: &'a settings::KeyValue,
    ) -> ContextFuture<'a, u64>;
    /// The values of several keys, in the same order. Fails if they have more than `limit` bytes in total.
    fn get_many<'a>(
        &'a self,
        plugin: &'a str,
        keys: &'a [String],
        limit: usize,
    ) -> ContextFuture<'a, Vec<Option<Vec<u8>>>>;
    /// Sets several keys as [`set`](Self::set) does, either all of them or none.
    fn set_many<'a>(
        &'a self,
        plugin: &'a str,
        pairs: &'a [(String, Vec<u8>)],
        grant: &'a settings::KeyValue,
    ) -> ContextFuture<'a, ()>;
    /// Removes several keys. Keys that do not exist are ignored.
    fn delete_many<'a>(&'a self, plugin: &'a str, keys: &'a [String]) -> ContextFuture<'a, ()>;
}

/// An attempt that is ready to run.
pub struct Attempt {
    /// The job.
    pub job: Job,
    /// The context through which the job reaches its queue.
    pub context: Arc<dyn JobContext>,
    /// The store of the plugins' key-value data.
    pub store: Arc<dyn KeyValue>,
    /// The signals that can end the attempt from outside.
    pub signals: Signals,
    /// The attempt's span.
    pub trace: Trace,
}

/// Runs attempts. This trait is all that the queue side knows about the plugin side.
pub trait Runner: Send + Sync {
    /// Runs one attempt to its outcome, on the task that polls the future. Never fails: an error is an outcome too.
    ///
    /// The caller chooses the thread, and uses [`Runner::home`] if it is set. It may poll an attempt once on a thread
    /// of another runtime. Such a poll takes no longer than a guest may run at a time.
    fn run(&self, attempt: Attempt) -> BoxFuture<'_, Finished>;

    /// The runtime on which attempts must run. None: any runtime.
    fn home(&self) -> Option<Handle> {
        None
    }
}
