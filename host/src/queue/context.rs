//! What a running job may ask of its queue, on BullMQ's data.

use bullmq::{Error, Job, JobProgress, Queue};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::options;
use crate::attempt::{ContextError, JobContext, LogLevel};

/// A claimed job, as the way back to its queue.
pub struct ClaimedJob {
    job: Job,
    queue: Queue,
    /// How many lines of its log are kept, once that was asked for.
    keep_logs: OnceCell<Option<u32>>,
}

impl ClaimedJob {
    /// Speaks for this job of this queue.
    pub fn new(job: Job, queue: Queue) -> Self {
        Self { job, queue, keep_logs: OnceCell::new() }
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

    fn set_progress(&self, progress: Value) -> BoxFuture<'_, Result<(), ContextError>> {
        async move {
            let mut job = self.job.clone();
            // `Number` would write 50 as 50.0.
            job.update_progress(JobProgress::Object(progress))
                .await
                .map_err(|error| ContextError::Unavailable(format!("progress could not be written: {error}")))
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
