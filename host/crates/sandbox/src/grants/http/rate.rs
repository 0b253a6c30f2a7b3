//! Limits how many requests this host sends for one plugin, over all of its attempts. The limit is a token bucket; its
//! capacity is the number of requests that may be sent at once.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use toril_config::RateLimit;

/// The request rate limit of one plugin.
pub struct RequestRate {
    limit: RateLimit,
    /// When the bucket will be full again if no further request is sent. A time in the past means that it is full.
    full: Mutex<Instant>,
}

impl RequestRate {
    /// Starts with a full bucket.
    pub fn new(limit: RateLimit) -> Self {
        Self { limit, full: Mutex::new(Instant::now()) }
    }

    /// Reserves a token for one request and returns how long the request must wait for it. If the wait would exceed
    /// `time_left`, nothing is reserved and the error contains the wait.
    pub fn turn(&self, time_left: Duration) -> Result<Duration, Duration> {
        self.turn_at(Instant::now(), time_left)
    }

    fn turn_at(&self, now: Instant, time_left: Duration) -> Result<Duration, Duration> {
        let each = self.limit.per.div_f64(self.limit.max.get() as f64);
        let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        let after = (*full).max(now) + each;
        let wait = after.saturating_duration_since(now).saturating_sub(self.limit.per);
        if wait > time_left {
            return Err(wait);
        }
        *full = after;
        Ok(wait)
    }
}

/// Formats the limit like `1000 in 1s`.
impl fmt::Display for RequestRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.limit.max, humantime::format_duration(self.limit.per))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const LONG: Duration = Duration::from_secs(60);

    fn two_a_second() -> RequestRate {
        RequestRate::new(RateLimit { max: NonZeroU64::new(2).expect("two"), per: SECOND })
    }

    #[test]
    fn requests_beyond_the_rate_wait_for_their_turn_one_after_the_other() {
        let (rate, now) = (two_a_second(), Instant::now() + LONG);
        let waits: Vec<_> = (0..5).map(|_| rate.turn_at(now, LONG)).collect();
        assert_eq!(waits, [Ok(Duration::ZERO), Ok(Duration::ZERO), Ok(SECOND / 2), Ok(SECOND), Ok(SECOND * 3 / 2)]);
    }

    #[test]
    fn a_bucket_refills_and_never_holds_more_than_one_period() {
        let (rate, now) = (two_a_second(), Instant::now() + LONG);
        for at in [now, now + LONG] {
            let at_once = (0..9).filter(|_| rate.turn_at(at, Duration::ZERO).is_ok()).count();
            assert_eq!(at_once, 2);
        }
    }

    #[test]
    fn a_request_that_will_not_wait_takes_no_place() {
        let (rate, now) = (two_a_second(), Instant::now() + LONG);
        assert_eq!(rate.turn_at(now, LONG).and(rate.turn_at(now, LONG)), Ok(Duration::ZERO));
        assert_eq!(rate.turn_at(now, SECOND / 4), Err(SECOND / 2));
        assert_eq!(rate.turn_at(now, LONG), Ok(SECOND / 2));
    }
}
