//! Idle pens, which wait for another job of their plugin. Each occupies one of the host's places for pens, so an idle
//! pen must go when an attempt waits for a place.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a pen stays idle before it is dropped.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Maximum number of idle pens per key. There are never more than the number of pens that ran at the same time.
const MOST: usize = 64;

/// The idle pens, longest idle first. `K` describes which jobs a pen can run: pens with equal keys are interchangeable.
pub struct Idle<K, P> {
    /// Number of callers that wait for a place. A caller increments it before it locks [`Idle::pens`], and `put` reads
    /// it while holding that lock. So either the caller finds the new pen, or `put` sees the waiting caller.
    wanted: AtomicUsize,
    pens: Mutex<Pens<K, P>>,
}

struct Pens<K, P> {
    idle: VecDeque<IdlePen<K, P>>,
    /// Whether a task is running that removes pens which are idle for too long.
    swept: bool,
}

struct IdlePen<K, P> {
    key: K,
    pen: P,
    since: Instant,
}

/// The result of [`Idle::put`].
#[derive(Debug, PartialEq, Eq)]
pub enum Put<P> {
    /// The pen is idle now.
    Kept,
    /// The pen is idle now, and the caller must arrange for calls of [`Idle::sweep`].
    KeptUnswept,
    /// The pen is not needed.
    Refused(P),
}

impl<K: PartialEq, P> Idle<K, P> {
    /// Starts without idle pens.
    pub fn new() -> Self {
        Self { wanted: AtomicUsize::new(0), pens: Mutex::new(Pens { idle: VecDeque::new(), swept: false }) }
    }

    /// Takes the most recently used idle pen with this key. If the others are never needed, they expire.
    pub fn take(&self, key: &K) -> Option<P> {
        let mut pens = self.lock();
        let at = pens.idle.iter().rposition(|pen| pen.key == *key)?;
        pens.idle.remove(at).map(|idle| idle.pen)
    }

    /// Keeps a pen idle for its next job, unless `serves` returns false: then jobs no longer ask for its key. `serves`
    /// is called under the lock that [`Idle::drop_matching`] takes.
    pub fn put(&self, key: K, pen: P, serves: impl FnOnce(&K) -> bool) -> Put<P> {
        let mut pens = self.lock();
        let full = || pens.idle.iter().filter(|pen| pen.key == key).count() >= MOST;
        if self.wanted.load(Ordering::Acquire) > 0 || full() || !serves(&key) {
            return Put::Refused(pen);
        }
        pens.idle.push_back(IdlePen { key, pen, since: Instant::now() });
        match std::mem::replace(&mut pens.swept, true) {
            true => Put::Kept,
            false => Put::KeptUnswept,
        }
    }

    /// Drops the idle pens that can no longer run a job. Call it after the change that makes them unusable.
    pub fn drop_matching(&self, which: impl Fn(&K) -> bool) {
        let mut pens = self.lock();
        let (gone, stay) = pens.idle.drain(..).partition(|pen| which(&pen.key));
        pens.idle = stay;
        drop(pens);
        // Dropped outside of the lock, because it takes time.
        drop::<VecDeque<_>>(gone);
    }

    /// Drops the pen that has been idle longest, to free its place. While the returned value exists, a caller is
    /// waiting for a place and [`Idle::put`] refuses pens.
    pub fn make_room(&self) -> Wanted<'_> {
        self.wanted.fetch_add(1, Ordering::AcqRel);
        let wanted = Wanted(&self.wanted);
        let oldest = self.lock().idle.pop_front();
        drop(oldest);
        wanted
    }

    /// Drops the pens whose idle time is over at `now`. Returns when the next call is due, if pens are left.
    pub fn sweep(&self, now: Instant) -> Option<Instant> {
        let mut pens = self.lock();
        let late = pens.idle.iter().take_while(|pen| pen.since + IDLE_TIMEOUT <= now).count();
        let gone: Vec<_> = pens.idle.drain(..late).collect();
        let next = pens.idle.front().map(|pen| pen.since + IDLE_TIMEOUT);
        pens.swept = next.is_some();
        drop(pens);
        drop(gone);
        next
    }

    fn lock(&self) -> MutexGuard<'_, Pens<K, P>> {
        self.pens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Exists while a caller waits for a place.
pub struct Wanted<'a>(&'a AtomicUsize);

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Drops expired pens until no idle pen is left.
pub async fn sweep_until_empty<K: PartialEq, P>(idle: Arc<Idle<K, P>>) {
    let mut next = idle.sweep(Instant::now());
    while let Some(at) = next {
        tokio::time::sleep_until(at.into()).await;
        next = idle.sweep(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pens: &[(&'static str, u32)]) -> Idle<&'static str, u32> {
        let idle = Idle::new();
        for (key, pen) in pens {
            assert!(!matches!(idle.put(*key, *pen, |_| true), Put::Refused(_)), "{pen}");
        }
        idle
    }

    #[test]
    fn a_job_gets_the_pen_of_its_plugin_that_was_used_last_and_gets_it_alone() {
        let idle = of(&[("a", 1), ("b", 2), ("a", 3)]);
        assert_eq!([(); 3].map(|()| idle.take(&"a")), [Some(3), Some(1), None]);
        assert_eq!(idle.take(&"b"), Some(2));
    }

    #[test]
    fn a_caller_that_waits_for_a_place_gets_that_of_the_oldest_pen_and_no_other_pen_becomes_idle_meanwhile() {
        let idle = of(&[("a", 1), ("b", 2)]);
        let wanted = idle.make_room();
        assert_eq!(idle.take(&"a"), None);
        assert_eq!(idle.put("a", 3, |_| true), Put::Refused(3));
        drop(wanted);
        assert_eq!(idle.put("a", 3, |_| true), Put::Kept);
        assert_eq!(idle.take(&"b"), Some(2));
    }

    #[test]
    fn a_pen_that_no_job_can_use_does_not_become_idle() {
        let idle = of(&[("a", 1), ("b", 2)]);
        idle.drop_matching(|key| *key == "a");
        assert_eq!((idle.take(&"a"), idle.take(&"b")), (None, Some(2)));
        assert_eq!(idle.put("a", 3, |_| false), Put::Refused(3));
    }

    #[test]
    fn the_number_of_idle_pens_per_plugin_is_limited() {
        let idle = Idle::new();
        let refused =
            |key| (0..MOST as u32 + 2).filter(|pen| idle.put(key, *pen, |_| true) == Put::Refused(*pen)).count();
        assert_eq!((refused("a"), refused("b")), (2, 2));
    }

    #[test]
    fn a_pen_that_is_idle_for_too_long_is_dropped_and_the_sweeper_ends_when_none_is_left() {
        let before = Instant::now();
        let idle = of(&[("a", 1), ("b", 2)]);
        let next = idle.sweep(before).expect("both are left");
        assert!(next >= before + IDLE_TIMEOUT);
        assert!(idle.sweep(before + IDLE_TIMEOUT * 2).is_none());
        assert_eq!(idle.take(&"a"), None);
        assert_eq!(idle.put("a", 3, |_| true), Put::KeptUnswept);
    }
}
