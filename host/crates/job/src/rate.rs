//! A rate limit: how often something may happen in a period, over all callers.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// At most `most` events in each period. A new period starts with the first event after the last period ended.
#[derive(Debug)]
pub struct Rate {
    most: u32,
    period: Duration,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    began: Instant,
    taken: u32,
}

impl Rate {
    /// A limit of which nothing is used yet.
    pub fn new(most: u32, period: Duration) -> Self {
        Self { most, period, current: Mutex::new(Current { began: Instant::now(), taken: 0 }) }
    }

    /// Uses one event of the limit, and returns how many are left. None: the limit is used up.
    pub fn take(&self) -> Option<u32> {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> Option<u32> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(current.began) >= self.period {
            *current = Current { began: now, taken: 0 };
        }
        let left = self.most.checked_sub(current.taken)?.checked_sub(1)?;
        current.taken += 1;
        Some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_so_many_and_the_next_one_as_many_again() {
        let (rate, now) = (Rate::new(3, Duration::from_secs(1)), Instant::now());
        let taken = |at| [(); 5].map(|()| rate.take_at(at));
        assert_eq!(taken(now), [Some(2), Some(1), Some(0), None, None]);
        assert_eq!(taken(now + Duration::from_millis(1_001)), [Some(2), Some(1), Some(0), None, None]);
    }
}
