//! Time in BullMQ's format: whole milliseconds since the Unix epoch. It follows Redis' clock as soon as that is known.
//! The clock of this machine may be wrong or jump, and every job would get its wrong time.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bullmq::Error;
use bullmq::redis_connection::RedisConnection;

/// The normal deviation between two clock readings, in milliseconds, besides the duration of the request.
const ALIKE: u64 = 2;

/// The clock of this process. A process that works with several servers has only one clock.
static CLOCK: Clock = Clock::new();

/// A monotonic clock. It only jumps when it is set.
struct Clock {
    /// The instant that it counts from.
    begun: LazyLock<Instant>,
    /// The time at that instant. 0: not known yet.
    at: AtomicU64,
}

impl Clock {
    const fn new() -> Self {
        Self { begun: LazyLock::new(Instant::now), at: AtomicU64::new(0) }
    }

    /// `None`: the clock was not set yet.
    fn now(&self) -> Option<u64> {
        let at = self.at.load(Ordering::Relaxed);
        (at > 0).then(|| at.saturating_add(milliseconds(self.begun.elapsed())))
    }

    /// Sets the clock to a time that came `took` after the request. A difference that the duration of the request can
    /// explain changes nothing.
    fn set(&self, now: u64, took: Duration) {
        let open = milliseconds(took) / 2;
        let at = now.saturating_add(open).saturating_sub(milliseconds(self.begun.elapsed()));
        let before = self.at.load(Ordering::Relaxed);
        if before == 0 || before.abs_diff(at) > open + ALIKE {
            self.at.store(at, Ordering::Relaxed);
        }
    }
}

/// Milliseconds since the Unix epoch.
pub fn now() -> u64 {
    CLOCK.now().unwrap_or_else(|| milliseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()))
}

/// Sets the clock to Redis' time.
pub async fn set_by(redis: &RedisConnection) -> Result<(), Error> {
    let asked = Instant::now();
    let (seconds, micros): (u64, u64) = redis.cmd(&mut redis::cmd("TIME")).await?;
    CLOCK.set(seconds.saturating_mul(1_000).saturating_add(micros / 1_000), asked.elapsed());
    Ok(())
}

/// A duration in whole milliseconds.
pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEN: u64 = 1_790_000_000_000;

    fn is_about(clock: &Clock, time: u64) -> bool {
        // The upper bound is large, because a busy machine may pause between two lines.
        clock.now().is_some_and(|now| (time..time + 60_000).contains(&now))
    }

    #[test]
    fn a_clock_goes_by_what_it_was_told() {
        let clock = Clock::new();
        assert_eq!(clock.now(), None);

        clock.set(THEN, Duration::ZERO);
        assert!(is_about(&clock, THEN));

        for other in [THEN - 3_600_000, THEN + 3_600_000] {
            clock.set(other, Duration::from_millis(100));
            assert!(is_about(&clock, other));
        }
    }

    #[test]
    fn an_answer_that_took_long_changes_nothing_that_it_leaves_open() {
        let clock = Clock::new();
        clock.set(THEN, Duration::ZERO);
        let at = clock.at.load(Ordering::Relaxed);

        clock.set(THEN, Duration::from_secs(120));

        assert_eq!(clock.at.load(Ordering::Relaxed), at);
    }
}
