//! Limits how many lines the attempts of a plugin may write to their jobs' logs: each attempt, and all attempts of the
//! plugin together per second.

use std::time::Duration;

use toril_job::Rate;

/// Maximum number of lines that one attempt may write through one channel: the interface, or its standard streams.
pub const LINES_PER_ATTEMPT: usize = 1_000;
/// Maximum length of a line, in bytes. Longer lines are truncated.
pub const LINE_LENGTH: usize = 8 * 1024;
/// Maximum number of lines that are kept per plugin and second.
const LINES_PER_SECOND: u32 = 5_000;

/// The lines that all attempts of one plugin may still write.
#[derive(Debug)]
pub struct LogQuota(Rate);

impl LogQuota {
    /// Starts with the full quota.
    pub fn new() -> Self {
        Self(Rate::new(LINES_PER_SECOND, Duration::from_secs(1)))
    }

    /// Takes one line from the quota. Returns false if none is left.
    pub fn take(&self) -> bool {
        self.0.take().is_some()
    }

    /// The notice in a job's log, written once, that lines were dropped.
    pub fn notice() -> String {
        format!(
            "lines are missing from here on: all attempts of the plugin together may write {LINES_PER_SECOND} a second"
        )
    }
}
