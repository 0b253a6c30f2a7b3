//! The time. `SystemTime::now`, `Instant::now` and `thread::sleep` of the standard library do not work on every target
//! that plugins are built for; these functions do.

use std::time::{Duration, SystemTime};

use crate::host;

/// The time of day, as the host's clock has it.
pub fn now() -> SystemTime {
    host::now()
}

/// Does nothing for that time. The attempt's deadline still counts.
pub fn sleep(time: Duration) {
    host::sleep(time);
}
