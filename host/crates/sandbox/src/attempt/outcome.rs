//! The outcome of each way in which a call of `handle` can end.

use std::time::Duration;

use wasmtime::PoolConcurrencyLimitError;

use crate::denials::Denials;
use crate::interface::types;
use crate::limits::{REASON, WAIT};
use crate::pen::{Pen, Returned, guest_failure};
use crate::settings::Settings;
use toril_job::text::cut;
use toril_job::{Failure, FailureKind, Json, Outcome, Signals};

/// Delay before a job is retried that found no room in the pool of instances.
const NO_ROOM: Duration = Duration::from_secs(1);

/// The limits that an outcome explains.
pub struct AttemptLimits<'a> {
    pub settings: &'a Settings,
    pub queue: &'a str,
    /// The queue's `timeout`.
    pub timeout: Duration,
}

/// The outcome of a call that ended by itself, or at its deadline (`None`).
pub fn of(returned: Option<Returned>, pen: &Pen, limits: &AttemptLimits<'_>) -> Outcome {
    let AttemptLimits { settings, queue, timeout } = limits;
    let timed_out = || {
        format!(
            "timeout: the plugin did not finish within {}, the `timeout` of queue {queue}",
            humantime::format_duration(*timeout)
        )
    };
    match returned {
        Some(Ok(Ok(result))) => completed(result, settings.max_result),
        Some(Ok(Err(failure))) => failed(failure, pen.denials()),
        Some(Err(error)) if error.is::<PoolConcurrencyLimitError>() => no_room(&error, settings),
        Some(Err(error)) => Outcome::Retry(guest_failure(&error, pen.limits(), settings, &timed_out())),
        None => Outcome::Retry(Failure::new(FailureKind::Timeout, timed_out())),
    }
}

/// The outcome when the host's own code panicked.
pub fn host_panicked() -> Outcome {
    Outcome::Retry(Failure::new(
        FailureKind::Host,
        "Toril itself failed while it ran this job (a panic; the host's log has its place). Other jobs are not affected; please report it.",
    ))
}

/// The outcome when the plugin did not end within `grace` after its job was cancelled.
pub fn cancelled(signals: &Signals, grace: Duration) -> Outcome {
    let reason = signals.cancelled.reason().unwrap_or_default();
    let message = format!(
        "cancelled: {reason} (the plugin had not ended {} later and was interrupted)",
        humantime::format_duration(grace)
    );
    Outcome::Failed(Failure::new(FailureKind::Cancelled, message))
}

fn completed(result: String, max_result: usize) -> Outcome {
    if result.len() > max_result {
        return Outcome::Retry(Failure::new(
            FailureKind::InvalidResult,
            format!(
                "the plugin returned {} bytes and may return {max_result}: return less, or raise `max_result` of the plugin",
                result.len()
            ),
        ));
    }
    match Json::parse(result) {
        Ok(result) => Outcome::Completed(result),
        // serde_json's message contains only a position and what was expected, no part of the text.
        Err(error) => Outcome::Retry(Failure::new(
            FailureKind::InvalidResult,
            format!("the plugin returned something that is not JSON: {error}"),
        )),
    }
}

/// The failure that the plugin reported, together with the last denial, if any.
fn failed(failure: types::Failure, denials: &Denials) -> Outcome {
    let with_denial = |reason: types::Reason| {
        let types::Reason { message, stack } = reason;
        let message = match &denials.last() {
            // A plugin that forwards the denial's message has included it already.
            Some(denied) if !message.contains(denied.as_str()) => format!("{message} ({denied})"),
            _ => message,
        };
        let stack = stack.map(|stack| cut(stack, REASON));
        Failure { kind: FailureKind::Plugin, message: cut(message, REASON), stack }
    };
    match failure {
        // A retry would fail in the same way, so the job fails now. The plugin itself cannot always know: the engines
        // of some languages report only that a request failed.
        types::Failure::Retry(reason) if denials.are_named_in(&reason.message) => Outcome::Failed(with_denial(reason)),
        types::Failure::Retry(reason) => Outcome::Retry(with_denial(reason)),
        types::Failure::Fatal(reason) => Outcome::Failed(with_denial(reason)),
        types::Failure::Defer(ms) => Outcome::Deferred(Duration::from_millis(ms).min(WAIT)),
        types::Failure::RateLimited(ms) => Outcome::RateLimited(Duration::from_millis(ms).min(WAIT)),
        types::Failure::Requeue => Outcome::Requeued,
        types::Failure::AwaitChildren => Outcome::AwaitChildren,
    }
}

/// The pool of instances was exhausted, which is not the plugin's fault. The job is retried after a short delay and no
/// attempt is counted. The pool has room for the maximum of all pens, so this means that the host's own accounting is
/// wrong.
fn no_room(error: &wasmtime::Error, settings: &Settings) -> Outcome {
    tracing::error!(plugin = &*settings.plugin, error = %format_args!("{error:#}"), "no room for the pen: please report it");
    Outcome::Deferred(NO_ROOM)
}
