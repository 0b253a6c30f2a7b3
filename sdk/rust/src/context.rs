//! The attempt that runs: how long it has, and whether it should stop.

use std::time::Duration;

use crate::host;

/// The time until the attempt's deadline, zero once it has passed. The host interrupts the attempt then, also inside a
/// call such as a request.
pub fn remaining() -> Duration {
    host::remaining()
}

/// Why the attempt should end soon, none while it should not: the host shuts down, or someone cancelled the job.
///
/// A handler that cannot finish in time returns [`Failure::Defer`](crate::Failure::Defer) when the host shuts down, and
/// is run again by the next host; it returns [`Failure::Fatal`](crate::Failure::Fatal) when the job was cancelled. One
/// that goes on may be interrupted.
pub fn cancelled() -> Option<String> {
    host::cancelled()
}
