//! The host's own functions, called through the component's imports.

use std::time::{Duration, SystemTime};

use wasip2::clocks::{monotonic_clock, wall_clock};

use crate::bindings::toril::plugin::job_context;
use crate::bindings::wasi::config::store;
use crate::checkpoint::CheckpointError;
use crate::children::{ChildFailure, ChildState, ChildValue, ChildrenError, Counts, Page};
use crate::context::{Cancelled, Details};
use crate::log::Level;
use crate::progress::ProgressError;
use crate::{JobRef, Json};

pub(crate) fn log(level: Level, message: &str) {
    let level = match level {
        Level::Debug => job_context::Level::Debug,
        Level::Info => job_context::Level::Info,
        Level::Warn => job_context::Level::Warn,
        Level::Error => job_context::Level::Error,
    };
    job_context::log(level, message);
}

pub(crate) fn set_progress(json: &str) -> Result<(), ProgressError> {
    job_context::set_progress(json).map_err(|error| match error {
        job_context::Error::Invalid(reason) => ProgressError::Invalid(reason),
        job_context::Error::Unavailable(reason) => ProgressError::Unavailable(reason),
    })
}

pub(crate) fn remaining() -> Duration {
    Duration::from_millis(job_context::remaining())
}

pub(crate) fn set_data(json: &str) -> Result<(), CheckpointError> {
    job_context::set_data(json).map_err(|error| match error {
        job_context::Error::Invalid(reason) => CheckpointError::Invalid(reason),
        job_context::Error::Unavailable(reason) => CheckpointError::Unavailable(reason),
    })
}

pub(crate) fn children_values() -> Result<Vec<ChildValue<Json>>, ChildrenError> {
    let value = |child: job_context::ChildValue| ChildValue {
        child: job_ref(child.child),
        value: Json::from_text(child.value),
    };
    Ok(job_context::children_values().map_err(children_error)?.into_iter().map(value).collect())
}

pub(crate) fn ignored_failures() -> Result<Vec<ChildFailure>, ChildrenError> {
    let failure = |child: job_context::ChildFailure| ChildFailure { child: job_ref(child.child), reason: child.reason };
    Ok(job_context::ignored_failures().map_err(children_error)?.into_iter().map(failure).collect())
}

pub(crate) fn dependencies() -> Result<Counts, ChildrenError> {
    let counts = job_context::dependencies().map_err(children_error)?;
    Ok(Counts {
        processed: counts.processed,
        unprocessed: counts.unprocessed,
        ignored: counts.ignored,
        failed: counts.failed,
    })
}

pub(crate) fn list_children(state: ChildState, cursor: u64, count: u32) -> Result<Page, ChildrenError> {
    let state = match state {
        ChildState::Processed => job_context::ChildState::Processed,
        ChildState::Unprocessed => job_context::ChildState::Unprocessed,
        ChildState::Ignored => job_context::ChildState::Ignored,
        ChildState::Failed => job_context::ChildState::Failed,
    };
    let page = job_context::list_children(state, cursor, count).map_err(children_error)?;
    Ok(Page {
        children: page.children.into_iter().map(|child| (job_ref(child.job), child.value)).collect(),
        next: (page.next != 0).then_some(page.next),
    })
}

pub(crate) fn details() -> Option<Details> {
    let details = job_context::get_details().ok()?;
    Some(Details {
        options: Json::from_text(details.options),
        starts: details.starts,
        stalls: details.stalls,
        progress: details.progress.map(Json::from_text),
        priority: details.priority,
        delay: Duration::from_millis(details.delay),
        deduplication_id: details.deduplication_id,
        scheduler: details.scheduler,
        failed_reason: details.failed_reason,
    })
}

fn job_ref(job: job_context::JobRef) -> JobRef {
    JobRef { queue: job.queue, id: job.id }
}

fn children_error(error: job_context::Error) -> ChildrenError {
    match error {
        job_context::Error::Invalid(reason) => ChildrenError::Refused(reason),
        job_context::Error::Unavailable(reason) => ChildrenError::Unavailable(reason),
    }
}

pub(crate) fn cancelled() -> Option<Cancelled> {
    job_context::cancelled().map(|why| match why {
        job_context::Cancellation::Shutdown => Cancelled::Shutdown,
        job_context::Cancellation::Requested(reason) => Cancelled::Requested(reason),
    })
}

/// The value of a setting, or why the host could not read it.
pub(crate) fn config(key: &str) -> Result<Option<String>, String> {
    store::get(key).map_err(|error| match error {
        store::Error::Upstream(reason) | store::Error::Io(reason) => reason,
    })
}

pub(crate) fn now() -> SystemTime {
    let now = wall_clock::now();
    let since_epoch = Duration::new(now.seconds, now.nanoseconds.min(999_999_999));
    SystemTime::UNIX_EPOCH.checked_add(since_epoch).unwrap_or(SystemTime::UNIX_EPOCH)
}

pub(crate) fn sleep(time: Duration) {
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    monotonic_clock::subscribe_duration(nanos).block();
}
