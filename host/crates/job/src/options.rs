//! The options of a new job, and their limits. Plugins, the command line, the HTTP API, the dashboard, webhooks and job
//! schedulers all create this type, so the same limits hold for all of them.

use std::time::Duration;

use crate::ids::JobId;
use crate::job::JobRef;
use crate::settings::{Backoff, BackoffKind, JobDefaults, Keep};

/// The largest priority number that BullMQ accepts. It is the lowest priority.
pub const LARGEST_PRIORITY: u32 = 2_097_151;
/// The longest delay: a hundred years. Redis does not accept every 64-bit number as a time.
pub const LONGEST_DELAY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
/// The largest integer that JavaScript represents exactly.
pub const LARGEST_INTEGER: u64 = 9_007_199_254_740_991;

/// The options of a new job. For an unset field BullMQ's default applies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobOptions {
    /// A custom job id.
    pub id: Option<JobId>,
    /// The time that the job waits before it can run. At most [`LONGEST_DELAY`].
    pub delay: Option<Duration>,
    /// The priority: 1 is the highest, [`LARGEST_PRIORITY`] the lowest. Jobs without a priority run before all others.
    pub priority: Option<u32>,
    /// The total number of attempts, at least 1.
    pub attempts: Option<u32>,
    /// The delay between attempts.
    pub backoff: Option<Backoff>,
    /// Whether the job runs before the jobs that already wait.
    pub lifo: bool,
    /// Which completed jobs are kept.
    pub remove_on_complete: Option<Keep>,
    /// Which failed jobs are kept.
    pub remove_on_fail: Option<Keep>,
    /// The number of log lines that are kept.
    pub keep_logs: Option<u32>,
    /// The number of stack traces that are kept.
    pub stack_trace_limit: Option<u32>,
    /// When the job counts as added, in milliseconds since the Unix epoch. At most [`LARGEST_INTEGER`].
    pub timestamp: Option<u64>,
    /// The largest size of the data, in bytes. Larger data is refused.
    pub size_limit: Option<usize>,
    /// The job that waits for this one.
    pub parent: Option<JobRef>,
    /// What a final failure of this job does to its parent.
    pub on_failure: Option<OnFailure>,
    /// Deduplication: BullMQ ignores the job while an equal one exists.
    pub deduplication: Option<Deduplication>,
}

/// When BullMQ treats a new job as a duplicate. An unset field is not stored, and counts as false.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deduplication {
    /// The deduplication id: jobs with the same id are duplicates.
    pub id: String,
    /// How long BullMQ ignores duplicates. At most [`LONGEST_DELAY`]. Unset or 0: until the job finishes.
    pub ttl: Option<Duration>,
    /// Whether each duplicate restarts `ttl`.
    pub extend: Option<bool>,
    /// Whether a new job replaces a delayed job with the same id.
    pub replace: Option<bool>,
    /// Whether BullMQ keeps the last duplicate while a job with the same id runs, and adds it when that job finishes.
    pub keep_last_if_active: Option<bool>,
}

/// What a child's final failure does to its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The parent fails as well.
    FailParent,
    /// The parent continues at once.
    ContinueParent,
    /// The parent ignores the failure and treats the child as finished.
    Ignore,
    /// The child is removed from the parent's dependencies, as if it had never been added.
    Remove,
    /// The parent waits until the child is retried and completes.
    Wait,
}

/// Why a job cannot have these options. The options have BullMQ's names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// A number is too large.
    #[error("{option} is at most {most}, not {value}")]
    TooLarge {
        /// The option.
        option: &'static str,
        /// Its largest value.
        most: u64,
        /// The given value.
        value: u64,
    },
    /// A time is too long.
    #[error("{option} is at most {} ms (a hundred years), not {} ms", LONGEST_DELAY.as_millis(), .value.as_millis())]
    TooLong {
        /// The option.
        option: &'static str,
        /// The given time.
        value: Duration,
    },
    /// The job has no attempt.
    #[error("attempts is at least 1")]
    NoAttempt,
    /// The name of a backoff strategy is empty.
    #[error("backoff.type is empty: write fixed, exponential, or the name of a strategy")]
    NoBackoffType,
    /// The jitter is out of range.
    #[error("backoff.jitter is a number from 0 to 1")]
    Jitter,
    /// A child has a deduplication id.
    #[error("a job with a parent has no deduplication")]
    DeduplicatedChild,
}

impl JobOptions {
    /// Takes unset fields from a queue's defaults.
    #[must_use]
    pub fn or_defaults(self, defaults: &JobDefaults) -> Self {
        Self {
            attempts: self.attempts.or(defaults.attempts.map(Into::into)),
            backoff: self.backoff.or_else(|| defaults.backoff.clone()),
            remove_on_complete: self.remove_on_complete.or_else(|| defaults.remove_on_complete.clone()),
            remove_on_fail: self.remove_on_fail.or_else(|| defaults.remove_on_fail.clone()),
            ..self
        }
    }

    /// Checks the limits of all options, except for those of names and ids.
    pub fn check(&self) -> Result<(), OptionsError> {
        let ttl = self.deduplication.as_ref().and_then(|deduplication| deduplication.ttl);
        let backoff = self.backoff.as_ref();
        for (option, value) in
            [("delay", self.delay), ("backoff.delay", backoff.map(|backoff| backoff.delay)), ("deduplication.ttl", ttl)]
        {
            if let Some(value) = value.filter(|value| *value > LONGEST_DELAY) {
                return Err(OptionsError::TooLong { option, value });
            }
        }
        for (option, value, most) in [
            ("priority", self.priority.map(u64::from), u64::from(LARGEST_PRIORITY)),
            ("timestamp", self.timestamp, LARGEST_INTEGER),
        ] {
            if let Some(value) = value.filter(|value| *value > most) {
                return Err(OptionsError::TooLarge { option, most, value });
            }
        }
        if self.attempts == Some(0) {
            return Err(OptionsError::NoAttempt);
        }
        if backoff.is_some_and(|backoff| backoff.kind == BackoffKind::Named(String::new())) {
            return Err(OptionsError::NoBackoffType);
        }
        if backoff.is_some_and(|backoff| !(0.0..=1.0).contains(&backoff.jitter)) {
            return Err(OptionsError::Jitter);
        }
        if self.parent.is_some() && self.deduplication.is_some() {
            return Err(OptionsError::DeduplicatedChild);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::QueueName;

    fn refused(options: JobOptions) -> String {
        options.check().expect_err("refused").to_string()
    }

    fn backoff(kind: &str, jitter: f64) -> Option<Backoff> {
        Some(Backoff { kind: BackoffKind::from(kind.to_owned()), delay: Duration::ZERO, jitter })
    }

    fn deduplication(ttl: Duration) -> Option<Deduplication> {
        Some(Deduplication { id: "d".into(), ttl: Some(ttl), ..Deduplication::default() })
    }

    #[test]
    fn options_within_their_limits_pass() {
        let options = JobOptions {
            delay: Some(LONGEST_DELAY),
            priority: Some(LARGEST_PRIORITY),
            attempts: Some(1),
            backoff: backoff("polite", 1.0),
            timestamp: Some(LARGEST_INTEGER),
            deduplication: deduplication(LONGEST_DELAY),
            ..JobOptions::default()
        };
        assert_eq!(options.check(), Ok(()));
        assert_eq!(JobOptions::default().check(), Ok(()));
    }

    #[test]
    fn each_limit_is_named() {
        let (options, too_long) = (JobOptions::default, LONGEST_DELAY + Duration::from_millis(1));
        let parent = Some(JobRef { queue: QueueName::new("q").unwrap(), id: "a".into() });
        for (wrong, expected) in [
            (
                JobOptions { delay: Some(too_long), ..options() },
                "delay is at most 3153600000000 ms (a hundred years), not 3153600000001 ms",
            ),
            (JobOptions { priority: Some(2_097_152), ..options() }, "priority is at most 2097151, not 2097152"),
            (JobOptions { attempts: Some(0), ..options() }, "attempts is at least 1"),
            (JobOptions { backoff: backoff("", 0.0), ..options() }, "backoff.type is empty"),
            (JobOptions { backoff: backoff("fixed", 1.5), ..options() }, "backoff.jitter is a number from 0 to 1"),
            (JobOptions { backoff: backoff("fixed", f64::NAN), ..options() }, "backoff.jitter"),
            (JobOptions { timestamp: Some(u64::MAX), ..options() }, "timestamp is at most 9007199254740991"),
            (JobOptions { deduplication: deduplication(too_long), ..options() }, "deduplication.ttl is at most"),
            (
                JobOptions { parent, deduplication: deduplication(LONGEST_DELAY), ..options() },
                "a job with a parent has no deduplication",
            ),
        ] {
            let error = refused(wrong);
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn own_options_replace_the_defaults() {
        let defaults =
            JobDefaults { attempts: 3.try_into().ok(), remove_on_fail: Some(Keep::All), ..JobDefaults::default() };
        let own = JobOptions { attempts: Some(5), ..JobOptions::default() }.or_defaults(&defaults);
        assert_eq!((own.attempts, own.remove_on_fail), (Some(5), Some(Keep::All)));
        assert_eq!(JobOptions::default().or_defaults(&defaults).attempts, Some(3));
    }
}
