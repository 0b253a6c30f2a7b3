//! Waits until a server is ready.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use crate::access::error::ConnectError;
use crate::access::topology::dial::is_refusal;
use crate::clock::milliseconds;

/// The timeout of one attempt to connect, and of a ping.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest pause between two attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The result of one attempt to get an answer.
pub enum Probe {
    /// The server answers `PONG`.
    Ready,
    /// Not ready yet, for this reason.
    NotYet(String),
    /// The server refuses this client. Waiting does not help.
    Refused(String),
}

impl Probe {
    /// Classifies an error of the client.
    pub fn from_error(error: &redis::RedisError, shown: String) -> Self {
        if is_refusal(error) { Self::Refused(shown) } else { Self::NotYet(shown) }
    }
}

/// Waits until a server accepts connections *and* answers `PONG`, for at most `limit`. A server that still loads its
/// data accepts connections earlier.
pub async fn wait_ready<T: Future<Output = Probe>>(
    url: &str,
    limit: Duration,
    attempt: impl Fn() -> T,
) -> Result<(), ConnectError> {
    let started = Instant::now();
    let mut pause = Duration::from_millis(50);
    loop {
        let reason = match timeout(ATTEMPT_TIMEOUT, attempt()).await {
            Ok(Probe::Ready) => return Ok(()),
            Ok(Probe::Refused(reason)) => return Err(ConnectError::Refused { url: url.to_owned(), reason }),
            Ok(Probe::NotYet(reason)) => reason,
            Err(_) => "no answer".to_owned(),
        };
        let waited = Duration::from_millis(milliseconds(started.elapsed()));
        let left = limit.saturating_sub(waited);
        if left.is_zero() {
            return Err(ConnectError::NotReady { url: url.to_owned(), waited, reason });
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
