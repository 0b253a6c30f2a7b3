//! The attempt that runs: how long it has, and whether it should stop.

use std::time::Duration;

use crate::host;

/// The time until the attempt's deadline, zero once it has passed. The host interrupts the attempt then, also inside a
/// call such as a request.
pub fn remaining() -> Duration {
    host::remaining()
}

/// Whether the attempt should end soon because the host is shutting down. A handler that returns
/// [`Failure::Defer`](crate::Failure::Defer) now is run again by the next host; one that goes on may be interrupted.
pub fn cancelled() -> bool {
    host::cancelled()
}
