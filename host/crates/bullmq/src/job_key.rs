//! The keys of jobs. BullMQ stores references to other jobs by their full keys.

use toril_job::{JobRef, QueueName};

/// Parses `PREFIX:QUEUE:ID`. The prefix may contain colons, the queue's name may not.
pub fn job_of_key(key: &str, prefix: &str) -> Option<JobRef> {
    let (queue, id) = key.strip_prefix(prefix)?.strip_prefix(':')?.split_once(':')?;
    Some(JobRef { queue: QueueName::new(queue).ok()?, id: id.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_split_into_queue_and_id() {
        let job = |queue: &str, id: &str| Some(JobRef { queue: QueueName::new(queue).unwrap(), id: id.into() });
        assert_eq!(job_of_key("bull:orders:7", "bull"), job("orders", "7"));
        assert_eq!(job_of_key("{a:b}:orders:7", "{a:b}"), job("orders", "7"));
        assert_eq!(job_of_key("other:orders:7", "bull"), None);
    }
}
