//! Limits how many log lines per second all attempts of one plugin may write together. There is also a limit per
//! attempt, but a plugin can run any number of attempts.

use std::time::Duration;

use toril_job::Rate;

/// Maximum number of log lines that are kept per plugin and second.
const A_SECOND: u32 = 5_000;

/// The remaining log lines of a plugin.
#[derive(Debug)]
pub struct LineBudget(Rate);

impl LineBudget {
    /// Starts with the full budget.
    pub fn new() -> Self {
        Self(Rate::new(A_SECOND, Duration::from_secs(1)))
    }

    /// Takes one line from the budget. Returns false if none is left.
    pub fn take(&self) -> bool {
        self.0.take().is_some()
    }

    /// The notice in a job's log, written once, that lines were dropped.
    pub fn notice() -> String {
        format!("lines are missing from here on: all attempts of the plugin together may write {A_SECOND} a second")
    }
}
