//! The time. The standard library's `SystemTime::now`, `Instant::now` and `thread::sleep` do not work on every target
//! that plugins are built for. These functions do.

use std::time::{Duration, SystemTime};

use crate::host;

/// The current time of the host's clock.
pub fn now() -> SystemTime {
    host::now()
}

/// Sleeps. The attempt's deadline still applies.
pub fn sleep(time: Duration) {
    host::sleep(time);
}
