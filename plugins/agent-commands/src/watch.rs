//! Why an attempt should end before the agent has: looked at in between while something is awaited.

use std::time::{Duration, SystemTime};

use toril_plugin::clock;
use toril_plugin::context::{self, Cancelled};

/// The longest time that is kept for telling the agent at the end.
const RESERVE: Duration = Duration::from_secs(5);

/// How often it is looked, where something is awaited.
pub const LOOK: Duration = Duration::from_millis(200);

/// Why an attempt ends before the agent has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The host shuts down: another one goes on.
    Shutdown,
    /// Somebody cancelled the job, and said why.
    Cancelled(String),
    /// The attempt's time is up.
    AttemptOver,
    /// The time is up that the job gives the agent.
    TimeoutOver,
    /// The agent tells when something happens to the task: the job need not wait for it here.
    Deferred,
}

/// Looks whether the attempt should end.
#[derive(Debug, Clone)]
pub struct Watch {
    /// When the job's own time is up.
    until: Option<SystemTime>,
    /// When the time of one attempt is up, counted over all of them.
    attempts_until: Option<SystemTime>,
    /// When the job is deferred.
    deferred_at: Option<SystemTime>,
    /// What an attempt has in all, if this one has just begun.
    whole: Duration,
    /// What is left of the attempt when it has to be ended.
    reserve: Duration,
}

impl Watch {
    /// With a job's own time: how long, and since when.
    pub fn new(timeout: Option<Duration>, since: SystemTime) -> Self {
        let until = timeout.and_then(|timeout| since.checked_add(timeout));
        let (whole, attempts_until, deferred_at) = (context::remaining(), None, None);
        Self { until, attempts_until, deferred_at, whole, reserve: (whole / 5).min(RESERVE) }
    }

    /// Lets the time of one attempt count since then, over all attempts: a job that is deferred in between has no more.
    pub fn over_all_attempts(self, since: SystemTime) -> Self {
        let whole = self.whole.saturating_sub(self.reserve);
        Self { attempts_until: since.checked_add(whole), ..self }
    }

    /// The same, and the job is deferred after that time.
    pub fn deferring(&self, after: Duration) -> Self {
        Self { deferred_at: clock::now().checked_add(after), ..self.clone() }
    }

    /// The time until the job has none left, however many attempts it has.
    pub fn until_the_end(&self) -> Duration {
        let ends = [self.until, self.attempts_until].into_iter().flatten();
        ends.map(|end| end.duration_since(clock::now()).unwrap_or_default()).min().unwrap_or(Duration::MAX)
    }

    /// Why the attempt should end now, none while it should not.
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

    /// The time until the attempt or the job has none left.
    pub fn left(&self) -> Duration {
        let attempt = context::remaining().saturating_sub(self.reserve);
        attempt.min(self.until_the_end())
    }

    /// How long a request may take that is ended by a stop before: a little longer than there is time, so that the stop
    /// is what ends it.
    pub fn bound(&self) -> Duration {
        self.left().saturating_add(RESERVE)
    }

    /// Does nothing for that time.
    ///
    /// # Errors
    /// If the attempt should end before.
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

    /// For what is done after a stop: nothing stops it but that time.
    pub fn last_words() -> Patience<'static> {
        Patience { watch: None, grace: Duration::ZERO, noticed: None }
    }

    /// Ends a wait at once when the attempt should end.
    pub fn at_once(&self) -> Patience<'_> {
        self.patiently(Duration::ZERO)
    }

    /// Ends a wait that long after the attempt should end.
    pub fn patiently(&self, grace: Duration) -> Patience<'_> {
        Patience { watch: Some(self), grace, noticed: None }
    }
}

/// Decides in between whether a wait goes on.
#[derive(Debug, Clone)]
pub struct Patience<'a> {
    watch: Option<&'a Watch>,
    grace: Duration,
    noticed: Option<SystemTime>,
}

impl Patience<'_> {
    /// The reason to end the wait, once it has to end.
    pub fn over(&mut self) -> Option<Stop> {
        let stop = self.watch?.stop()?;
        let now = clock::now();
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
        // An attempt has an hour here.
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
    fn a_patient_wait_goes_on_for_a_while() {
        let watch = Watch::new(Some(Duration::ZERO), clock::now());
        assert_eq!(watch.at_once().over(), Some(Stop::TimeoutOver));
        assert_eq!(watch.patiently(Duration::from_secs(60)).over(), None);
        assert_eq!(Watch::last_words().over(), None);
    }
}
