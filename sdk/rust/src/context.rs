//! The running attempt: its deadline, and whether it should stop.

use std::fmt;
use std::time::Duration;

use crate::host;

/// Why an attempt should end soon. `Display` writes the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancelled {
    /// The host shuts down. A handler that cannot finish in time returns [`Failure::Defer`](crate::Failure::Defer),
    /// and the next host runs the job again.
    Shutdown,
    /// Someone cancelled the job, with this reason. A handler returns [`Failure::Fatal`](crate::Failure::Fatal).
    Requested(String),
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shutdown => f.write_str("the host is shutting down"),
            Self::Requested(reason) => f.write_str(reason),
        }
    }
}

/// The time until the attempt's deadline, zero once it has passed. The host interrupts the attempt at the deadline,
/// even inside a call such as a request.
pub fn remaining() -> Duration {
    host::remaining()
}

/// Why the attempt should end soon, `None` if it should not. A handler that goes on may be interrupted.
pub fn cancelled() -> Option<Cancelled> {
    host::cancelled()
}
