//! The host functions of `toril:plugin/job-context`.

use serde_json::Value;

use super::state::PenState;
use crate::interface::job_context::{
    Cancellation, Child, ChildFailure, ChildPage, ChildState as GuestState, ChildValue, DependencyCounts, Details,
    Error, Host, Level,
};
use crate::interface::types;
use crate::limits::JOB_DATA;
use crate::log_quota::{LINE_LENGTH, LINES_PER_ATTEMPT, LogQuota};
use toril_job::text::cut;
use toril_job::{ChildState, ContextError, Dependencies, JobDetails, JobRef, LogLevel};

/// Maximum size of a progress value, in bytes of JSON.
const PROGRESS: usize = 64 * 1024;

impl types::Host for PenState {}

impl Host for PenState {
    async fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        let Some(context) = &self.job.context else { return Ok(()) };
        self.log.written += 1;
        if self.log.written > LINES_PER_ATTEMPT {
            if self.log.written == LINES_PER_ATTEMPT + 1 {
                let notice = format!("the log ends here: an attempt may write {LINES_PER_ATTEMPT} lines");
                context.log(LogLevel::Warn, notice).await;
            }
            return Ok(());
        }
        if !self.log_quota().take() {
            if !std::mem::replace(&mut self.log.missing, true) {
                context.log(LogLevel::Warn, LogQuota::notice()).await;
            }
            return Ok(());
        }
        context.log(level.into(), cut(message, LINE_LENGTH)).await;
        Ok(())
    }

    async fn set_progress(&mut self, progress: String) -> wasmtime::Result<Result<(), Error>> {
        let Some(context) = &self.job.context else { return Ok(Err(no_job())) };
        if progress.len() > PROGRESS {
            let size = progress.len();
            return Ok(Err(Error::Invalid(format!("progress has {size} bytes and may have {PROGRESS}"))));
        }
        let value = match serde_json::from_str(&progress) {
            Ok(value) => value,
            Err(error) => return Ok(Err(Error::Invalid(format!("progress is not JSON: {error}")))),
        };
        Ok(context.set_progress(value).await.map_err(Into::into))
    }

    async fn set_data(&mut self, data: String) -> wasmtime::Result<Result<(), Error>> {
        let Some(context) = &self.job.context else { return Ok(Err(no_job())) };
        if data.len() > JOB_DATA {
            return Ok(Err(Error::Invalid(format!("the data has {} bytes and may have {JOB_DATA}", data.len()))));
        }
        let value = match serde_json::from_str(&data) {
            Ok(value) => value,
            Err(error) => return Ok(Err(Error::Invalid(format!("the data is not JSON: {error}")))),
        };
        Ok(context.set_data(value).await.map_err(Into::into))
    }

    async fn children_values(&mut self) -> wasmtime::Result<Result<Vec<ChildValue>, Error>> {
        let Some(context) = &self.job.context else { return Ok(Err(no_job())) };
        let values = context.children_values().await;
        let value = |(child, value): (JobRef, Value)| ChildValue { child: child.into(), value: value.to_string() };
        Ok(values.map(|values| values.into_iter().map(value).collect()).map_err(Into::into))
    }

    async fn ignored_failures(&mut self) -> wasmtime::Result<Result<Vec<ChildFailure>, Error>> {
        let Some(context) = &self.job.context else { return Ok(Err(no_job())) };
        let failures = context.ignored_failures().await;
        let failure = |(child, reason): (JobRef, String)| ChildFailure { child: child.into(), reason };
        Ok(failures.map(|failures| failures.into_iter().map(failure).collect()).map_err(Into::into))
    }

    async fn dependencies(&mut self) -> wasmtime::Result<Result<DependencyCounts, Error>> {
        let Some(context) = &self.job.context else { return Ok(Err(no_job())) };
        let counts = context.dependencies().await;
        let guest = |counts: Dependencies| DependencyCounts {
            processed: counts.processed,
            unprocessed: counts.unprocessed,
            ignored: counts.ignored,
            failed: counts.failed,
        };
        Ok(counts.map(guest).map_err(Into::into))
    }

    async fn list_children(
        &mut self,
        state: GuestState,
        cursor: u64,
        count: u32,
    ) -> wasmtime::Result<Result<ChildPage, Error>> {
        let Some(context) = &self.job.context else { return Ok(Err(no_job())) };
        let page = context.list_children(state.into(), cursor, count).await;
        let child = |(job, value): (JobRef, Option<String>)| Child { job: job.into(), value };
        Ok(page
            .map(|page| ChildPage { children: page.children.into_iter().map(child).collect(), next: page.next })
            .map_err(Into::into))
    }

    async fn get_details(&mut self) -> wasmtime::Result<Result<Details, Error>> {
        let Some(context) = &self.job.context else { return Ok(Err(no_job())) };
        Ok(Ok(context.details().into()))
    }

    async fn remaining(&mut self) -> wasmtime::Result<u64> {
        Ok(u64::try_from(self.job.remaining().as_millis()).unwrap_or(u64::MAX))
    }

    async fn cancelled(&mut self) -> wasmtime::Result<Option<Cancellation>> {
        if let Some(reason) = self.job.signals.cancelled.reason() {
            return Ok(Some(Cancellation::Requested(reason.to_owned())));
        }
        Ok(self.job.signals.shutdown.is_cancelled().then_some(Cancellation::Shutdown))
    }
}

fn no_job() -> Error {
    Error::Unavailable("no job is running".to_owned())
}

impl From<JobRef> for types::JobRefResult {
    fn from(job: JobRef) -> Self {
        Self { queue: job.queue.into(), id: job.id.into() }
    }
}

impl From<GuestState> for ChildState {
    fn from(state: GuestState) -> Self {
        match state {
            GuestState::Processed => Self::Processed,
            GuestState::Unprocessed => Self::Unprocessed,
            GuestState::Ignored => Self::Ignored,
            GuestState::Failed => Self::Failed,
        }
    }
}

impl From<JobDetails> for Details {
    fn from(details: JobDetails) -> Self {
        Self {
            options: details.options,
            starts: details.starts,
            stalls: details.stalls,
            progress: details.progress,
            priority: details.priority,
            delay: details.delay,
            started_at: details.started_at,
            deduplication_id: details.deduplication_id,
            scheduler: details.scheduler,
            parent: details.parent,
            parent_key: details.parent_key,
            failed_reason: details.failed_reason,
            stack_traces: details.stack_traces,
            prefix: details.prefix,
        }
    }
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}

impl From<ContextError> for Error {
    fn from(error: ContextError) -> Self {
        match error {
            ContextError::Invalid(reason) | ContextError::Denied(reason) => Self::Invalid(reason),
            ContextError::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}
