//! Reads a job in Redis without writing anything. BullMQ's own `Queue` writes to the queue's metadata when it is
//! created, and some readers must not do that.

use std::collections::HashMap;

use bullmq::QueueKeys;
use serde_json::Value;

use super::claimed::Options;
use super::job_key::job_of_key;
use super::js;
use crate::access::{ConnectError, Redis};
use toril_job::{Job, JobId, Json, QueueName};

/// A stored job as its plugin sees it: for an ended job in its last attempt, otherwise in the next one. `None`: there
/// is no such job. This only sends read commands.
pub async fn stored(redis: &Redis, queue: &QueueName, id: &JobId) -> Result<Option<Job>, ConnectError> {
    let key = QueueKeys::new(queue.as_str(), Some(redis.prefix())).job_key(id.as_str());
    let connection = redis.connection_of(queue).await?;
    let fields: HashMap<String, String> = connection.cmd(redis::cmd("HGETALL").arg(key)).await?;
    Ok(job(queue, id, redis.prefix(), &fields))
}

fn job(queue: &QueueName, id: &JobId, prefix: &str, fields: &HashMap<String, String>) -> Option<Job> {
    let text = |field: &str| fields.get(field).map(String::as_str);
    let number = |field: &str| text(field).map(js::field);
    let name = text("name")?.to_owned();
    // The second name is from BullMQ before version 5.
    let made = number("atm").or_else(|| number("attemptsMade")).unwrap_or(0);
    let ended = fields.contains_key("finishedOn");
    let attempt = u32::try_from(if ended { made.max(1) } else { made.saturating_add(1) }).unwrap_or(u32::MAX);
    let max_attempts = text("opts").and_then(|opts| Options::read(opts).attempts).unwrap_or(1);
    Some(Job {
        id: id.clone(),
        queue: queue.clone(),
        name,
        data: text("data").map_or(Json::from(Value::Null), json),
        attempt,
        max_attempts: max_attempts.max(attempt),
        added_at: number("timestamp").unwrap_or(0),
        parent: text("parentKey").and_then(|key| job_of_key(key, prefix)),
    })
}

/// A field that should contain JSON. Other text becomes a JSON string.
pub(super) fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// The same as [`parse`], in the form that plugins get.
fn json(text: &str) -> Json {
    Json::parse(text).unwrap_or_else(|_| Value::String(text.to_owned()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use toril_job::JobRef;

    fn fields(fields: &[(&str, &str)]) -> HashMap<String, String> {
        fields.iter().map(|(field, value)| ((*field).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_job_that_has_failed_is_seen_in_its_last_attempt() {
        let failed = fields(&[
            ("name", "sync"),
            ("data", r#"{"a":1}"#),
            ("opts", r#"{"attempts":3}"#),
            ("atm", "3"),
            ("timestamp", "1700000000000"),
            ("finishedOn", "1700000001000"),
            ("parentKey", "bull:flows:7"),
        ]);
        let job = job(&QueueName::new("q").unwrap(), &"5".into(), "bull", &failed).expect("a job");
        assert_eq!((job.attempt, job.max_attempts, job.added_at), (3, 3, 1_700_000_000_000));
        assert_eq!(job.data.text(), r#"{"a":1}"#);
        assert_eq!(job.parent, Some(JobRef { queue: QueueName::new("flows").unwrap(), id: "7".into() }));
    }

    #[test]
    fn a_job_that_waits_is_seen_in_its_next_attempt() {
        let waiting = fields(&[("name", "sync"), ("data", "{}"), ("opts", r#"{"attempts":3}"#), ("atm", "1")]);
        let job = job(&QueueName::new("q").unwrap(), &"5".into(), "bull", &waiting).expect("a job");
        assert_eq!((job.attempt, job.max_attempts), (2, 3));
    }

    #[test]
    fn a_hash_without_fields_is_not_a_job() {
        assert!(job(&QueueName::new("q").unwrap(), &"5".into(), "bull", &HashMap::new()).is_none());
    }
}
