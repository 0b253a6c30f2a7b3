//! Adds jobs with BullMQ's own scripts. A job is added with all of its options in one step. The BullMQ crate omits some
//! options. Writing these later would be too late, because a worker may already have claimed the job.

use std::sync::LazyLock;

use bullmq::{Error, Queue, QueueKeys};
use redis::{FromRedisValue, Script, Value as Reply};
use serde_json::{Map, Value, json};

use super::clock::{milliseconds, now};
use super::job_spec::JobSpec;
use super::scripts::{pack, rerouted};
use super::stored_options::{on_failure, stored};
use toril_job::JobId;

/// One of BullMQ's own scripts: its text and the compiled script.
type Official = LazyLock<(String, Script)>;

macro_rules! official {
    ($($name:ident = $change:ident $file:literal;)*) => {
        $(static $name: Official = LazyLock::new(|| {
            let text = $change(include_str!(concat!(env!("BULLMQ_COMMANDS"), "/", $file, ".lua")));
            let script = Script::new(&text);
            (text, script)
        });)*
    };
}

official! {
    ADD_DELAYED_JOB = rerouted "addDelayedJob-6";
    ADD_PRIORITIZED_JOB = rerouted "addPrioritizedJob-9";
    ADD_STANDARD_JOB = rerouted "addStandardJob-9";
    ADD_DELAYED_JOB_IF_STARTED = keeping_last "addDelayedJob-6";
    ADD_PRIORITIZED_JOB_IF_STARTED = keeping_last "addPrioritizedJob-9";
    ADD_STANDARD_JOB_IF_STARTED = keeping_last "addStandardJob-9";
}

/// The condition in BullMQ's scripts that checks whether the holder of a deduplication id is active.
const IS_ACTIVE: &str = "if pos then";

/// The script with the change that [`JobSpec::keep_last_if_started`] describes.
fn keeping_last(official: &str) -> String {
    let is_started = "if pos or is_started(prefix .. currentDeduplicatedJobId) then";
    rerouted(&[include_str!("started.lua"), &official.replacen(IS_ACTIVE, is_started, 1)].join("\n"))
}

/// The most jobs per pipeline, and the size of their data in bytes after which the pipeline takes no further job.
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

/// Adds a job. Returns its id, or the id of the existing job that takes its place.
pub async fn one(queue: &Queue, spec: &JobSpec) -> Result<JobId, Error> {
    let insert = Insert::of(queue.keys(), spec)?;
    let mut call = insert.script.1.prepare_invoke();
    for key in &insert.keys {
        call.key(key);
    }
    call.arg(insert.args).arg(insert.data).arg(insert.options);
    id(&call.invoke_async(&mut queue.connection().connection()).await?)
}

/// Adds jobs in order. An error contains the index of the first job that may be missing.
pub async fn many(queue: &Queue, specs: &[JobSpec]) -> Result<Vec<JobId>, (usize, Error)> {
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

/// Sends some calls in one pipeline, which keeps their order. The pipeline first loads the scripts, because Redis may
/// not know them.
async fn send(queue: &Queue, inserts: &[Insert]) -> Result<Vec<redis::RedisResult<Reply>>, Error> {
    let mut pipe = redis::pipe();
    let plain = [&ADD_DELAYED_JOB, &ADD_PRIORITIZED_JOB, &ADD_STANDARD_JOB];
    let keeping = [&ADD_DELAYED_JOB_IF_STARTED, &ADD_PRIORITIZED_JOB_IF_STARTED, &ADD_STANDARD_JOB_IF_STARTED];
    for script in plain.into_iter().chain(keeping) {
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

/// Splits the calls into parts that are limited in number and size.
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

/// The id in a script's answer, or the error that its code means.
fn id(reply: &Reply) -> Result<JobId, Error> {
    match reply {
        Reply::Int(code) if *code < 0 => Err(Error::from_script_code(*code)),
        reply => Ok(String::from_redis_value_ref(reply).map_err(redis::RedisError::from)?.into()),
    }
}

impl Insert {
    fn of(keys: &QueueKeys, spec: &JobSpec) -> Result<Self, Error> {
        let options = &spec.options;
        let data = spec.data.to_string();
        if let Some(limit) = options.size_limit.filter(|limit| data.len() > *limit) {
            let size = data.len();
            return Err(Error::InvalidConfig(format!("the data has {size} bytes, and the job's sizeLimit is {limit}")));
        }
        let (plain, keeping, keys_of_script) = if options.delay.is_some_and(|delay| milliseconds(delay) > 0) {
            let of_script = [keys.marker(), keys.meta(), keys.id(), keys.delayed(), keys.completed(), keys.events()];
            (&ADD_DELAYED_JOB, &ADD_DELAYED_JOB_IF_STARTED, of_script.to_vec())
        } else if options.priority.is_some_and(|priority| priority > 0) {
            let mut of_script = vec![keys.marker(), keys.meta(), keys.id(), keys.prioritized(), keys.delayed()];
            of_script.extend([keys.completed(), keys.active(), keys.events(), keys.pc()]);
            (&ADD_PRIORITIZED_JOB, &ADD_PRIORITIZED_JOB_IF_STARTED, of_script)
        } else {
            let mut of_script = vec![keys.wait(), keys.paused(), keys.meta(), keys.id(), keys.completed()];
            of_script.extend([keys.delayed(), keys.active(), keys.events(), keys.marker()]);
            (&ADD_STANDARD_JOB, &ADD_STANDARD_JOB_IF_STARTED, of_script)
        };
        let script = if spec.keep_last_if_started { keeping } else { plain };
        let parent = parent(keys, spec);
        let deduplication =
            options.deduplication.as_ref().map(|deduplication| keys.get(&format!("de:{}", deduplication.id)));
        let args = pack(&(
            keys.key_prefix(),
            options.id.as_ref().map_or("", JobId::as_str),
            &spec.name,
            options.timestamp.unwrap_or_else(now),
            parent.as_ref().map(|parent| &parent.key),
            parent.as_ref().map(|parent| format!("{}:dependencies", parent.key)),
            parent.as_ref().map(|parent| &parent.fields),
            None::<()>,
            deduplication,
        ))?;
        Ok(Self { script, keys: keys_of_script, args, data, options: pack(&all_options(spec, parent.as_ref()))? })
    }
}

struct Parent {
    key: String,
    /// What the job's own options have of its parent.
    option: Value,
    fields: Map<String, Value>,
}

fn parent(keys: &QueueKeys, spec: &JobSpec) -> Option<Parent> {
    let parent = spec.options.parent.as_ref()?;
    let queue_key = format!("{}:{}", keys.prefix(), parent.queue);
    let key = format!("{queue_key}:{}", parent.id);
    let option = json!({ "id": parent.id, "queue": queue_key });
    let mut fields = Map::from_iter([("id".to_owned(), json!(parent.id)), ("queueKey".to_owned(), json!(queue_key))]);
    fields.extend(on_failure(&spec.options));
    Some(Parent { key, option, fields })
}

/// All options of the job, with its trace context and the options of an earlier job.
fn all_options(spec: &JobSpec, parent: Option<&Parent>) -> Map<String, Value> {
    let mut all = stored(&spec.options);
    all.extend(parent.map(|parent| ("parent".to_owned(), parent.option.clone())));
    if spec.earlier.is_empty() {
        // Node's client stores this default, too.
        all.entry("attempts").or_insert_with(|| 0.into());
    }
    all.extend(trace(spec));
    all.extend(spec.earlier.clone());
    all
}

/// The job's trace context, in the option where BullMQ's telemetry stores it.
pub(super) fn trace(spec: &JobSpec) -> Option<(String, Value)> {
    spec.trace.as_ref().map(|carrier| ("tm".to_owned(), json!(json!(carrier).to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use toril_job::settings::JobDefaults;
    use toril_job::{JobOptions, QueueName};

    fn spec(options: JobOptions) -> JobSpec {
        JobSpec { options, ..JobSpec::new(QueueName::new("q").unwrap(), "n", json!({}), &JobDefaults::default()) }
    }

    #[test]
    fn options_of_an_earlier_job_are_stored_as_they_were() {
        let earlier = json!({ "attempts": 5, "unknown": [1] });
        let Value::Object(earlier) = earlier.clone() else { panic!("an object: {earlier}") };
        let stored =
            all_options(&JobSpec { earlier, ..spec(JobOptions { attempts: Some(3), ..JobOptions::default() }) }, None);
        assert_eq!(Value::Object(stored), json!({ "attempts": 5, "unknown": [1] }));
    }

    #[test]
    fn the_scripts_that_keep_the_last_job_ask_for_started_jobs() {
        let keeping = [&ADD_DELAYED_JOB_IF_STARTED, &ADD_PRIORITIZED_JOB_IF_STARTED, &ADD_STANDARD_JOB_IF_STARTED];
        for script in keeping {
            assert!(script.0.contains("if pos or is_started(") && !script.0.contains(IS_ACTIVE), "{}", script.0);
        }
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
