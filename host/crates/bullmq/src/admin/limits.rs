//! Limits of a queue across all workers: its global concurrency, its global rate limit, and a temporary stop.

use std::num::NonZeroU64;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::AdminError;
use super::handle::Admin;
use super::reply::next;
use toril_job::{LARGEST_INTEGER, LONGEST_DELAY, QueueName};

/// The limits of a queue across all workers. Each worker also has limits of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueLimits {
    /// How many jobs may run at once. None: no limit.
    pub concurrency: Option<u64>,
    /// How many jobs may start in a period. None: no limit.
    pub rate_limit: Option<RateLimit>,
    /// How many more milliseconds no job starts, because the rate limit is used up or the queue is stopped. 0: jobs
    /// start.
    pub limited_for: u64,
}

/// How many jobs may start in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// How many jobs.
    #[schema(value_type = u64, minimum = 1, maximum = 9_007_199_254_740_991u64)]
    pub max: NonZeroU64,
    /// The time in milliseconds.
    #[schema(value_type = u64, minimum = 1, maximum = 3_153_600_000_000u64)]
    pub duration: NonZeroU64,
}

impl Admin {
    /// The limits of a queue across all workers.
    pub async fn limits(&self, queue: &QueueName) -> Result<QueueLimits, AdminError> {
        let keys = self.keys(queue).await?;
        let mut pipe = redis::pipe();
        pipe.cmd("HMGET").arg(keys.meta()).arg(&["concurrency", "max", "duration"]);
        pipe.cmd("GET").arg(keys.limiter());
        pipe.cmd("PTTL").arg(keys.limiter());
        let answers: Vec<redis::Value> = self.redis.connection_of(queue).await?.pipe(&pipe).await?;
        let mut answers = answers.into_iter();
        let fields: Vec<Option<String>> = next(&mut answers)?;
        let (used, left): (Option<String>, i64) = (next(&mut answers)?, next(&mut answers)?);
        let field = |place: usize| fields.get(place).and_then(Option::as_deref).and_then(number);
        let rate_limit = match (field(1).and_then(NonZeroU64::new), field(2).and_then(NonZeroU64::new)) {
            (Some(max), Some(duration)) => Some(RateLimit { max, duration }),
            _ => None,
        };
        // The limit that applies to hosts with this configuration: the queue's own, or else the one in the
        // configuration. Without either, a queue can only be stopped by hand. Its counter is then larger than any
        // limit.
        let used = used.as_deref().and_then(number).unwrap_or(0);
        let entry =
            (self.config)().queues().get(queue).and_then(|queue| queue.rate_limit.as_ref().map(|limit| limit.max));
        let most = rate_limit.map(|limit| limit.max).or(entry).map_or(LARGEST_INTEGER, NonZeroU64::get);
        let limited_for = if used >= most { u64::try_from(left).unwrap_or(0) } else { 0 };
        Ok(QueueLimits { concurrency: field(0), rate_limit, limited_for })
    }

    /// Sets how many jobs of a queue run at the same time, across all workers. `None` removes the limit.
    pub async fn set_concurrency(&self, queue: &QueueName, concurrency: Option<NonZeroU64>) -> Result<(), AdminError> {
        let queue = self.queue(queue).await?;
        match concurrency {
            Some(concurrency) if concurrency.get() > LARGEST_INTEGER => {
                Err(AdminError::Invalid(format!("the concurrency is at most {LARGEST_INTEGER}")))
            }
            Some(concurrency) => Ok(queue.set_global_concurrency(concurrency.get()).await?),
            None => Ok(queue.remove_global_concurrency().await?),
        }
    }

    /// Sets how many jobs of a queue may start within a time, across all workers. `None` removes the limit.
    pub async fn set_rate_limit(&self, queue: &QueueName, limit: Option<RateLimit>) -> Result<(), AdminError> {
        let queue = self.queue(queue).await?;
        match limit {
            Some(limit) if limit.max.get() > LARGEST_INTEGER => {
                Err(AdminError::Invalid(format!("the rate limit is at most {LARGEST_INTEGER} jobs")))
            }
            Some(limit) if Duration::from_millis(limit.duration.get()) > LONGEST_DELAY => {
                Err(AdminError::Invalid("the period of a rate limit is at most a hundred years".to_owned()))
            }
            Some(limit) => Ok(queue.set_global_rate_limit(limit.max.get(), limit.duration.get()).await?),
            None => Ok(queue.remove_global_rate_limit().await?),
        }
    }

    /// Stops a queue for this time: no worker starts a job of it.
    pub async fn stop_for(&self, queue: &QueueName, time: Duration) -> Result<(), AdminError> {
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        if milliseconds == 0 || Duration::from_millis(milliseconds) > LONGEST_DELAY {
            return Err(AdminError::Invalid("a queue can be stopped for 1 ms to a hundred years".to_owned()));
        }
        Ok(self.queue(queue).await?.rate_limit(milliseconds).await?)
    }

    /// Resets the used part of the rate limit, and ends a temporary stop.
    pub async fn clear_rate_limit(&self, queue: &QueueName) -> Result<(), AdminError> {
        self.queue(queue).await?.remove_rate_limit_key().await?;
        Ok(())
    }
}

/// A number that another client may have written. BullMQ's scripts read it as a double.
fn number(text: &str) -> Option<u64> {
    text.parse::<f64>().ok().filter(|number| *number >= 0.0).map(|number| number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_other_clients_are_read() {
        assert_eq!(["5", "5.0", "9.007199254741e+15"].map(number), [Some(5), Some(5), Some(9_007_199_254_741_000)]);
        assert_eq!(["", "-1", "x"].map(number), [None; 3]);
    }
}
