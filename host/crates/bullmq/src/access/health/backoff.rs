//! How long a request to Redis is retried.

use std::time::Duration;

use bullmq::Error;
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// The first and the longest pause between two attempts.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// How long an error that does not come from the connection still counts as temporary.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Whether the error comes from the connection, or from a server that cannot accept anything now. Such an error says
/// nothing about the request itself.
pub fn is_passing(error: &Error) -> bool {
    matches!(error, Error::Redis(error) if is_passing_redis(error))
}

fn is_passing_redis(error: &RedisError) -> bool {
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
pub struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(PAUSES.0)
    }
}

impl Pauses {
    /// The next pause.
    pub fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(PAUSES.1);
        pause.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound() {
        let mut pauses = Pauses::default();
        let all: Vec<_> = (0..12).map(|_| pauses.next()).collect();
        assert!(all[0] <= PAUSES.0, "{all:?}");
        assert!(all[11] >= PAUSES.1 / 2 && all[11] <= PAUSES.1, "{all:?}");
    }
}
