//! Adds jobs through the component's imports.

use super::list::Single;
use super::options::Options;
use super::{AddError, Backoff, Deduplication, OnFailure};
use crate::bindings::toril::plugin::jobs as wit;
use crate::host::whole_millis;

pub(super) fn add(queue: &str, name: &str, data: &str, options: Options) -> Result<String, AddError> {
    wit::add(queue, name, data, &options.into()).map_err(AddError::from)
}

pub(super) fn add_child(
    queue: &str,
    name: &str,
    data: &str,
    options: Options,
    on_failure: OnFailure,
) -> Result<String, AddError> {
    wit::add_child(queue, name, data, &options.into(), on_failure.into()).map_err(AddError::from)
}

pub(super) fn add_all(jobs: Vec<Single>) -> Result<Vec<String>, AddError> {
    let job = |job: Single| wit::NewJob {
        queue: job.queue,
        name: job.name,
        data: job.data.into_text(),
        options: wit::AddOptions { on_failure: job.on_failure.map(Into::into), ..job.options.into() },
        child_of: job.child_of,
    };
    wit::add_all(&jobs.into_iter().map(job).collect::<Vec<_>>()).map_err(AddError::from)
}

impl From<Options> for wit::AddOptions {
    fn from(options: Options) -> Self {
        Self {
            id: options.id,
            delay: options.delay.map(whole_millis),
            priority: options.priority,
            attempts: options.attempts,
            backoff: options.backoff.map(Into::into),
            deduplication: options.deduplication.map(Into::into),
            lifo: false,
            remove_on_complete: None,
            remove_on_fail: None,
            keep_logs: None,
            stack_trace_limit: None,
            size_limit: None,
            timestamp: None,
            parent: None,
            on_failure: None,
        }
    }
}

impl From<Backoff> for wit::Backoff {
    fn from(backoff: Backoff) -> Self {
        let kind = if backoff.is_exponential { "exponential" } else { "fixed" };
        Self { kind: kind.to_owned(), delay: whole_millis(backoff.delay), jitter: backoff.jitter }
    }
}

impl From<Deduplication> for wit::Deduplication {
    fn from(deduplication: Deduplication) -> Self {
        Self {
            id: deduplication.id,
            ttl: deduplication.ttl.map(whole_millis),
            extend: deduplication.extend,
            replace: deduplication.replace,
            keep_last_if_active: deduplication.keep_last_if_active,
        }
    }
}

impl From<OnFailure> for wit::OnFailure {
    fn from(on_failure: OnFailure) -> Self {
        match on_failure {
            OnFailure::FailParent => Self::FailParent,
            OnFailure::ContinueParent => Self::ContinueParent,
            OnFailure::Ignore => Self::Ignore,
            OnFailure::Remove => Self::Remove,
            OnFailure::Wait => Self::Wait,
        }
    }
}

impl From<wit::Error> for AddError {
    fn from(error: wit::Error) -> Self {
        match error {
            wit::Error::Denied(reason) => Self::Denied(reason),
            wit::Error::Invalid(reason) => Self::Invalid(reason),
            wit::Error::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}
