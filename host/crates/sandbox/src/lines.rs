//! How many lines the attempts of one plugin may write to their jobs' logs in a second, all together: what one attempt may
//! write is bounded as well, but there may be any number of attempts.

use std::time::Duration;

use toril_job::Rate;

/// Lines of one plugin that are kept in a second.
const A_SECOND: u32 = 5_000;

/// The lines that a plugin may still write.
#[derive(Debug)]
pub struct LineBudget(Rate);

impl LineBudget {
    /// Nothing was written yet.
    pub fn new() -> Self {
        Self(Rate::new(A_SECOND, Duration::from_secs(1)))
    }

    /// Takes a line. Whether there was one.
    pub fn take(&self) -> bool {
        self.0.take().is_some()
    }

    /// What stands in a job's log, once, for lines that were not kept.
    pub fn notice() -> String {
        format!("lines are missing from here on: all attempts of the plugin together may write {A_SECOND} a second")
    }
}
