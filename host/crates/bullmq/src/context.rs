//! The functions that a running job can call on its queue, with BullMQ's data formats.

use std::sync::Arc;

use bullmq::Error;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;

use super::add::add;
use super::add_all::add_all;
use super::children;
use super::claimed::Claimed;
use super::job_spec::JobSpec;
use super::scripts::Scripts;
use crate::access::QueueClient;
use crate::access::{ConnectError, SharedRedis};
use toril_job::settings::JobDefaults;
use toril_job::{
    ChildPage, ChildState, ContextError, ContextFuture, Dependencies, JobContext, JobDetails, JobId, JobRef, LogLevel,
    NewJob, OnFailure, QueueName, TreeJob,
};

/// A claimed job's access to its queue.
pub struct JobOfQueue {
    job: Arc<Claimed>,
    client: Arc<QueueClient>,
    scripts: Scripts,
    redis: SharedRedis,
    defaults: Defaults,
}

/// Returns the configured defaults for jobs that are added to a queue, by the queue's name.
pub type Defaults = Arc<dyn Fn(&QueueName) -> JobDefaults + Send + Sync>;

impl JobOfQueue {
    /// Creates the context of this job.
    pub fn new(
        job: Arc<Claimed>,
        client: Arc<QueueClient>,
        scripts: Scripts,
        redis: SharedRedis,
        defaults: Defaults,
    ) -> Self {
        Self { job, client, scripts, redis, defaults }
    }
}

impl JobContext for JobOfQueue {
    fn log(&self, level: LogLevel, message: String) -> BoxFuture<'_, ()> {
        async move {
            // The text comes from the plugin and may contain data that must not be in the host's log. So the host only
            // logs that there was a line.
            tracing::debug!(
                queue = self.client.name().as_str(),
                job_id = self.job.id.as_str(),
                ?level,
                bytes = message.len(),
                "plugin wrote to the job's log"
            );
            if let Err(error) = self.scripts.log(&self.job, &line(level, message)).await {
                tracing::warn!(queue = self.client.name().as_str(), job_id = self.job.id.as_str(), %error, "writing a line of the job's log failed, the line is lost");
            }
        }
        .boxed()
    }

    fn set_progress(&self, progress: Value) -> ContextFuture<'_, ()> {
        async move {
            let written = self.scripts.set_progress(&self.job, &progress.to_string()).await;
            written.map_err(|error| ContextError::Unavailable(format!("writing the progress failed: {error}")))
        }
        .boxed()
    }

    fn set_data(&self, data: Value) -> ContextFuture<'_, ()> {
        async move {
            let written = self.scripts.set_data(&self.job, &data.to_string()).await;
            written.map_err(|error| ContextError::Unavailable(format!("writing the job's data failed: {error}")))
        }
        .boxed()
    }

    fn children_values(&self) -> ContextFuture<'_, Vec<(JobRef, Value)>> {
        async move { children::values(&self.client.queue(), &self.job.id, self.redis.prefix()).await }.boxed()
    }

    fn ignored_failures(&self) -> ContextFuture<'_, Vec<(JobRef, String)>> {
        async move { children::ignored(&self.client.queue(), &self.job.id, self.redis.prefix()).await }.boxed()
    }

    fn dependencies(&self) -> ContextFuture<'_, Dependencies> {
        async move { children::count(&self.client.queue(), &self.job.id).await }.boxed()
    }

    fn list_children(&self, state: ChildState, cursor: u64, count: u32) -> ContextFuture<'_, ChildPage> {
        async move {
            let queue = self.client.queue();
            children::list(&queue, &self.job.id, self.redis.prefix(), state, cursor, count).await
        }
        .boxed()
    }

    fn own(&self) -> JobRef {
        JobRef { queue: self.client.name().clone(), id: self.job.id.clone() }
    }

    fn details(&self) -> JobDetails {
        self.job.details(self.redis.prefix())
    }

    fn add(&self, job: NewJob, child: Option<OnFailure>) -> ContextFuture<'_, JobId> {
        async move {
            let defaults = (self.defaults)(&job.queue);
            let mut spec = JobSpec::from_plugin(job, &defaults);
            if let Some(on_failure) = child {
                spec.set_parent(self.own(), on_failure);
            }
            match add(&self.redis, spec).await {
                Ok(id) => Ok(id),
                Err(
                    error @ (ConnectError::InvalidJob(_)
                    | ConnectError::OtherSlot { .. }
                    | ConnectError::NoHashTag { .. }),
                ) => Err(ContextError::Invalid(format!("the job was not added: {error}"))),
                Err(ConnectError::Bull(error @ (Error::InvalidConfig(_) | Error::Script { .. }))) => {
                    Err(ContextError::Invalid(format!("the job was not added: {error}")))
                }
                Err(error) => Err(ContextError::Unavailable(format!("the job was not added: {error}"))),
            }
        }
        .boxed()
    }

    fn add_all(&self, jobs: Vec<TreeJob>) -> ContextFuture<'_, Vec<JobId>> {
        async move { add_all(&self.redis, jobs, &self.defaults).await }.boxed()
    }
}

/// Adds the level to the text, because BullMQ's logs are plain lines. An `info` line is the same as one from `job.log`.
fn line(level: LogLevel, message: String) -> String {
    match level {
        LogLevel::Debug => format!("[debug] {message}"),
        LogLevel::Info => message,
        LogLevel::Warn => format!("[warn] {message}"),
        LogLevel::Error => format!("[error] {message}"),
    }
}
