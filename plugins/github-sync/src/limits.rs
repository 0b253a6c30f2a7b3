//! How long to wait at GitHub's secondary rate limit. As GitHub asks for, the wait grows each time the limit is hit
//! without a success in between. The last hit is stored, because each wait ends an attempt.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use toril_plugin::kv::Store;
use toril_plugin::{Failure, clock, log};

use crate::answer::WAITS;
use crate::stored::{document, keys};

/// The first wait if GitHub names none: the minimum from its documentation.
const FIRST: Duration = Duration::from_secs(60);

/// How long after its wait a hit is forgotten if no success has followed. No job has run in that time.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// The last time that the limit was hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Hit {
    /// Number of consecutive hits.
    times: u32,
    /// When the wait is over, in milliseconds since the Unix epoch.
    until: u64,
}

/// The secondary limit from the perspective of one attempt.
pub struct Limits<'a> {
    store: &'a Store,
    has_succeeded: bool,
}

impl<'a> Limits<'a> {
    pub fn new(store: &'a Store) -> Self {
        Self { store, has_succeeded: false }
    }

    /// Records that the limit was hit. `asked` is the wait that GitHub asks for.
    pub fn record_hit(&self, asked: Option<Duration>) -> Failure {
        let key = keys::secondary_limit();
        let known = match self.store.get(&key) {
            Ok(bytes) => document(bytes.as_ref()),
            Err(error) => return error.into(),
        };
        let (hit, wait) = next(known, asked, millis(clock::now()));
        if let Err(error) = self.store.set_json(&key, &hit) {
            return error.into();
        }
        log::info(format_args!(
            "hit GitHub's secondary rate limit {} times in a row: waiting for {} s",
            hit.times,
            wait.as_secs()
        ));
        Failure::rate_limited(wait)
    }

    /// Records a successful request. The first one of an attempt clears the stored hit, unless another attempt has hit
    /// the limit in the meantime.
    pub fn record_success(&mut self) -> Result<(), Failure> {
        if !std::mem::replace(&mut self.has_succeeded, true) {
            let key = keys::secondary_limit();
            let known: Option<Hit> = document(self.store.get(&key)?.as_ref());
            if known.is_some_and(|hit| hit.until <= millis(clock::now())) {
                self.store.delete(&key)?;
            }
        }
        Ok(())
    }
}

/// The hit to store, and how long to wait.
fn next(known: Option<Hit>, asked: Option<Duration>, now: u64) -> (Hit, Duration) {
    let first = asked.unwrap_or(FIRST).clamp(WAITS.0, WAITS.1);
    let known = known.filter(|hit| now < hit.until.saturating_add(to_millis(REMEMBERED)));
    let (times, wait) = match known {
        // Concurrent attempts hit the same limit.
        Some(hit) if now < hit.until => {
            let left = Duration::from_millis(hit.until - now);
            (hit.times, left.max(asked.unwrap_or_default()))
        }
        Some(hit) => {
            let doublings = hit.times.min(16);
            (hit.times.saturating_add(1), first * 2_u32.pow(doublings))
        }
        None => (1, first),
    };
    let wait = wait.clamp(WAITS.0, WAITS.1);
    (Hit { times, until: now.saturating_add(to_millis(wait)) }, wait)
}

fn millis(time: SystemTime) -> u64 {
    to_millis(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

fn to_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000;

    fn seconds(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    /// The waits in seconds if the limit is hit again at the end of each wait.
    fn in_a_row(asked: Option<Duration>, times: usize) -> Vec<u64> {
        let (mut known, mut now, mut waits) = (None, NOW, Vec::new());
        for _ in 0..times {
            let (hit, wait) = next(known, asked, now);
            waits.push(wait.as_secs());
            now = hit.until;
            known = Some(hit);
        }
        waits
    }

    #[test]
    fn each_wait_is_twice_the_one_before_up_to_an_hour() {
        assert_eq!(in_a_row(None, 8), [60, 120, 240, 480, 960, 1920, 3600, 3600]);
    }

    #[test]
    fn what_github_asks_for_is_the_least() {
        assert_eq!(in_a_row(seconds(7), 3), [7, 14, 28]);
        let known = Some(Hit { times: 1, until: NOW });
        assert_eq!(next(known, seconds(3_000), NOW).1, Duration::from_secs(3_600));
    }

    #[test]
    fn a_limit_that_several_attempts_meet_at_once_counts_once() {
        let known = Hit { times: 2, until: NOW + 50_000 };
        assert_eq!(next(Some(known.clone()), None, NOW), (known.clone(), Duration::from_secs(50)));
        let (hit, wait) = next(Some(known), seconds(90), NOW);
        assert_eq!((hit.times, wait), (2, Duration::from_secs(90)));
    }

    #[test]
    fn a_limit_of_long_ago_is_forgotten() {
        let known = Hit { times: 5, until: NOW - 3_600_001 };
        assert_eq!(next(Some(known), None, NOW).1, FIRST);
    }

    #[test]
    fn the_first_request_that_passes_after_the_wait_resets_it() {
        let Ok(store) = toril_plugin::kv::open() else { panic!("in memory") };
        let kept = |until| {
            let set = store.set_json(&keys::secondary_limit(), &Hit { times: 3, until });
            assert!(set.is_ok() && Limits::new(&store).record_success().is_ok());
            store.exists(&keys::secondary_limit())
        };
        assert_eq!(kept(1), Ok(false));
        assert_eq!(kept(u64::MAX), Ok(true), "it was met meanwhile");
    }
}
