//! The job's own log (BullMQ: `queue.getJobLogs`). Lines also go to the host's log.
//!
//! The host truncates a line longer than 8 KiB, and drops lines after the first 1,000 of an attempt. Each function
//! takes anything that can be displayed: `log::info("started")`, `log::warn(format_args!("{n} are left"))`. Log lines
//! are stored and others can read them. Log no secrets, and no payloads that could contain secrets.

use std::fmt::Display;

use crate::host;

/// The severity of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Details for debugging.
    Debug,
    /// Normal events.
    Info,
    /// Problems that do not stop the job.
    Warn,
    /// Errors.
    Error,
}

/// Writes a line of any level.
pub fn write(level: Level, message: impl Display) {
    host::log(level, &message.to_string());
}

/// Writes a line with details for debugging.
pub fn debug(message: impl Display) {
    write(Level::Debug, message);
}

/// Writes a line about a normal event.
pub fn info(message: impl Display) {
    write(Level::Info, message);
}

/// Writes a line about a problem that does not stop the job.
pub fn warn(message: impl Display) {
    write(Level::Warn, message);
}

/// Writes a line about an error.
pub fn error(message: impl Display) {
    write(Level::Error, message);
}
