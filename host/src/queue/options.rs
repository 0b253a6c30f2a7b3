//! The part of a job's options that the BullMQ crate drops: it is written after a job was added, under the names that
//! Node's client stores.

use bullmq::{Error, JobOptions, Queue};
use serde_json::{Map, Value, json};

use crate::telemetry::traces::Carrier;

/// Replaces a job's options if they still are what was read: the job may have ended and been removed since.
const REPLACE: &str =
    "if redis.call('HGET', KEYS[1], 'opts') == ARGV[1] then redis.call('HSET', KEYS[1], 'opts', ARGV[2]) end";

/// A job's options as they are stored. None: there is no such job.
async fn read(queue: &Queue, job_id: &str) -> Result<Option<String>, Error> {
    let key = queue.keys().job_key(job_id);
    queue.connection().cmd(redis::cmd("HGET").arg(key).arg("opts")).await
}

/// Writes what the crate left out when it added the job. A worker that claims the job in the instant between has the
/// job without it; this host reads what it needs again when it needs it.
pub async fn complete(
    queue: &Queue,
    job_id: &str,
    options: &JobOptions,
    jitter: f64,
    trace: Option<Carrier>,
) -> Result<(), Error> {
    let mut missing = left_out(options);
    if let Some(carrier) = trace {
        missing.insert("tm".to_owned(), json!(json!(carrier).to_string()));
    }
    if missing.is_empty() && jitter <= 0.0 {
        return Ok(());
    }
    let Some(held) = read(queue, job_id).await? else { return Ok(()) };
    let stored = with(&held, missing, jitter)?;
    replace(queue, &queue.keys().job_key(job_id), &held, stored).await
}

/// Gives a job that was added the options of an earlier one that the crate does not know, or has written otherwise.
pub async fn restore(queue: &Queue, job_id: &str, earlier: Map<String, Value>) -> Result<(), Error> {
    if earlier.is_empty() {
        return Ok(());
    }
    let Some(held) = read(queue, job_id).await? else { return Ok(()) };
    let stored = with(&held, earlier, 0.0)?;
    replace(queue, &queue.keys().job_key(job_id), &held, stored).await
}

/// A job's options as Node's client stores them, those included that the crate leaves out.
pub fn stored(options: &JobOptions, jitter: f64) -> Result<Map<String, Value>, Error> {
    let mut stored = left_out(options);
    let all = serde_json::to_value(options)?;
    for name in ["attempts", "backoff", "removeOnComplete", "removeOnFail", "priority"] {
        match all.get(name) {
            None | Some(Value::Null) => {}
            Some(value) => drop(stored.insert(name.to_owned(), value.clone())),
        }
    }
    add_jitter(&mut stored, jitter);
    Ok(stored)
}

fn with(held: &str, more: Map<String, Value>, jitter: f64) -> Result<Map<String, Value>, Error> {
    let mut stored: Map<String, Value> = serde_json::from_str(held)?;
    stored.extend(more);
    add_jitter(&mut stored, jitter);
    Ok(stored)
}

fn add_jitter(stored: &mut Map<String, Value>, jitter: f64) {
    if let Some(backoff) = stored.get_mut("backoff").and_then(Value::as_object_mut)
        && jitter > 0.0
    {
        backoff.insert("jitter".to_owned(), jitter.into());
    }
}

async fn replace(queue: &Queue, key: &str, held: &str, stored: Map<String, Value>) -> Result<(), Error> {
    let script = redis::Script::new(REPLACE);
    let mut call = script.prepare_invoke();
    call.key(key).arg(held).arg(Value::Object(stored).to_string());
    call.invoke_async::<()>(&mut queue.connection().connection()).await?;
    Ok(())
}

fn left_out(options: &JobOptions) -> Map<String, Value> {
    let mut missing = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            missing.insert(name.to_owned(), value);
        }
    };
    set("kl", options.keep_logs.map(Value::from));
    set("stackTraceLimit", options.stack_trace_limit.map(Value::from));
    set("sizeLimit", options.size_limit.map(Value::from));
    set("timestamp", options.timestamp.map(Value::from));
    set("parent", options.parent.as_ref().map(|parent| json!({ "id": parent.id, "queue": parent.queue })));
    let flag = |given: Option<bool>| given.filter(|given| *given).map(Value::from);
    set("fpof", flag(options.fail_parent_on_failure));
    set("cpof", flag(options.continue_parent_on_failure));
    set("idof", flag(options.ignore_dependency_on_failure));
    set("rdof", flag(options.remove_dependency_on_failure));
    missing
}

#[cfg(test)]
mod tests {
    use bullmq::types::{BackoffStrategy, KeepJobs, RemoveOnFinish};

    use super::*;

    #[test]
    fn options_that_the_crate_writes_itself_are_left_to_it() {
        let options = JobOptions { attempts: Some(3), delay: Some(5), ..JobOptions::default() };
        assert!(left_out(&options).is_empty());
    }

    #[test]
    fn the_options_of_a_schedulers_jobs_are_stored_whole() {
        let options = JobOptions {
            attempts: Some(3),
            backoff: Some(BackoffStrategy::Fixed(50)),
            remove_on_complete: Some(RemoveOnFinish::Count(7)),
            remove_on_fail: Some(RemoveOnFinish::Options(KeepJobs { age: Some(60), count: None, limit: None })),
            priority: Some(2),
            keep_logs: Some(5),
            ..JobOptions::default()
        };
        let expected = json!({ "kl": 5, "attempts": 3, "backoff": { "type": "fixed", "delay": 50, "jitter": 0.5 },
            "removeOnComplete": 7, "removeOnFail": { "age": 60 }, "priority": 2 });
        assert_eq!(Value::Object(stored(&options, 0.5).expect("JSON")), expected);
    }

    #[test]
    fn what_the_crate_leaves_out_has_the_names_that_node_stores() {
        let options = JobOptions {
            keep_logs: Some(5),
            stack_trace_limit: Some(1),
            fail_parent_on_failure: Some(true),
            continue_parent_on_failure: Some(false),
            ..JobOptions::default()
        };
        assert_eq!(Value::Object(left_out(&options)), json!({ "kl": 5, "stackTraceLimit": 1, "fpof": true }));
    }
}
