//! Adds or changes a job scheduler with BullMQ's own script.
//!
//! The BullMQ crate has this function too. But its parser for cron patterns differs from the one in BullMQ for Node,
//! and it omits some of the jobs' options.

use std::sync::LazyLock;

use bullmq::job_scheduler::RepeatOptions;
use bullmq::{Error, Queue};
use redis::Script;
use serde_json::{Map, Value, json};

use super::clock::now;
use super::scripts::{pack, rerouted};
use super::stored_options::stored;
use toril_cron::Occurrences;
use toril_job::JobOptions;

static ADD_JOB_SCHEDULER: LazyLock<Script> =
    LazyLock::new(|| Script::new(&rerouted(include_str!(concat!(env!("BULLMQ_COMMANDS"), "/addJobScheduler-11.lua")))));

/// A job scheduler to add.
#[derive(Clone, Debug)]
pub struct NewScheduler {
    /// Its id.
    pub id: String,
    /// When its jobs run.
    pub repeat: RepeatOptions,
    /// The name of its jobs.
    pub name: String,
    /// Their payload.
    pub data: Value,
    /// Their options.
    pub options: JobOptions,
}

/// Adds a job scheduler, or changes the existing one with this id, and adds its next job. Returns false, and changes
/// nothing, if it would never add a job.
pub async fn upsert(queue: &Queue, scheduler: &NewScheduler) -> Result<bool, Error> {
    let now = now();
    let repeat = &scheduler.repeat;
    let next = match &repeat.pattern {
        None => 0,
        Some(pattern) => match next(pattern, repeat, now)? {
            Some(next) => next,
            None => return Ok(false),
        },
    };
    let keys = queue.keys();
    let mut call = ADD_JOB_SCHEDULER.prepare_invoke();
    for key in [keys.repeat(), keys.delayed(), keys.wait(), keys.paused(), keys.meta(), keys.prioritized()] {
        call.key(key);
    }
    call.key(keys.marker()).key(keys.id()).key(keys.events()).key(keys.pc()).key(keys.active());
    let template = stored(&scheduler.options);
    let first = first_job(scheduler, template.clone(), next, now)?;
    call.arg(next).arg(pack(&attributes(scheduler)?)?).arg(&scheduler.id).arg(scheduler.data.to_string());
    call.arg(pack(&template)?).arg(pack(&first)?).arg(now).arg(keys.key_prefix()).arg("");
    let made: redis::Value = call.invoke_async(&mut queue.connection().connection()).await?;
    match made {
        redis::Value::Int(code) if code < 0 => Err(Error::from_script_code(code)),
        _ => Ok(true),
    }
}

fn next(pattern: &str, repeat: &RepeatOptions, now: u64) -> Result<Option<u64>, Error> {
    let time = |at: u64| i64::try_from(at).unwrap_or(i64::MAX);
    let occurrences = Occurrences {
        pattern,
        zone: repeat.tz.as_deref(),
        seed: None,
        start: repeat.start_date.map(time),
        end: repeat.end_date.map(time),
    };
    let next = occurrences.next(time(now)).map_err(|error| Error::InvalidConfig(error.to_string()))?;
    Ok(next.and_then(|next| u64::try_from(next).ok()))
}

/// The fields of the scheduler's hash.
fn attributes(scheduler: &NewScheduler) -> Result<Map<String, Value>, Error> {
    let mut attributes = object(&scheduler.repeat)?;
    attributes.shift_remove("immediately");
    attributes.shift_remove("count");
    attributes.insert("name".to_owned(), json!(scheduler.name));
    Ok(attributes)
}

/// The options of the first job. The script adds its id and its delay.
fn first_job(
    scheduler: &NewScheduler,
    mut options: Map<String, Value>,
    next: u64,
    now: u64,
) -> Result<Map<String, Value>, Error> {
    let mut repeat = object(&scheduler.repeat)?;
    repeat.shift_remove("immediately");
    repeat.insert("count".to_owned(), json!(1));
    options.insert("timestamp".to_owned(), json!(now));
    options.insert("repeatJobKey".to_owned(), json!(scheduler.id));
    options.insert("repeat".to_owned(), Value::Object(repeat));
    if next > 0 {
        options.insert("prevMillis".to_owned(), json!(next));
    }
    Ok(options)
}

fn object(repeat: &RepeatOptions) -> Result<Map<String, Value>, Error> {
    match serde_json::to_value(repeat)? {
        Value::Object(object) => Ok(object),
        _ => Ok(Map::new()),
    }
}
