//! The host's own functions, called through the component's imports.

use std::time::{Duration, SystemTime};

use wasip2::clocks::{monotonic_clock, wall_clock};

use crate::bindings::toril::plugin::job_context;
use crate::bindings::wasi::config::store;
use crate::log::Level;
use crate::progress::ProgressError;

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

pub(crate) fn cancelled() -> bool {
    job_context::cancelled()
}

/// The value of a setting, or why the host did not say.
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
