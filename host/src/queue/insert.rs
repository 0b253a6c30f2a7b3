//! Stores jobs with BullMQ's own scripts. A job is there with all of its options or not at all: the BullMQ crate leaves
//! some options out, so that they would have to be written later, when a worker may already have taken the job.

use std::sync::LazyLock;

use bullmq::types::{BackoffStrategy, RemoveOnFinish};
use bullmq::{DeduplicationOptions, Error, Queue, QueueKeys};
use redis::{FromRedisValue, Script, Value as Reply};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::add::JobSpec;
use super::clock::now;
use super::scripts::rerouted;

/// One of BullMQ's own scripts: its text and what it is called by.
type Official = LazyLock<(String, Script)>;

macro_rules! official {
    ($($name:ident = $file:literal;)*) => {
        $(static $name: Official = LazyLock::new(|| {
            let text = rerouted(include_str!(concat!(env!("BULLMQ_COMMANDS"), "/", $file, ".lua")));
            let script = Script::new(&text);
            (text, script)
        });)*
    };
}

official! {
    ADD_DELAYED_JOB = "addDelayedJob-6";
    ADD_PRIORITIZED_JOB = "addPrioritizedJob-9";
    ADD_STANDARD_JOB = "addStandardJob-9";
}

/// Jobs that are sent to Redis at once, and the bytes of their data after which no further one is sent with them.
const AT_ONCE: usize = 100;
const BYTES_AT_ONCE: usize = 4 << 20;

/// One call of one script.
struct Insert {
    script: &'static Official,
    keys: Vec<String>,
    args: Vec<u8>,
    data: String,
    options: Vec<u8>,
}

/// Stores a job. Answers its id, or the id of the job that is there in its place.
pub async fn one(queue: &Queue, spec: &JobSpec) -> Result<String, Error> {
    let insert = Insert::of(queue.keys(), spec)?;
    let mut call = insert.script.1.prepare_invoke();
    for key in &insert.keys {
        call.key(key);
    }
    call.arg(insert.args).arg(insert.data).arg(insert.options);
    id(&call.invoke_async(&mut queue.connection().connection()).await?)
}

/// Stores jobs in their order. An error has the place of the first job that may be missing.
pub async fn many(queue: &Queue, specs: &[JobSpec]) -> Result<Vec<String>, (usize, Error)> {
    let mut inserts = Vec::with_capacity(specs.len());
    for (place, spec) in specs.iter().enumerate() {
        inserts.push(Insert::of(queue.keys(), spec).map_err(|error| (place, error))?);
    }
    let mut ids = Vec::with_capacity(specs.len());
    for part in parts(&inserts, |insert| insert.data.len()) {
        let first = ids.len();
        let replies = send(queue, part).await.map_err(|error| (first, error))?;
        for (place, reply) in replies.into_iter().enumerate() {
            let id = reply.map_err(Error::from).and_then(|reply| id(&reply)).map_err(|error| (first + place, error))?;
            ids.push(id);
        }
    }
    Ok(ids)
}

/// Sends some calls in one pipeline, which keeps their order. The scripts go along, since Redis may not know them.
async fn send(queue: &Queue, inserts: &[Insert]) -> Result<Vec<redis::RedisResult<Reply>>, Error> {
    let mut pipe = redis::pipe();
    for script in [&ADD_DELAYED_JOB, &ADD_PRIORITIZED_JOB, &ADD_STANDARD_JOB] {
        if inserts.iter().any(|insert| std::ptr::eq(insert.script, script)) {
            pipe.cmd("SCRIPT").arg("LOAD").arg(&script.0).ignore();
        }
    }
    for insert in inserts {
        pipe.cmd("EVALSHA").arg(insert.script.1.get_hash()).arg(insert.keys.len()).arg(&insert.keys);
        pipe.arg(&insert.args).arg(&insert.data).arg(&insert.options);
    }
    queue.connection().pipe(pipe.ignore_errors()).await
}

/// Splits what is sent into parts that are neither too many nor too large.
fn parts<T>(all: &[T], size: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let (mut parts, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (place, one) in all.iter().enumerate() {
        if place - start == AT_ONCE || (place > start && bytes >= BYTES_AT_ONCE) {
            parts.push(&all[start..place]);
            (start, bytes) = (place, 0);
        }
        bytes += size(one);
    }
    parts.push(&all[start..]);
    parts.retain(|part| !part.is_empty());
    parts
}

/// What a script answers: the id, or the code of an error.
fn id(reply: &Reply) -> Result<String, Error> {
    match reply {
        Reply::Int(code) if *code < 0 => Err(Error::from_script_code(*code)),
        reply => Ok(String::from_redis_value_ref(reply).map_err(redis::RedisError::from)?),
    }
}

impl Insert {
    fn of(keys: &QueueKeys, spec: &JobSpec) -> Result<Self, Error> {
        let options = &spec.options;
        let data = spec.data.to_string();
        if let Some(limit) = options.size_limit.filter(|limit| data.len() > *limit) {
            let size = data.len();
            return Err(Error::InvalidConfig(format!("the data has {size} bytes, and its sizeLimit is {limit}")));
        }
        let (script, keys_of_script) = if options.delay.is_some_and(|delay| delay > 0) {
            let of_script = [keys.marker(), keys.meta(), keys.id(), keys.delayed(), keys.completed(), keys.events()];
            (&ADD_DELAYED_JOB, of_script.to_vec())
        } else if options.priority.is_some_and(|priority| priority > 0) {
            let mut of_script = vec![keys.marker(), keys.meta(), keys.id(), keys.prioritized(), keys.delayed()];
            of_script.extend([keys.completed(), keys.active(), keys.events(), keys.pc()]);
            (&ADD_PRIORITIZED_JOB, of_script)
        } else {
            let mut of_script = vec![keys.wait(), keys.paused(), keys.meta(), keys.id(), keys.completed()];
            of_script.extend([keys.delayed(), keys.active(), keys.events(), keys.marker()]);
            (&ADD_STANDARD_JOB, of_script)
        };
        let parent = parent(keys, spec)?;
        let deduplication =
            options.deduplication.as_ref().map(|deduplication| keys.get(&format!("de:{}", deduplication.id)));
        let args = pack(&(
            keys.key_prefix(),
            options.job_id.as_deref().unwrap_or_default(),
            &spec.name,
            options.timestamp.unwrap_or_else(now),
            parent.as_ref().map(|parent| &parent.key),
            parent.as_ref().map(|parent| format!("{}:dependencies", parent.key)),
            parent.as_ref().map(|parent| &parent.fields),
            None::<()>,
            deduplication,
        ))?;
        Ok(Self { script, keys: keys_of_script, args, data, options: pack(&stored(spec))? })
    }
}

struct Parent {
    key: String,
    fields: Map<String, Value>,
}

fn parent(keys: &QueueKeys, spec: &JobSpec) -> Result<Option<Parent>, Error> {
    let Some(parent) = &spec.options.parent else { return Ok(None) };
    let prefix = format!("{}:", keys.prefix());
    // BullMQ's own clients name the queue by its whole key.
    let queue = parent.queue.strip_prefix(&prefix).unwrap_or(&parent.queue);
    if queue.is_empty() || queue.contains(':') {
        return Err(Error::InvalidConfig(format!("the parent's queue {:?} is not a name of a queue", parent.queue)));
    }
    let queue_key = format!("{prefix}{queue}");
    let key = format!("{queue_key}:{}", parent.id);
    let mut fields = Map::from_iter([("id".to_owned(), json!(parent.id)), ("queueKey".to_owned(), json!(queue_key))]);
    fields.extend(on_failure(spec));
    Ok(Some(Parent { key, fields }))
}

/// What the job's failure means for its parent, under the names that BullMQ stores.
fn on_failure(spec: &JobSpec) -> impl Iterator<Item = (String, Value)> {
    let options = &spec.options;
    let wishes = [
        ("fpof", options.fail_parent_on_failure),
        ("cpof", options.continue_parent_on_failure),
        ("idof", options.ignore_dependency_on_failure),
        ("rdof", options.remove_dependency_on_failure),
    ];
    wishes.into_iter().filter(|(_, wish)| *wish == Some(true)).map(|(name, _)| (name.to_owned(), Value::Bool(true)))
}

/// The job's options under the names that BullMQ stores.
pub fn stored(spec: &JobSpec) -> Map<String, Value> {
    let options = &spec.options;
    let mut stored: Map<String, Value> = on_failure(spec).collect();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            stored.insert(name.to_owned(), value);
        }
    };
    set("delay", options.delay.filter(|delay| *delay > 0).map(Value::from));
    set("priority", options.priority.filter(|priority| *priority > 0).map(Value::from));
    set("attempts", options.attempts.map(Value::from));
    set("backoff", options.backoff.as_ref().map(|strategy| backoff(strategy, spec.jitter)));
    set("lifo", options.lifo.filter(|lifo| *lifo).map(Value::from));
    set("removeOnComplete", options.remove_on_complete.as_ref().map(keep));
    set("removeOnFail", options.remove_on_fail.as_ref().map(keep));
    set("de", options.deduplication.as_ref().map(deduplication));
    set("jobId", options.job_id.as_ref().map(|id| json!(id)));
    set("kl", options.keep_logs.map(Value::from));
    set("stackTraceLimit", options.stack_trace_limit.map(Value::from));
    set("sizeLimit", options.size_limit.map(Value::from));
    set("timestamp", options.timestamp.map(Value::from));
    set("parent", options.parent.as_ref().map(|parent| json!({ "id": parent.id, "queue": parent.queue })));
    set("tm", spec.trace.as_ref().map(|carrier| json!(json!(carrier).to_string())));
    stored.extend(spec.earlier.clone());
    stored
}

fn backoff(strategy: &BackoffStrategy, jitter: f64) -> Value {
    let (kind, delay) = match strategy {
        BackoffStrategy::Fixed(delay) => ("fixed", *delay),
        BackoffStrategy::Exponential(delay) => ("exponential", *delay),
        BackoffStrategy::Custom(name) => (name.as_str(), 0),
    };
    match jitter > 0.0 {
        true => json!({ "type": kind, "delay": delay, "jitter": jitter }),
        false => json!({ "type": kind, "delay": delay }),
    }
}

fn keep(keep: &RemoveOnFinish) -> Value {
    match keep {
        RemoveOnFinish::Bool(removed) => json!(removed),
        RemoveOnFinish::Count(count) => json!(count),
        RemoveOnFinish::Options(keep) => given([
            ("age", keep.age.map(Value::from)),
            ("count", keep.count.map(Value::from)),
            ("limit", keep.limit.map(Value::from)),
        ]),
    }
}

fn deduplication(options: &DeduplicationOptions) -> Value {
    given([
        ("id", Some(json!(options.id))),
        ("ttl", options.ttl.map(Value::from)),
        ("extend", options.extend.map(Value::from)),
        ("replace", options.replace.map(Value::from)),
        ("keepLastIfActive", options.keep_last_if_active.map(Value::from)),
    ])
}

/// An object of the fields that are there.
fn given<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect::<Map<_, _>>().into()
}

fn pack<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    rmp_serde::to_vec_named(value).map_err(|error| Error::MsgPack(error.to_string()))
}

#[cfg(test)]
mod tests {
    use bullmq::JobOptions;

    use super::*;
    use crate::config::JobDefaults;

    fn spec(options: JobOptions) -> JobSpec {
        JobSpec { options, ..JobSpec::new("q", "n", json!({}), &JobDefaults::default()) }
    }

    #[test]
    fn options_have_the_names_that_node_stores() {
        let options = JobOptions {
            attempts: Some(3),
            delay: Some(0),
            keep_logs: Some(5),
            stack_trace_limit: Some(1),
            fail_parent_on_failure: Some(true),
            continue_parent_on_failure: Some(false),
            backoff: Some(BackoffStrategy::Fixed(7)),
            ..JobOptions::default()
        };
        let expected = json!({
            "attempts": 3, "kl": 5, "stackTraceLimit": 1, "fpof": true,
            "backoff": { "type": "fixed", "delay": 7, "jitter": 0.5 }
        });
        assert_eq!(Value::Object(stored(&JobSpec { jitter: 0.5, ..spec(options) })), expected);
    }

    #[test]
    fn options_of_an_earlier_job_are_stored_as_they_were() {
        let earlier = json!({ "attempts": 5, "unknown": [1] });
        let Value::Object(earlier) = earlier.clone() else { panic!("an object: {earlier}") };
        let stored = stored(&JobSpec { earlier, ..spec(JobOptions { attempts: Some(3), ..JobOptions::default() }) });
        assert_eq!(Value::Object(stored), json!({ "attempts": 5, "unknown": [1] }));
    }

    #[test]
    fn parts_keep_the_order_and_have_a_bound() {
        let lengths = |sizes: &[usize]| parts(sizes, |size| *size).iter().map(|part| part.len()).collect::<Vec<_>>();
        assert_eq!(lengths(&[1; 250]), [100, 100, 50]);
        assert_eq!(lengths(&[BYTES_AT_ONCE; 3]), [1, 1, 1]);
        assert!(lengths(&[]).is_empty());
    }

    #[test]
    fn data_beyond_its_own_limit_is_refused() {
        let keys = QueueKeys::new("q", Some("bull"));
        let mut spec = spec(JobOptions { size_limit: Some(3), ..JobOptions::default() });
        assert!(Insert::of(&keys, &spec).is_ok());
        spec.data = json!("long");
        assert!(Insert::of(&keys, &spec).is_err_and(|error| error.to_string().contains("6 bytes")));
    }
}
