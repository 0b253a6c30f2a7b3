//! The options of a job scheduler's jobs that the BullMQ crate drops. They are written after the scheduler was made, under
//! the names that Node's client stores. Jobs without a scheduler are stored whole: see `insert.rs`.

use bullmq::{Error, JobOptions, Queue};
use serde_json::{Map, Value, json};

/// Replaces a job's options if they still are what was read: the job may have ended and been removed since.
const REPLACE: &str =
    "if redis.call('HGET', KEYS[1], 'opts') == ARGV[1] then redis.call('HSET', KEYS[1], 'opts', ARGV[2]) end";

/// The same for the template of a job scheduler, which has no options where there are none to be had.
const REPLACE_TEMPLATE: &str = "if redis.call('EXISTS', KEYS[1]) == 1 \
    and (redis.call('HGET', KEYS[1], 'opts') or '{}') == ARGV[1] then redis.call('HSET', KEYS[1], 'opts', ARGV[2]) end";

/// A job's options as they are stored. None: there is no such job.
async fn read(queue: &Queue, job_id: &str) -> Result<Option<String>, Error> {
    let key = queue.keys().job_key(job_id);
    queue.connection().cmd(redis::cmd("HGET").arg(key).arg("opts")).await
}

/// Writes what the crate left out when it added a scheduler's first job. A worker that claims the job before that has the
/// job without it.
pub async fn complete(queue: &Queue, job_id: &str, options: &JobOptions, jitter: f64) -> Result<(), Error> {
    let missing = left_out(options);
    if missing.is_empty() && jitter <= 0.0 {
        return Ok(());
    }
    let Some(held) = read(queue, job_id).await? else { return Ok(()) };
    let stored = with(&held, missing, jitter)?;
    replace(queue, REPLACE, &queue.keys().job_key(job_id), &held, stored).await
}

/// Writes what the crate left out when it made a job scheduler, into the options of the jobs that are to come.
pub async fn complete_template(
    queue: &Queue,
    scheduler_id: &str,
    options: &JobOptions,
    jitter: f64,
) -> Result<(), Error> {
    let missing = left_out(options);
    if missing.is_empty() && jitter <= 0.0 {
        return Ok(());
    }
    let key = format!("{}:{scheduler_id}", queue.keys().repeat());
    let held: Option<String> = queue.connection().cmd(redis::cmd("HGET").arg(&key).arg("opts")).await?;
    let held = held.unwrap_or_else(|| "{}".to_owned());
    let stored = with(&held, missing, jitter)?;
    replace(queue, REPLACE_TEMPLATE, &key, &held, stored).await
}

fn with(held: &str, more: Map<String, Value>, jitter: f64) -> Result<Map<String, Value>, Error> {
    let mut stored: Map<String, Value> = serde_json::from_str(held)?;
    stored.extend(more);
    if let Some(backoff) = stored.get_mut("backoff").and_then(Value::as_object_mut)
        && jitter > 0.0
    {
        backoff.insert("jitter".to_owned(), jitter.into());
    }
    Ok(stored)
}

async fn replace(queue: &Queue, script: &str, key: &str, held: &str, stored: Map<String, Value>) -> Result<(), Error> {
    let script = redis::Script::new(script);
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
    use super::*;

    #[test]
    fn options_that_the_crate_writes_itself_are_left_to_it() {
        let options = JobOptions { attempts: Some(3), delay: Some(5), ..JobOptions::default() };
        assert!(left_out(&options).is_empty());
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
