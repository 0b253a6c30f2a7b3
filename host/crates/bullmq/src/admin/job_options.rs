//! The options of a new job as a JSON document, with BullMQ's names.

use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Number;
use utoipa::ToSchema;

use toril_job::settings::{Backoff, BackoffKind, Keep};
use toril_job::{JobOptions, JobRef, LARGEST_INTEGER, OnFailure};

/// Options of a job, by BullMQ's names. One that is not known is an error.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NewJobOptions {
    /// An id of one's own. A job of that id that is there already is not added again. Not a whole number, not the name of a
    /// key of the queue (`wait`, `meta`, …), and without colons, or with two as in `repeat:ID:TIME`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 1024)]
    pub job_id: Option<String>,
    /// Not before so many milliseconds have passed.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "whole")]
    #[schema(maximum = 3_153_600_000_000u64)]
    pub delay: Option<u64>,
    /// 1 goes first, 2097151 last; jobs without one go before those.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "whole")]
    #[schema(maximum = 2_097_151)]
    pub priority: Option<u32>,
    /// How often it is tried in all. More than 4294967295 counts as that.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "at_most")]
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991u64)]
    pub attempts: Option<u32>,
    /// How attempts are spaced: milliseconds, or a strategy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff: Option<BackoffOptions>,
    /// Before the jobs that wait already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifo: Option<bool>,
    /// What is kept when it completes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove_on_complete: Option<KeepOptions>,
    /// What is kept when it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove_on_fail: Option<KeepOptions>,
    /// How many lines of its log are kept.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "at_most")]
    pub keep_logs: Option<u32>,
    /// How many stack traces are kept.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "at_most")]
    pub stack_trace_limit: Option<u32>,
    /// When it counts as added, in milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "whole")]
    #[schema(maximum = 9_007_199_254_740_991u64)]
    pub timestamp: Option<u64>,
    /// Refuse data of more bytes than this.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "whole")]
    #[schema(maximum = 4_294_967_295u64)]
    pub size_limit: Option<u32>,
    /// A job that waits for this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<ParentJob>,
    /// The parent fails when this job fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_parent_on_failure: Option<bool>,
    /// The parent goes on at once when this job fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continue_parent_on_failure: Option<bool>,
    /// The parent does not care whether this job fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_dependency_on_failure: Option<bool>,
    /// The parent forgets this job when it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove_dependency_on_failure: Option<bool>,
    /// Added only if no job of this deduplication id is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deduplication: Option<Deduplication>,
}

/// How attempts are spaced.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum BackoffOptions {
    /// A fixed pause of so many milliseconds.
    Fixed(u64),
    /// A strategy.
    Strategy(BackoffStrategyOptions),
}

/// A strategy of spacing attempts.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackoffStrategyOptions {
    /// `fixed`, `exponential`, or the name of one of the queue's `backoff_strategies`.
    #[serde(rename = "type")]
    #[schema(min_length = 1)]
    pub kind: String,
    /// The first pause in milliseconds. With the name of a strategy, 0 means the strategy's own delay.
    #[serde(default)]
    #[schema(maximum = 3_153_600_000_000u64)]
    pub delay: u64,
    /// How much of a pause is random, from 0 to 1. With the name of a strategy, 0 means the strategy's own jitter.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1)]
    pub jitter: f64,
}

/// What is kept of jobs that have ended.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum KeepOptions {
    /// `true`: nothing; `false`: everything.
    Removed(bool),
    /// So many jobs.
    Count(u64),
    /// Those within both bounds.
    Within(KeepBounds),
}

/// Bounds for jobs that are kept.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepBounds {
    /// The age at which a job goes, in seconds.
    #[serde(default)]
    #[schema(maximum = 3_153_600_000u64)]
    pub age: Option<u64>,
    /// How many jobs stay.
    #[serde(default)]
    #[schema(maximum = 9_007_199_254_740_991u64)]
    pub count: Option<u64>,
}

/// A job that waits for another one.
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

/// Added only if no job of this id is there.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deduplication {
    /// The deduplication id.
    #[schema(min_length = 1, max_length = 1024)]
    pub id: String,
    /// For how many milliseconds others are held back.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3_153_600_000_000u64)]
    pub ttl: Option<u64>,
    /// Each further try starts that time anew.
    #[serde(default)]
    pub extend: Option<bool>,
    /// A delayed job of that id is replaced by this one.
    #[serde(default)]
    pub replace: Option<bool>,
    /// While one of that id runs, this one is kept and added at its end.
    #[serde(default)]
    pub keep_last_if_active: Option<bool>,
}

impl NewJobOptions {
    /// The options without the form of the document. Their limits are not checked yet.
    pub(super) fn read(self) -> Result<JobOptions, String> {
        Ok(JobOptions {
            on_failure: self.on_failure()?,
            id: self.job_id,
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
            parent: self.parent.map(|ParentJob { queue, id }| JobRef { queue, id }),
            deduplication: self.deduplication.map(Deduplication::read),
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
    fn read(self) -> toril_job::Deduplication {
        toril_job::Deduplication {
            id: self.id,
            ttl: self.ttl.map(Duration::from_millis),
            extend: self.extend,
            replace: self.replace,
            keep_last_if_active: self.keep_last_if_active,
        }
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
    fn the_limits_in_the_schema_are_those_of_the_options() {
        let schema = serde_json::to_value(<NewJobOptions as utoipa::PartialSchema>::schema()).expect("JSON");
        let most = |option: &str| schema["properties"][option]["maximum"].as_u64();
        assert_eq!(most("priority"), Some(toril_job::LARGEST_PRIORITY.into()), "{schema}");
        assert_eq!(most("delay").map(u128::from), Some(toril_job::LONGEST_DELAY.as_millis()));
        assert_eq!(most("timestamp"), Some(LARGEST_INTEGER));
    }
}
