//! Adds one job with the options in its data. Times are in milliseconds.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use toril_plugin::jobs::{self, Add, AddList, OnFailure};
use toril_plugin::{Failure, Job, Json};

#[derive(Deserialize)]
pub struct NewJob {
    queue: String,
    name: String,
    #[serde(default)]
    data: Value,
    id: Option<String>,
    delay: Option<u64>,
    priority: Option<u32>,
    attempts: Option<u32>,
    backoff: Option<Backoff>,
    deduplication: Option<Deduplication>,
}

#[derive(Deserialize)]
struct Backoff {
    #[serde(rename = "type")]
    kind: Kind,
    delay: u64,
    #[serde(default)]
    jitter: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Fixed,
    Exponential,
}

#[derive(Deserialize)]
struct Deduplication {
    id: String,
    ttl: Option<u64>,
    #[serde(default)]
    extend: bool,
    #[serde(default)]
    replace: bool,
    #[serde(default)]
    keep_last_if_active: bool,
}

/// Adds a job, and returns its id.
pub fn add(job: Job<NewJob>) -> Result<Json, Failure> {
    let new = job.data;
    let mut add = Add::new(new.queue, new.name, &new.data);
    if let Some(id) = new.id {
        add = add.id(id);
    }
    if let Some(delay) = new.delay {
        add = add.delay(Duration::from_millis(delay));
    }
    if let Some(priority) = new.priority {
        add = add.priority(priority);
    }
    if let Some(attempts) = new.attempts {
        add = add.attempts(attempts);
    }
    if let Some(backoff) = new.backoff {
        add = add.backoff(backoff.into());
    }
    if let Some(deduplication) = new.deduplication {
        add = add.deduplication(deduplication.into());
    }
    Ok(Json::from(json!({ "id": add.send()? })))
}

#[derive(Deserialize)]
pub struct Many {
    queue: String,
    count: u64,
}

/// Adds this many jobs with one call each.
pub fn add_many(job: Job<Many>) -> Result<Json, Failure> {
    for n in 0..job.data.count {
        Add::new(&job.data.queue, "echo", &json!({ "n": n })).send()?;
    }
    Ok(Json::from(json!({ "added": job.data.count })))
}

#[derive(Deserialize)]
pub struct Flow {
    queue: String,
    children: u64,
    /// The queue of the last child.
    last: String,
}

/// Adds a job with children, and one without, in one step. Returns their ids.
pub fn add_flow(job: Job<Flow>) -> Result<Json, Failure> {
    let Flow { queue, children, last } = &job.data;
    let mut list = AddList::default();
    let parent = list.add(Add::new(queue, "children", &json!({})));
    for n in 0..*children {
        let queue = if n + 1 == *children { last } else { queue };
        list.add_child(parent, OnFailure::FailParent, Add::new(queue, "echo", &json!({ "n": n })));
    }
    list.add(Add::new(queue, "echo", &json!({ "n": "alone" })));
    Ok(Json::from(json!({ "ids": list.send()? })))
}

impl From<Backoff> for jobs::Backoff {
    fn from(backoff: Backoff) -> Self {
        let delay = Duration::from_millis(backoff.delay);
        let spacing = match backoff.kind {
            Kind::Fixed => Self::fixed(delay),
            Kind::Exponential => Self::exponential(delay),
        };
        spacing.jitter(backoff.jitter)
    }
}

impl From<Deduplication> for jobs::Deduplication {
    fn from(wanted: Deduplication) -> Self {
        let mut deduplication = Self::new(wanted.id);
        if let Some(ttl) = wanted.ttl {
            deduplication = deduplication.ttl(Duration::from_millis(ttl));
        }
        if wanted.extend {
            deduplication = deduplication.extend();
        }
        if wanted.replace {
            deduplication = deduplication.replace();
        }
        if wanted.keep_last_if_active {
            deduplication = deduplication.keep_last_if_active();
        }
        deduplication
    }
}
