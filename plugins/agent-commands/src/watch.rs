//! Why an attempt should end before the agent has finished. It is checked regularly during each wait.

use std::time::{Duration, SystemTime};

use toril_plugin::clock;
use toril_plugin::context::{self, Cancelled};

/// Maximum time reserved at the end of an attempt to inform the agent.
const RESERVE: Duration = Duration::from_secs(5);

/// Interval of the checks during a wait.
pub const LOOK: Duration = Duration::from_millis(200);

/// Why an attempt ends before the agent has finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The host is shutting down. Another host continues.
    Shutdown,
    /// The job was cancelled, for this reason.
    Cancelled(String),
    /// The attempt's time is over.
    AttemptOver,
    /// The job's `timeoutMs` is over.
    TimeoutOver,
    /// The agent sends notifications about the task, so the job need not wait.
    Deferred,
}

/// Checks whether the attempt should end.
#[derive(Debug, Clone)]
pub struct Watch {
    /// When the job's `timeoutMs` is over.
    until: Option<SystemTime>,
    /// When the time of one attempt is over, counted over all attempts.
    attempts_until: Option<SystemTime>,
    /// When to defer the job.
    deferred_at: Option<SystemTime>,
    /// Total time of an attempt, if this one has just begun.
    whole: Duration,
    /// Time reserved at the end of the attempt.
    reserve: Duration,
}

impl Watch {
    /// Starts with the job's own timeout, which counts from `since`.
    pub fn new(timeout: Option<Duration>, since: SystemTime) -> Self {
        let until = timeout.and_then(|timeout| since.checked_add(timeout));
        let (whole, attempts_until, deferred_at) = (context::remaining(), None, None);
        Self { until, attempts_until, deferred_at, whole, reserve: (whole / 5).min(RESERVE) }
    }

    /// Counts the time of one attempt from `since` over all attempts, so that deferring gives a job no extra time.
    pub fn over_all_attempts(self, since: SystemTime) -> Self {
        let whole = self.whole.saturating_sub(self.reserve);
        Self { attempts_until: since.checked_add(whole), ..self }
    }

    /// The same watch, but the job is deferred after this time.
    pub fn deferring(&self, after: Duration) -> Self {
        Self { deferred_at: clock::now().checked_add(after), ..self.clone() }
    }

    /// Time until the job must end, whatever the number of its attempts.
    pub fn until_the_end(&self) -> Duration {
        let ends = [self.until, self.attempts_until].into_iter().flatten();
        ends.map(|end| end.duration_since(clock::now()).unwrap_or_default()).min().unwrap_or(Duration::MAX)
    }

    /// Why the attempt should end now. `None` if it should continue.
    pub fn stop(&self) -> Option<Stop> {
        match context::cancelled() {
            Some(Cancelled::Shutdown) => return Some(Stop::Shutdown),
            Some(Cancelled::Requested(why)) => return Some(Stop::Cancelled(why)),
            None => {}
        }
        if self.until.is_some_and(|until| clock::now() >= until) {
            return Some(Stop::TimeoutOver);
        }
        let is_past = |moment: Option<SystemTime>| moment.is_some_and(|moment| clock::now() >= moment);
        if context::remaining() <= self.reserve || is_past(self.attempts_until) {
            return Some(Stop::AttemptOver);
        }
        is_past(self.deferred_at).then_some(Stop::Deferred)
    }

    /// Time until the attempt or the job must end.
    pub fn left(&self) -> Duration {
        let attempt = context::remaining().saturating_sub(self.reserve);
        attempt.min(self.until_the_end())
    }

    /// Timeout of a request that a stop may interrupt. It is slightly longer than the time left, so that the stop comes
    /// first.
    pub fn bound(&self) -> Duration {
        self.left().saturating_add(RESERVE)
    }

    /// Sleeps for this time.
    ///
    /// # Errors
    /// The reason, if the attempt should end earlier.
    pub fn pause(&self, pause: Duration) -> Result<(), Stop> {
        let mut left = pause.min(self.left());
        loop {
            if let Some(stop) = self.stop() {
                return Err(stop);
            }
            if left.is_zero() {
                return Ok(());
            }
            clock::sleep(left.min(LOOK));
            left = left.saturating_sub(LOOK);
        }
    }

    /// For a last call after a stop, whose own timeout this is. Requests that the call needs, such as one for a token,
    /// must end soon after it, too.
    pub fn last_call(timeout: Duration) -> WaitLimit<'static> {
        let until = clock::now().checked_add(timeout + 2 * LOOK);
        WaitLimit { watch: None, grace: Duration::ZERO, noticed: None, until }
    }

    /// Ends a wait as soon as the attempt should end.
    pub fn without_grace(&self) -> WaitLimit<'_> {
        self.with_grace(Duration::ZERO)
    }

    /// Ends a wait this long after the attempt should end.
    pub fn with_grace(&self, grace: Duration) -> WaitLimit<'_> {
        WaitLimit { watch: Some(self), grace, noticed: None, until: None }
    }
}

/// Decides during a wait whether to continue.
#[derive(Debug, Clone)]
pub struct WaitLimit<'a> {
    watch: Option<&'a Watch>,
    grace: Duration,
    noticed: Option<SystemTime>,
    /// When the wait ends without a watch.
    until: Option<SystemTime>,
}

impl WaitLimit<'_> {
    /// The reason to end the wait, if it must end now.
    pub fn exceeded(&mut self) -> Option<Stop> {
        let now = clock::now();
        let Some(watch) = self.watch else {
            return self.until.is_some_and(|until| now >= until).then_some(Stop::AttemptOver);
        };
        let stop = watch.stop()?;
        let noticed = *self.noticed.get_or_insert(now);
        let waited = now.duration_since(noticed).unwrap_or_default();
        (waited >= self.grace).then_some(stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jobs_own_time_counts_from_its_first_sending() {
        let hour_ago = clock::now() - Duration::from_secs(3600);
        assert_eq!(Watch::new(Some(Duration::from_secs(60)), hour_ago).stop(), Some(Stop::TimeoutOver));
        assert_eq!(Watch::new(Some(Duration::from_secs(7200)), hour_ago).stop(), None);
        assert_eq!(Watch::new(None, hour_ago).stop(), None);
    }

    #[test]
    fn the_time_of_an_attempt_counts_over_all_of_them_where_the_job_is_deferred() {
        let ago = |hours: u64| clock::now() - Duration::from_secs(3600 * hours);
        // In tests, an attempt has one hour.
        assert_eq!(Watch::new(None, ago(0)).over_all_attempts(ago(2)).stop(), Some(Stop::AttemptOver));
        assert_eq!(Watch::new(None, ago(0)).over_all_attempts(ago(0)).stop(), None);
        let left = Watch::new(Some(Duration::from_secs(600)), ago(0)).over_all_attempts(ago(0)).until_the_end();
        assert!(left <= Duration::from_secs(600), "{left:?}");
    }

    #[test]
    fn a_job_is_deferred_unless_there_is_another_reason_to_end() {
        let hour_ago = clock::now() - Duration::from_secs(3600);
        let deferring = |timeout| Watch::new(Some(Duration::from_secs(timeout)), hour_ago).deferring(Duration::ZERO);
        assert_eq!((deferring(7200).stop(), deferring(60).stop()), (Some(Stop::Deferred), Some(Stop::TimeoutOver)));
    }

    #[test]
    fn a_wait_with_grace_continues_for_a_while() {
        let watch = Watch::new(Some(Duration::ZERO), clock::now());
        assert_eq!(watch.without_grace().exceeded(), Some(Stop::TimeoutOver));
        assert_eq!(watch.with_grace(Duration::from_secs(60)).exceeded(), None);
    }

    #[test]
    fn a_last_call_ends_although_nothing_watches_it() {
        assert_eq!(Watch::last_call(Duration::from_secs(60)).exceeded(), None);
        let over = WaitLimit { until: Some(clock::now()), ..Watch::last_call(Duration::ZERO) };
        assert_eq!(over.clone().exceeded(), Some(Stop::AttemptOver));
    }
}
