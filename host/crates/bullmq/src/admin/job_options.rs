//! The options of a new job as a JSON document, with BullMQ's names.

use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Number;
use utoipa::ToSchema;

use toril_job::settings::{Backoff, BackoffKind, Keep};
use toril_job::{JobId, JobOptions, JobRef, LARGEST_INTEGER, OnFailure, QueueName};

/// The options of a new job, with BullMQ's names. Unknown options are refused.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NewJobOptions {
    /// A custom job id. If a job with this id exists, no job is added. It must not be a whole number or the name of a key
    /// of the queue (`wait`, `meta`, …). It has no colon, or two as in `repeat:ID:TIME`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 1024)]
    pub job_id: Option<String>,
    /// How long the job waits before it can run, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "whole")]
    #[schema(maximum = 3_153_600_000_000u64)]
    pub delay: Option<u64>,
    /// The priority: 1 is the highest, 2097151 the lowest. Jobs without a priority run before all others.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "whole")]
    #[schema(maximum = 2_097_151)]
    pub priority: Option<u32>,
    /// The total number of attempts. Values above 4294967295 count as 4294967295.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "at_most")]
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991u64)]
    pub attempts: Option<u32>,
    /// The delay between attempts: milliseconds, or a strategy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff: Option<BackoffOptions>,
    /// Whether the job runs before the jobs that already wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifo: Option<bool>,
    /// Which completed jobs are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove_on_complete: Option<KeepOptions>,
    /// Which failed jobs are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove_on_fail: Option<KeepOptions>,
    /// The number of log lines that are kept.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "at_most")]
    pub keep_logs: Option<u32>,
    /// The number of stack traces that are kept.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "at_most")]
    pub stack_trace_limit: Option<u32>,
    /// When the job counts as added, in milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "whole")]
    #[schema(maximum = 9_007_199_254_740_991u64)]
    pub timestamp: Option<u64>,
    /// The largest size of the data, in bytes. Larger data is refused.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "whole")]
    #[schema(maximum = 4_294_967_295u64)]
    pub size_limit: Option<u32>,
    /// The parent: the job that waits for this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<ParentJob>,
    /// The parent fails when this job fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_parent_on_failure: Option<bool>,
    /// The parent continues at once when this job fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continue_parent_on_failure: Option<bool>,
    /// The parent ignores a failure of this job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_dependency_on_failure: Option<bool>,
    /// This job is removed from the parent's dependencies when it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove_dependency_on_failure: Option<bool>,
    /// Deduplication: the job is added only if no job with the same deduplication id exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deduplication: Option<Deduplication>,
}

/// The delay between attempts.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum BackoffOptions {
    /// A fixed delay in milliseconds.
    Fixed(u64),
    /// A strategy.
    Strategy(BackoffStrategyOptions),
}

/// A backoff strategy.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackoffStrategyOptions {
    /// `fixed`, `exponential`, or the name of one of the queue's `backoff_strategies`.
    #[serde(rename = "type")]
    #[schema(min_length = 1)]
    pub kind: String,
    /// The first delay in milliseconds. With the name of a strategy, 0 means the strategy's own delay.
    #[serde(default)]
    #[schema(maximum = 3_153_600_000_000u64)]
    pub delay: u64,
    /// The random share of a delay, from 0 to 1. With the name of a strategy, 0 means the strategy's own jitter.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1)]
    pub jitter: f64,
}

/// Which ended jobs are kept.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum KeepOptions {
    /// `true` keeps no job, `false` keeps all jobs.
    Removed(bool),
    /// The number of jobs that are kept.
    Count(u64),
    /// Jobs within both limits are kept.
    Within(KeepBounds),
}

/// The limits for kept jobs.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepBounds {
    /// The age at which a job is removed, in seconds.
    #[serde(default)]
    #[schema(maximum = 3_153_600_000u64)]
    pub age: Option<u64>,
    /// The number of jobs that are kept.
    #[serde(default)]
    #[schema(maximum = 9_007_199_254_740_991u64)]
    pub count: Option<u64>,
}

/// The parent of a job.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParentJob {
    /// Its queue.
    #[schema(min_length = 1, max_length = 1024)]
    pub queue: String,
    /// Its id.
    #[schema(min_length = 1, max_length = 1024)]
    pub id: String,
}

/// When BullMQ treats a new job as a duplicate.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deduplication {
    /// The deduplication id.
    #[schema(min_length = 1, max_length = 1024)]
    pub id: String,
    /// How long duplicates are ignored, in milliseconds.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3_153_600_000_000u64)]
    pub ttl: Option<u64>,
    /// Whether each duplicate restarts `ttl`.
    #[serde(default)]
    pub extend: Option<bool>,
    /// Whether this job replaces a delayed job with the same deduplication id.
    #[serde(default)]
    pub replace: Option<bool>,
    /// Whether this job is kept while a job with the same deduplication id runs, and added when that job ends.
    #[serde(default)]
    pub keep_last_if_active: Option<bool>,
}

impl NewJobOptions {
    /// The options without the form of the document. Their limits are not checked yet. `prefix`: the prefix of BullMQ's
    /// keys.
    pub(super) fn read(self, prefix: &str) -> Result<JobOptions, String> {
        Ok(JobOptions {
            on_failure: self.on_failure()?,
            id: self.job_id.map(JobId::from),
            delay: self.delay.map(Duration::from_millis),
            priority: self.priority,
            attempts: self.attempts,
            backoff: self.backoff.map(BackoffOptions::read),
            lifo: self.lifo.unwrap_or(false),
            remove_on_complete: self.remove_on_complete.map(|keep| keep.read("removeOnComplete")).transpose()?,
            remove_on_fail: self.remove_on_fail.map(|keep| keep.read("removeOnFail")).transpose()?,
            keep_logs: self.keep_logs,
            stack_trace_limit: self.stack_trace_limit,
            timestamp: self.timestamp,
            size_limit: self.size_limit.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
            parent: self.parent.map(|parent| parent.read(prefix)).transpose()?,
            deduplication: self.deduplication.map(Deduplication::read).transpose()?,
        })
    }

    fn on_failure(&self) -> Result<Option<OnFailure>, String> {
        let effects = [
            (self.fail_parent_on_failure, OnFailure::FailParent),
            (self.continue_parent_on_failure, OnFailure::ContinueParent),
            (self.ignore_dependency_on_failure, OnFailure::Ignore),
            (self.remove_dependency_on_failure, OnFailure::Remove),
        ];
        let mut chosen = effects.into_iter().filter(|(set, _)| *set == Some(true)).map(|(_, effect)| effect);
        let first = chosen.next();
        match chosen.next() {
            Some(_) => Err("only one of failParentOnFailure, continueParentOnFailure, ignoreDependencyOnFailure and removeDependencyOnFailure may be true".to_owned()),
            None => Ok(first),
        }
    }
}

impl ParentJob {
    /// BullMQ's own clients write the queue's name with the prefix of its keys.
    fn read(self, prefix: &str) -> Result<JobRef, String> {
        let name = self.queue.strip_prefix(prefix).and_then(|rest| rest.strip_prefix(':')).unwrap_or(&self.queue);
        let queue = QueueName::new(name)
            .map_err(|error| format!("the parent's queue {:?} is not the name of a queue: {error}", self.queue))?;
        Ok(JobRef { queue, id: self.id.into() })
    }
}

impl BackoffOptions {
    fn read(self) -> Backoff {
        let (kind, delay, jitter) = match self {
            Self::Fixed(delay) => (BackoffKind::Fixed, delay, 0.0),
            Self::Strategy(strategy) => (BackoffKind::from(strategy.kind), strategy.delay, strategy.jitter),
        };
        Backoff { kind, delay: Duration::from_millis(delay), jitter }
    }
}

impl KeepOptions {
    /// `name`: the option, for errors.
    fn read(self, name: &str) -> Result<Keep, String> {
        match self {
            Self::Removed(true) => Ok(Keep::None),
            Self::Removed(false) => Ok(Keep::All),
            Self::Count(kept) => Ok(Keep::Count(kept.min(LARGEST_INTEGER))),
            Self::Within(KeepBounds { age: None, count: None }) => Err(format!("{name} has neither age nor count")),
            Self::Within(bounds) => Ok(Keep::Some {
                age: bounds.age.map(|age| Duration::from_secs(age.min(LARGEST_INTEGER))),
                count: bounds.count.map(|count| count.min(LARGEST_INTEGER)),
                limit: None,
            }),
        }
    }
}

impl Deduplication {
    fn read(self) -> Result<toril_job::Deduplication, String> {
        if self.ttl == Some(0) {
            return Err("deduplication.ttl is at least 1".to_owned());
        }
        Ok(toril_job::Deduplication {
            id: self.id,
            ttl: self.ttl.map(Duration::from_millis),
            extend: self.extend,
            replace: self.replace,
            keep_last_if_active: self.keep_last_if_active,
        })
    }
}

/// Reads an integer in any JSON form, such as `3`, `3.0` and `3e2`. In JavaScript these are all the same number.
fn whole<'de, D: Deserializer<'de>, T: TryFrom<u64>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let Some(number) = Option::<Number>::deserialize(deserializer)? else { return Ok(None) };
    let wrong = || D::Error::custom(format!("`{number}` is not a whole number in the range of this option"));
    exact(&number).and_then(|number| T::try_from(number).ok()).map(Some).ok_or_else(wrong)
}

/// Reads an integer and saturates it at the maximum, for counts that never get this large in practice.
fn at_most<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let number: Option<u64> = whole(deserializer)?;
    Ok(number.map(|number| u32::try_from(number).unwrap_or(u32::MAX)))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a whole number within the bounds
fn exact(number: &Number) -> Option<u64> {
    let whole = |number: &f64| number.fract() == 0.0 && (0.0..=LARGEST_INTEGER as f64).contains(number);
    number
        .as_u64()
        .filter(|number| *number <= LARGEST_INTEGER)
        .or_else(|| number.as_f64().filter(whole).map(|number| number as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_of_a_parent_is_the_same_with_and_without_the_prefix_of_its_keys() {
        let parent = |queue: &str| ParentJob { queue: queue.to_owned(), id: "7".to_owned() }.read("{a:b}");
        let orders = Ok(JobRef { queue: QueueName::new("orders").unwrap(), id: "7".into() });
        assert_eq!(parent("orders"), orders);
        assert_eq!(parent("{a:b}:orders"), orders);
        assert!(parent("other:orders").is_err_and(|reason| reason.contains("not the name of a queue")));
        assert!(parent("{a:b}:").is_err());
    }

    #[test]
    fn the_limits_in_the_schema_are_those_of_the_options() {
        let schema = serde_json::to_value(<NewJobOptions as utoipa::PartialSchema>::schema()).expect("JSON");
        let most = |option: &str| schema["properties"][option]["maximum"].as_u64();
        assert_eq!(most("priority"), Some(toril_job::LARGEST_PRIORITY.into()), "{schema}");
        assert_eq!(most("delay").map(u128::from), Some(toril_job::LONGEST_DELAY.as_millis()));
        assert_eq!(most("timestamp"), Some(LARGEST_INTEGER));
    }
}
