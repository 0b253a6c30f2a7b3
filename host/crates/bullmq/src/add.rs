//! Adds a job and waits for its end. `toril add` uses this.

use std::time::Duration;

use bullmq::types::{JobState, KeepJobs, RemoveOnFinish};
use bullmq::{DeduplicationOptions, Error, JobOptions, ParentOptions, Queue, QueueEvent, QueueEvents};
use serde_json::{Map, Value};

use super::clock::milliseconds;
use super::{ids, insert};
use crate::access::{ConnectError, Redis};
use toril_job::settings::{Backoff, JobDefaults, Keep};
use toril_job::trace::Carrier;
use toril_job::{NewJob, OnFailure};

/// A job to add.
#[derive(Clone, Debug)]
pub struct JobSpec {
    /// Its queue.
    pub queue: String,
    /// Its name.
    pub name: String,
    /// Its payload.
    pub data: Value,
    /// BullMQ's options, except for `backoff`.
    pub options: JobOptions,
    /// The backoff between attempts. [`JobOptions`] cannot hold its jitter or the delay of a named strategy.
    pub backoff: Option<Backoff>,
    /// The context of its trace. [`JobOptions`] cannot hold this either.
    pub trace: Option<Carrier>,
    /// The stored options of an earlier job. They replace options with the same name.
    pub earlier: Map<String, Value>,
    /// Extends `keepLastIfActive`. It then counts from the first attempt of the job that holds the deduplication id to
    /// the end of that job, including the time between its attempts. In BullMQ it only counts while the job is active.
    pub keep_last_if_started: bool,
}

impl JobSpec {
    /// A job with a queue's defaults.
    pub fn new(queue: &str, name: &str, data: Value, defaults: &JobDefaults) -> Self {
        let mut spec = Self {
            queue: queue.to_owned(),
            name: name.to_owned(),
            data,
            options: JobOptions { attempts: defaults.attempts.map(Into::into), ..JobOptions::default() },
            backoff: defaults.backoff.clone(),
            trace: None,
            earlier: Map::new(),
            keep_last_if_started: false,
        };
        spec.options.remove_on_complete = defaults.remove_on_complete.as_ref().map(policy);
        spec.options.remove_on_fail = defaults.remove_on_fail.as_ref().map(policy);
        spec
    }

    /// A job that a plugin adds. Options that the plugin does not set come from the queue's defaults.
    pub fn from_plugin(job: NewJob, defaults: &JobDefaults) -> Self {
        let mut spec = Self::new(&job.queue, &job.name, job.data, defaults);
        spec.backoff = job.backoff.or(spec.backoff);
        spec.trace = job.trace;
        let options = &mut spec.options;
        options.job_id = job.id;
        options.delay = job.delay.map(milliseconds);
        options.priority = job.priority;
        options.attempts = job.attempts.or(options.attempts);
        options.deduplication = job.deduplication.map(|deduplication| DeduplicationOptions {
            id: deduplication.id,
            ttl: deduplication.ttl.map(milliseconds),
            extend: deduplication.extend.then_some(true),
            replace: deduplication.replace.then_some(true),
            keep_last_if_active: deduplication.keep_last_if_active.then_some(true),
        });
        spec
    }

    /// Checks whether Toril may add the job. Its name, ids and parent must not be too long, and must not be a key of
    /// the queue.
    pub fn check(&self) -> Result<(), ConnectError> {
        ids::check(self).map_err(ConnectError::InvalidJob)
    }

    /// Makes it a child of this job.
    pub fn set_parent(&mut self, queue: &str, id: &str, on_failure: OnFailure) {
        let options = &mut self.options;
        options.parent = Some(ParentOptions { queue: queue.to_owned(), id: id.to_owned(), wait_children: None });
        match on_failure {
            OnFailure::FailParent => options.fail_parent_on_failure = Some(true),
            OnFailure::ContinueParent => options.continue_parent_on_failure = Some(true),
            OnFailure::Ignore => options.ignore_dependency_on_failure = Some(true),
            OnFailure::Remove => options.remove_dependency_on_failure = Some(true),
            OnFailure::Wait => {}
        }
    }
}

/// BullMQ's policy for a `remove_on_*` setting.
pub fn policy(keep: &Keep) -> RemoveOnFinish {
    match keep {
        Keep::All => RemoveOnFinish::Bool(false),
        Keep::None => RemoveOnFinish::Bool(true),
        Keep::Some { age, count, limit } => RemoveOnFinish::Options(KeepJobs {
            // In seconds, although the comment of the crate says otherwise: the Lua script compares seconds.
            age: age.map(|age| age.as_secs()),
            count: count.map(|count| usize::try_from(count).unwrap_or(usize::MAX)),
            limit: limit.and_then(|limit| usize::try_from(limit.get()).ok()),
        }),
    }
}

/// A job that was added.
pub struct Added {
    /// The job's id.
    pub id: String,
    queue: Queue,
    events: Option<QueueEvents>,
}

/// Why waiting for a job ended without its result.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// The job failed for good.
    #[error("job {id} failed: {reason}")]
    Failed {
        /// The job's id.
        id: String,
        /// Its `failedReason`.
        reason: String,
    },
    /// The job did not end in time.
    #[error("job {id} has not ended within {}; it goes on", humantime::format_duration(*.waited))]
    Late {
        /// The job's id.
        id: String,
        /// Its queue.
        queue: String,
        /// How long the caller has waited.
        waited: Duration,
    },
    /// Redis failed.
    #[error(transparent)]
    Redis(#[from] ConnectError),
}

/// Adds a job with all of its options in one step. `listen`: also listens to the queue's events, which waiting needs.
pub async fn add(redis: &Redis, spec: JobSpec, listen: bool) -> Result<Added, ConnectError> {
    spec.check()?;
    if let Some(parent) = &spec.options.parent {
        redis.check_parent(&spec.queue, &parent.queue)?;
    }
    let queue = redis.queue(&spec.queue).await?;
    // This subscribes before the job is added, so that its end cannot be missed.
    let events = if listen { Some(events(redis, &queue).await?) } else { None };
    let id = insert::one(&queue, &spec).await?;
    Ok(Added { id, queue, events })
}

impl Added {
    /// Waits until the job has completed, and returns its return value.
    pub async fn wait(self, bound: Duration) -> Result<Value, WaitError> {
        let end = self.end();
        match tokio::time::timeout(bound, end).await {
            Ok(ended) => ended,
            Err(_) => Err(WaitError::Late { id: self.id.clone(), queue: self.queue.name().to_owned(), waited: bound }),
        }
    }

    async fn end(&self) -> Result<Value, WaitError> {
        // If a job with this id already existed, it may have ended long ago.
        if let Some(ended) = self.ended().await.map_err(ConnectError::from)? {
            return ended;
        }
        let Some(events) = &self.events else { return std::future::pending().await };
        while let Some(entry) = events.next_event().await {
            match entry.event {
                QueueEvent::Completed { job_id, return_value, .. } if job_id == self.id => {
                    return Ok(parse(&return_value));
                }
                QueueEvent::Failed { job_id, failed_reason, .. } if job_id == self.id => {
                    return Err(WaitError::Failed { id: job_id, reason: failed_reason });
                }
                _ => {}
            }
        }
        Err(WaitError::Redis(Error::ConnectionClosed.into()))
    }

    async fn ended(&self) -> Result<Option<Result<Value, WaitError>>, Error> {
        let state = self.queue.get_job_state(&self.id).await?;
        if !matches!(state, JobState::Completed | JobState::Failed) {
            return Ok(None);
        }
        let Some(job) = self.queue.get_job(&self.id).await? else { return Ok(None) };
        Ok(Some(match state {
            JobState::Completed => Ok(parse(job.returnvalue())),
            _ => Err(WaitError::Failed { id: self.id.clone(), reason: job.failed_reason().to_owned() }),
        }))
    }
}

fn parse(return_value: &str) -> Value {
    serde_json::from_str(return_value).unwrap_or_else(|_| Value::String(return_value.to_owned()))
}

async fn events(redis: &Redis, queue: &Queue) -> Result<QueueEvents, ConnectError> {
    let mut last = redis::cmd("XREVRANGE");
    last.arg(queue.keys().events()).arg("+").arg("-").arg("COUNT").arg(1);
    let last: Vec<(String, Vec<String>)> = queue.connection().cmd(&mut last).await?;
    redis.queue_events(queue.name(), last.first().map_or_else(|| "0".to_owned(), |(id, _)| id.clone())).await
}
