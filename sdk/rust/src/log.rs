//! The job's own log (BullMQ: `queue.getJobLogs`), which is also written to the host's.
//!
//! The host cuts a line longer than 8 KiB, and drops what comes after 1,000 lines of one attempt. Each function takes
//! anything that can be displayed: `log::info("started")`, `log::warn(format_args!("{n} are left"))`. What is logged
//! is kept and seen by others: log no secrets, and no payloads that could hold some.

use std::fmt::Display;

use crate::host;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For whoever looks for a fault.
    Debug,
    /// What happens.
    Info,
    /// What is not as it should be, and does not stop the job.
    Warn,
    /// What has gone wrong.
    Error,
}

/// Writes a line of any level.
pub fn write(level: Level, message: impl Display) {
    host::log(level, &message.to_string());
}

/// Writes a line for whoever looks for a fault.
pub fn debug(message: impl Display) {
    write(Level::Debug, message);
}

/// Writes a line that says what happens.
pub fn info(message: impl Display) {
    write(Level::Info, message);
}

/// Writes a line about what is not as it should be, and does not stop the job.
pub fn warn(message: impl Display) {
    write(Level::Warn, message);
}

/// Writes a line about what has gone wrong.
pub fn error(message: impl Display) {
    write(Level::Error, message);
}
