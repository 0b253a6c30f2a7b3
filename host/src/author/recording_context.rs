//! A substitute for the queue, for a job that does not come from one. Records what the job logs and reports.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::{Value, json};

use toril_bullmq::JobSpec;
use toril_config::JobDefaults;
use toril_job::{
    ChildPage, ChildState, ContextError, ContextFuture, Dependencies, Job, JobContext, JobDetails, JobId, JobRef,
    LogLevel, NewJob, OnFailure, QueueName, TreeJob,
};

/// BullMQ's default prefix.
const PREFIX: &str = "bull";

/// One line of a job's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Milliseconds since the start of the run.
    pub at_ms: u64,
    /// `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    /// The message.
    pub message: String,
}

/// What a job has reported.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// Its log, in order.
    pub log: Vec<Line>,
    /// Each progress that it published, in order.
    pub progress: Vec<Value>,
    /// Its new data, if it replaced them.
    pub data: Option<Value>,
    /// The jobs that it added, in order. They do not run.
    pub added: Vec<Added>,
}

/// A job that was added.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Added {
    /// Its queue.
    pub queue: QueueName,
    /// Its name.
    pub name: String,
    /// Its id: the one that the plugin chose, or otherwise `added-1` and so on.
    pub id: JobId,
    /// Its payload.
    pub data: Value,
    /// Whether it is a child of the running job.
    pub child: bool,
}

/// A [`JobContext`] without a queue behind it.
pub struct RecordingContext {
    own: JobRef,
    details: JobDetails,
    started: Instant,
    recorded: Mutex<Recording>,
}

impl RecordingContext {
    /// The context of a job that no queue stores.
    pub fn of(job: &Job) -> Self {
        let details = JobDetails {
            options: json!({ "attempts": job.max_attempts }).to_string(),
            starts: job.attempt,
            started_at: toril_bullmq::now(),
            parent_key: job.parent.as_ref().map(|parent| format!("{PREFIX}:{}:{}", parent.queue, parent.id)),
            parent: job
                .parent
                .as_ref()
                .map(|parent| json!({ "id": parent.id, "queueKey": format!("{PREFIX}:{}", parent.queue) }).to_string()),
            stack_traces: "[]".to_owned(),
            prefix: PREFIX.to_owned(),
            ..JobDetails::default()
        };
        Self {
            own: JobRef { queue: job.queue.clone(), id: job.id.clone() },
            details,
            started: Instant::now(),
            recorded: Mutex::default(),
        }
    }

    /// Everything reported so far.
    pub fn recording(&self) -> Recording {
        self.lock().clone()
    }

    fn record(&self, job: NewJob, child: bool) -> JobId {
        let mut recorded = self.lock();
        let id = job.options.id.unwrap_or_else(|| format!("added-{}", recorded.added.len() + 1).into());
        recorded.added.push(Added { queue: job.queue, name: job.name, id: id.clone(), data: job.data, child });
        id
    }

    fn lock(&self) -> MutexGuard<'_, Recording> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JobContext for RecordingContext {
    fn log(&self, level: LogLevel, message: String) -> BoxFuture<'_, ()> {
        let at_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.lock().log.push(Line { at_ms, level: name(level), message });
        std::future::ready(()).boxed()
    }

    fn set_progress(&self, progress: Value) -> ContextFuture<'_, ()> {
        self.lock().progress.push(progress);
        answer(())
    }

    fn set_data(&self, data: Value) -> ContextFuture<'_, ()> {
        self.lock().data = Some(data);
        answer(())
    }

    fn children_values(&self) -> ContextFuture<'_, Vec<(JobRef, Value)>> {
        answer(Vec::new())
    }

    fn ignored_failures(&self) -> ContextFuture<'_, Vec<(JobRef, String)>> {
        answer(Vec::new())
    }

    fn dependencies(&self) -> ContextFuture<'_, Dependencies> {
        answer(Dependencies::default())
    }

    fn list_children(&self, _: ChildState, _: u64, _: u32) -> ContextFuture<'_, ChildPage> {
        answer(ChildPage::default())
    }

    fn own(&self) -> JobRef {
        self.own.clone()
    }

    fn details(&self) -> JobDetails {
        self.details.clone()
    }

    fn add(&self, job: NewJob, child: Option<OnFailure>) -> ContextFuture<'_, JobId> {
        if let Err(error) = check(&job) {
            return std::future::ready(Err(error)).boxed();
        }
        let child = child.is_some() || job.options.parent.as_ref() == Some(&self.own);
        answer(self.record(job, child))
    }

    fn add_all(&self, jobs: Vec<TreeJob>) -> ContextFuture<'_, Vec<JobId>> {
        if let Some(error) = jobs.iter().find_map(|job| check(&job.job).err()) {
            return std::future::ready(Err(error)).boxed();
        }
        let record = |TreeJob { job, .. }| {
            let child = job.options.parent.as_ref() == Some(&self.own);
            self.record(job, child)
        };
        answer(jobs.into_iter().map(record).collect())
    }
}

fn check(job: &NewJob) -> Result<(), ContextError> {
    let spec = JobSpec::from_plugin(job.clone(), &JobDefaults::default());
    spec.check().map_err(|error| ContextError::Invalid(format!("the job was not added: {error}")))
}

fn answer<'a, T: Send + 'a>(value: T) -> ContextFuture<'a, T> {
    std::future::ready(Ok(value)).boxed()
}

fn name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}
