//! A job's children, as BullMQ keeps them: by their full keys.

use std::collections::HashMap;

use bullmq::{Error, Queue};
use serde_json::Value;

use super::stored::parse;
use crate::attempt::{ContextError, Dependencies, JobRef};

/// What completed children returned.
pub async fn values(queue: &Queue, id: &str, prefix: &str) -> Result<Vec<(JobRef, Value)>, ContextError> {
    let values = hash(queue, id, "processed").await?;
    Ok(by_job(values, prefix).into_iter().map(|(job, value)| (job, parse(&value))).collect())
}

/// Why children failed whose failure is ignored.
pub async fn ignored(queue: &Queue, id: &str, prefix: &str) -> Result<Vec<(JobRef, String)>, ContextError> {
    Ok(by_job(hash(queue, id, "failed").await?, prefix))
}

/// How many there are.
pub async fn count(queue: &Queue, id: &str) -> Result<Dependencies, ContextError> {
    counts(queue, id).await.map_err(unavailable)
}

/// The same, with the client's own error.
pub async fn counts(queue: &Queue, id: &str) -> Result<Dependencies, Error> {
    let key = queue.keys().job_key(id);
    let mut pipe = redis::pipe();
    pipe.cmd("HLEN").arg(format!("{key}:processed")).cmd("SCARD").arg(format!("{key}:dependencies"));
    pipe.cmd("HLEN").arg(format!("{key}:failed")).cmd("ZCARD").arg(format!("{key}:unsuccessful"));
    let (processed, unprocessed, ignored, failed) = queue.connection().pipe(&pipe).await?;
    Ok(Dependencies { processed, unprocessed, ignored, failed })
}

async fn hash(queue: &Queue, id: &str, part: &str) -> Result<HashMap<String, String>, ContextError> {
    let key = format!("{}:{part}", queue.keys().job_key(id));
    queue.connection().cmd(redis::cmd("HGETALL").arg(key)).await.map_err(unavailable)
}

fn unavailable(error: Error) -> ContextError {
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
