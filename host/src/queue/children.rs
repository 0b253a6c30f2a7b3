//! A job's children, as BullMQ keeps them: by their full keys.

use std::collections::HashMap;

use bullmq::Job;
use serde_json::Value;

use crate::attempt::{Asked, ContextError, Dependencies, JobRef};
use futures::FutureExt;

/// What completed children returned.
pub fn values<'a>(job: &'a Job, prefix: &'a str) -> Asked<'a, Vec<(JobRef, Value)>> {
    async move { Ok(by_job(job.get_children_values().await.map_err(unavailable)?, prefix)) }.boxed()
}

/// Why children failed whose failure is ignored.
pub fn ignored<'a>(job: &'a Job, prefix: &'a str) -> Asked<'a, Vec<(JobRef, String)>> {
    async move { Ok(by_job(job.get_ignored_children_failures().await.map_err(unavailable)?, prefix)) }.boxed()
}

/// How many there are.
pub fn count(job: &Job) -> Asked<'_, Dependencies> {
    async move {
        let counts = job.get_dependencies_count().await.map_err(unavailable)?;
        Ok(Dependencies {
            processed: counts.processed,
            unprocessed: counts.unprocessed,
            ignored: counts.ignored,
            failed: counts.failed,
        })
    }
    .boxed()
}

fn unavailable(error: bullmq::Error) -> ContextError {
    ContextError::Unavailable(format!("the job's children are not known: {error}"))
}

fn by_job<T>(found: HashMap<String, T>, prefix: &str) -> Vec<(JobRef, T)> {
    found.into_iter().filter_map(|(key, value)| Some((job_of_key(&key, prefix)?, value))).collect()
}

/// `PREFIX:QUEUE:ID`, where the prefix may hold colons and the queue's name does not.
pub fn job_of_key(key: &str, prefix: &str) -> Option<JobRef> {
    let (queue, id) = key.strip_prefix(prefix)?.strip_prefix(':')?.split_once(':')?;
    Some(JobRef { queue: queue.to_owned(), id: id.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_apart() {
        let job = |queue: &str, id: &str| Some(JobRef { queue: queue.into(), id: id.into() });
        assert_eq!(job_of_key("bull:orders:7", "bull"), job("orders", "7"));
        assert_eq!(job_of_key("{a:b}:orders:7", "{a:b}"), job("orders", "7"));
        assert_eq!(job_of_key("other:orders:7", "bull"), None);
    }
}
