//! The settings of a queue that apply when its jobs end. They may change while jobs run, so they are read when a job
//! ends.

use std::collections::BTreeMap;
use std::time::Duration;

use super::claimed::{Claimed, Keep};
use toril_job::settings::{self, BackoffStrategy};

/// The settings of one queue that apply to jobs of any producer when an attempt ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndPolicy {
    /// Which completed jobs are kept, if their options do not set it.
    pub completed: Keep,
    /// Which failed jobs are kept, if their options do not set it.
    pub failed: Keep,
    /// How many minutes of BullMQ's metrics are kept. `None`: no metrics are written.
    pub metrics: Option<u32>,
    /// How often a job may be started.
    pub max_started: Option<u32>,
    /// The queue's own backoff strategies.
    pub strategies: BTreeMap<String, BackoffStrategy>,
}

impl EndPolicy {
    /// The policy of these settings.
    pub fn of(settings: &settings::Queue) -> Self {
        let defaults = &settings.job_defaults;
        Self {
            completed: defaults.remove_on_complete.as_ref().map(keep).unwrap_or_default(),
            failed: defaults.remove_on_fail.as_ref().map(keep).unwrap_or_default(),
            metrics: settings.metrics.map(Into::into),
            max_started: settings.max_started_attempts.map(Into::into),
            strategies: settings.backoff_strategies.clone(),
        }
    }

    /// Whether a job was started more often than allowed.
    pub fn is_started_too_often(&self, job: &Claimed) -> bool {
        self.max_started.is_some_and(|most| job.attempts_started > most)
    }
}

fn keep(keep: &settings::Keep) -> Keep {
    // Larger numbers are not exact in Lua.
    let exact = |count: u64| i64::try_from(count).unwrap_or(i64::MAX).min(1 << 53);
    let seconds = |age: Duration| i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
    match keep {
        settings::Keep::All => Keep::default(),
        settings::Keep::None => Keep { count: Some(0), ..Keep::default() },
        settings::Keep::Count(count) => Keep { count: Some(exact(*count)), ..Keep::default() },
        settings::Keep::Some { age, count, limit } => {
            Keep { age: age.map(seconds), count: count.map(exact), limit: limit.map(|limit| i64::from(limit.get())) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claimed::Options;

    fn policy(max_started: u32) -> EndPolicy {
        EndPolicy { max_started: Some(max_started), ..EndPolicy::default() }
    }

    #[test]
    fn a_job_may_be_started_as_often_as_the_limit_and_is_not_retried_after_the_last_start() {
        let job = |started| Claimed {
            attempts_started: started,
            options: Options::read(r#"{"attempts":9}"#),
            ..Claimed::sample()
        };
        let limit = policy(2);
        assert!(!limit.is_started_too_often(&job(2)) && limit.is_started_too_often(&job(3)));
        assert!(job(1).may_retry(limit.max_started) && !job(2).may_retry(limit.max_started));
        assert!(job(99).may_retry(None) && !EndPolicy::default().is_started_too_often(&job(99)));
    }

    #[test]
    fn every_setting_of_what_is_kept_is_what_bullmqs_worker_option_says() {
        let (age, count, limit) = (Some(Duration::from_secs(60)), Some(5), std::num::NonZeroU32::new(7));
        let bounds = settings::Keep::Some { age, count, limit };
        assert_eq!(keep(&bounds), Keep { age: Some(60), count: Some(5), limit: Some(7) });
        assert_eq!((keep(&settings::Keep::All), keep(&settings::Keep::None).count), (Keep::default(), Some(0)));
    }
}
