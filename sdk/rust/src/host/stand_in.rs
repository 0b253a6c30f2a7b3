//! What a handler meets when it runs outside of a component, in a unit test: enough to run, and nothing to rely on.

use std::time::{Duration, SystemTime};

use crate::log::Level;
use crate::progress::ProgressError;

pub(crate) fn log(level: Level, message: &str) {
    eprintln!("{level:?}: {message}");
}

pub(crate) fn set_progress(_json: &str) -> Result<(), ProgressError> {
    Ok(())
}

pub(crate) fn remaining() -> Duration {
    Duration::from_secs(3600)
}

pub(crate) fn cancelled() -> bool {
    false
}

pub(crate) fn config(_key: &str) -> Result<Option<String>, String> {
    Ok(None)
}

pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

pub(crate) fn sleep(time: Duration) {
    std::thread::sleep(time);
}
