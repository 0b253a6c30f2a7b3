//! Converts a job's options to the names and formats in which BullMQ stores them.

use serde_json::{Map, Value, json};

use super::clock::milliseconds;
use toril_job::settings::{Backoff, BackoffKind, Keep};
use toril_job::{Deduplication, JobOptions, OnFailure};

/// A job's options with the names that BullMQ stores. Options with their default value are omitted. The parent is omitted,
/// too: BullMQ stores the key of its queue, which needs the prefix.
pub fn stored(options: &JobOptions) -> Map<String, Value> {
    let mut stored: Map<String, Value> = on_failure(options).into_iter().collect();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            stored.insert(name.to_owned(), value);
        }
    };
    set("delay", options.delay.map(milliseconds).filter(|delay| *delay > 0).map(Value::from));
    set("priority", options.priority.filter(|priority| *priority > 0).map(Value::from));
    set("attempts", options.attempts.map(Value::from));
    set("backoff", options.backoff.as_ref().map(stored_backoff));
    set("lifo", options.lifo.then_some(Value::Bool(true)));
    set("removeOnComplete", options.remove_on_complete.as_ref().map(keep));
    set("removeOnFail", options.remove_on_fail.as_ref().map(keep));
    set("de", options.deduplication.as_ref().map(deduplication));
    set("jobId", options.id.as_ref().map(|id| json!(id)));
    set("kl", options.keep_logs.map(Value::from));
    set("stackTraceLimit", options.stack_trace_limit.map(Value::from));
    set("sizeLimit", options.size_limit.map(Value::from));
    set("timestamp", options.timestamp.map(Value::from));
    stored
}

fn stored_backoff(backoff: &Backoff) -> Value {
    let kind = match &backoff.kind {
        BackoffKind::Fixed => "fixed",
        BackoffKind::Exponential => "exponential",
        BackoffKind::Named(name) => name,
    };
    let (delay, jitter) = (milliseconds(backoff.delay), backoff.jitter);
    match jitter > 0.0 {
        true => json!({ "type": kind, "delay": delay, "jitter": jitter }),
        false => json!({ "type": kind, "delay": delay }),
    }
}

fn keep(keep: &Keep) -> Value {
    match keep {
        Keep::All => json!(false),
        Keep::None => json!(true),
        Keep::Count(count) => json!(count),
        Keep::Some { age, count, limit } => given([
            // In seconds, although the comment of the BullMQ crate says otherwise: the Lua script compares seconds.
            ("age", age.map(|age| Value::from(age.as_secs()))),
            ("count", count.map(Value::from)),
            ("limit", limit.map(|limit| Value::from(limit.get()))),
        ]),
    }
}

fn deduplication(options: &Deduplication) -> Value {
    given([
        ("id", Some(json!(options.id))),
        ("ttl", options.ttl.map(|ttl| Value::from(milliseconds(ttl)))),
        ("extend", options.extend.map(Value::from)),
        ("replace", options.replace.map(Value::from)),
        ("keepLastIfActive", options.keep_last_if_active.map(Value::from)),
    ])
}

/// An object of the fields that are set.
fn given<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect::<Map<_, _>>().into()
}

/// What the job's failure does to its parent, with the name that BullMQ stores.
pub fn on_failure(options: &JobOptions) -> Option<(String, Value)> {
    let name = match options.on_failure? {
        OnFailure::FailParent => "fpof",
        OnFailure::ContinueParent => "cpof",
        OnFailure::Ignore => "idof",
        OnFailure::Remove => "rdof",
        OnFailure::Wait => return None,
    };
    Some((name.to_owned(), Value::Bool(true)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn options_have_the_names_that_node_stores() {
        let options = JobOptions {
            attempts: Some(3),
            delay: Some(Duration::ZERO),
            keep_logs: Some(5),
            stack_trace_limit: Some(1),
            on_failure: Some(OnFailure::FailParent),
            backoff: Some(Backoff {
                kind: BackoffKind::Named("polite".to_owned()),
                delay: Duration::from_millis(7),
                jitter: 0.5,
            }),
            ..JobOptions::default()
        };
        let expected = json!({
            "attempts": 3, "kl": 5, "stackTraceLimit": 1, "fpof": true,
            "backoff": { "type": "polite", "delay": 7, "jitter": 0.5 }
        });
        assert_eq!(Value::Object(stored(&options)), expected);
    }

    #[test]
    fn what_is_kept_of_ended_jobs_has_the_form_in_which_it_was_given() {
        let options = JobOptions {
            remove_on_complete: Some(Keep::Count(7)),
            remove_on_fail: Some(Keep::Some { age: Some(Duration::from_secs(60)), count: None, limit: None }),
            priority: Some(2),
            ..JobOptions::default()
        };
        let expected = json!({ "removeOnComplete": 7, "removeOnFail": { "age": 60 }, "priority": 2 });
        assert_eq!(Value::Object(stored(&options)), expected);
    }
}
