//! The backoff between attempts to use Redis, and which errors are retried.

use std::time::Duration;

use bullmq::Error;
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// The first and the longest delay between two attempts.
const DELAYS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// How long an error that does not come from the connection still counts as temporary.
pub const RETRY_LIMIT: Duration = Duration::from_secs(30);

/// Whether the error comes from the connection, or from a server that cannot accept anything now. Such an error says
/// nothing about the request itself.
pub fn is_temporary(error: &Error) -> bool {
    matches!(error, Error::Redis(error) if is_temporary_redis(error))
}

fn is_temporary_redis(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || error.is_connection_refusal()
        // While a cluster moves a slot to another node, a script finds only some of its keys.
        || error.detail().is_some_and(|detail| detail.contains("non local key"))
        || matches!(error.code(), Some("OOM" | "MISCONF" | "NOREPLICAS" | "BUSY" | "UNBLOCKED"))
        || matches!(
            error.kind(),
            ErrorKind::Server(
                ServerErrorKind::Ask
                    | ServerErrorKind::BusyLoading
                    | ServerErrorKind::TryAgain
                    | ServerErrorKind::ClusterDown
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::Moved
                    | ServerErrorKind::ReadOnly
            )
        )
}

/// Exponential backoff with jitter, so that clients that wait for the same Redis do not retry at the same time.
#[derive(Debug)]
pub struct ReconnectBackoff(Duration);

impl Default for ReconnectBackoff {
    fn default() -> Self {
        Self(DELAYS.0)
    }
}

impl ReconnectBackoff {
    /// The next delay.
    pub fn next(&mut self) -> Duration {
        let delay = self.0;
        self.0 = (delay * 2).min(DELAYS.1);
        delay.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_a_bound() {
        let mut backoff = ReconnectBackoff::default();
        let all: Vec<_> = (0..12).map(|_| backoff.next()).collect();
        assert!(all[0] <= DELAYS.0, "{all:?}");
        assert!(all[11] >= DELAYS.1 / 2 && all[11] <= DELAYS.1, "{all:?}");
    }
}
