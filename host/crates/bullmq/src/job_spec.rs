//! The description of a job to add.

use bullmq::types::{KeepJobs, RemoveOnFinish};
use bullmq::{DeduplicationOptions, JobOptions, ParentOptions};
use serde_json::{Map, Value};

use super::clock::milliseconds;
use super::ids;
use crate::access::ConnectError;
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
        self.check_ids().map_err(ConnectError::InvalidJob)
    }

    /// Checks everything that becomes part of a key, or that is stored next to the job's data without a limit of its
    /// own.
    fn check_ids(&self) -> Result<(), String> {
        ids::name("the job's name", &self.name)?;
        if let Some(id) = &self.options.job_id {
            ids::own_id(id)?;
        }
        if let Some(deduplication) = &self.options.deduplication {
            ids::name("the deduplication id", &deduplication.id)?;
        }
        if let Some(parent) = &self.options.parent {
            ids::name("the parent's queue", &parent.queue)?;
            ids::name("the parent's id", &parent.id)?;
            ids::place("the parent's id", &parent.id)?;
        }
        Ok(())
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
