//! What a running job may ask of its queue, on BullMQ's data.

use std::sync::Arc;

use bullmq::{Error, Job, JobProgress, Queue};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::add::{JobSpec, add};
use super::connection::{ConnectError, SharedRedis};
use super::{children, options};
use crate::attempt::{Asked, ContextError, Dependencies, JobContext, JobRef, LogLevel, NewJob, OnFailure};
use crate::config::JobDefaults;

/// A claimed job, as the way back to its queue.
pub struct ClaimedJob {
    job: Job,
    queue: Queue,
    redis: SharedRedis,
    defaults: Defaults,
    /// How many lines of its log are kept, once that was asked for.
    keep_logs: OnceCell<Option<u32>>,
}

/// What the configuration says of jobs that are added to a queue, by the queue's name.
pub type Defaults = Arc<dyn Fn(&str) -> JobDefaults + Send + Sync>;

impl ClaimedJob {
    /// Speaks for this job of this queue.
    pub fn new(job: Job, queue: Queue, redis: SharedRedis, defaults: Defaults) -> Self {
        Self { job, queue, redis, defaults, keep_logs: OnceCell::new() }
    }

    async fn write_line(&self, line: &str) -> Result<(), Error> {
        self.job.log(line).await?;
        let keep = self.keep_logs.get_or_try_init(|| async {
            let stored = options::read(&self.queue, self.job.id()).await?;
            Ok::<_, Error>(stored.as_deref().and_then(options::keep_logs))
        });
        match *keep.await? {
            // The crate's own `log` knows only of a limit that it has read itself, under another name.
            Some(lines) => self.job.clear_logs(Some(lines)).await,
            None => Ok(()),
        }
    }
}

impl JobContext for ClaimedJob {
    fn log(&self, level: LogLevel, message: String) -> BoxFuture<'_, ()> {
        async move {
            // The text is the plugin's, and may hold what a host's log must not: only that there was a line is told.
            tracing::debug!(
                queue = self.queue.name(),
                job_id = self.job.id(),
                ?level,
                bytes = message.len(),
                "plugin wrote to the job's log"
            );
            if let Err(error) = self.write_line(&line(level, message)).await {
                tracing::warn!(queue = self.queue.name(), job_id = self.job.id(), %error, "a line of the job's log was lost");
            }
        }
        .boxed()
    }

    fn set_progress(&self, progress: Value) -> Asked<'_, ()> {
        async move {
            let mut job = self.job.clone();
            // `Number` would write 50 as 50.0.
            job.update_progress(JobProgress::Object(progress))
                .await
                .map_err(|error| ContextError::Unavailable(format!("progress could not be written: {error}")))
        }
        .boxed()
    }

    fn set_data(&self, data: Value) -> Asked<'_, ()> {
        async move {
            let mut job = self.job.clone();
            let written = job.update_data(data).await;
            written.map_err(|error| ContextError::Unavailable(format!("the data could not be written: {error}")))
        }
        .boxed()
    }

    fn children_values(&self) -> Asked<'_, Vec<(JobRef, Value)>> {
        children::values(&self.job, self.redis.prefix())
    }

    fn ignored_failures(&self) -> Asked<'_, Vec<(JobRef, String)>> {
        children::ignored(&self.job, self.redis.prefix())
    }

    fn dependencies(&self) -> Asked<'_, Dependencies> {
        children::count(&self.job)
    }

    fn add(&self, job: NewJob, child: Option<OnFailure>) -> Asked<'_, String> {
        async move {
            let defaults = (self.defaults)(&job.queue);
            let mut spec = JobSpec::from_plugin(job, &defaults);
            if let Some(on_failure) = child {
                spec.set_parent(self.queue.name(), self.job.id(), on_failure);
            }
            match add(&self.redis, spec, false).await {
                Ok(added) => Ok(added.id),
                Err(ConnectError::Bull(error @ (Error::InvalidConfig(_) | Error::Script { .. }))) => {
                    Err(ContextError::Invalid(format!("the job was not added: {error}")))
                }
                Err(error) => Err(ContextError::Unavailable(format!("the job was not added: {error}"))),
            }
        }
        .boxed()
    }
}

/// The level goes into the text, since BullMQ's logs are bare lines. An `info` line is what `job.log` would write.
fn line(level: LogLevel, message: String) -> String {
    match level {
        LogLevel::Debug => format!("[debug] {message}"),
        LogLevel::Info => message,
        LogLevel::Warn => format!("[warn] {message}"),
        LogLevel::Error => format!("[error] {message}"),
    }
}
