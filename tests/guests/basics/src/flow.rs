//! Behaviours about children.

use serde::{Deserialize, Serialize};
use serde_json::json;
use toril_plugin::jobs::{Add, OnFailure};
use toril_plugin::{Failure, Job, Json, children};

#[derive(Deserialize)]
pub struct Flow {
    queue: String,
    count: u64,
}

#[derive(Deserialize)]
pub struct FailingFlow {
    queue: String,
}

/// The data of an `echo` child, which is also its result.
#[derive(Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    n: u64,
}

/// Waits for `count` children that return `{n}`, from 0. Returns their results in the order of `n`.
pub fn run(job: Job<Flow>) -> Result<Json, Failure> {
    let Flow { queue, count } = &job.data;
    let counts = children::counts()?;
    if counts.processed.saturating_add(counts.ignored) >= *count {
        let mut values: Vec<Part> = children::values()?.into_iter().map(|child| child.value).collect();
        values.sort();
        return Ok(Json::from(json!({ "values": values, "ignored": counts.ignored })));
    }
    // Not only on the first run, which may have been interrupted. An existing child is not added again.
    if counts.total() < *count {
        for n in 0..*count {
            Add::new(queue, "echo", &Part { n }).id(child_id(&job.id, n)).send_child(OnFailure::FailParent)?;
        }
    }
    Err(Failure::AwaitChildren)
}

/// Has one child that fails for good, and returns the reason.
pub fn failing(job: Job<FailingFlow>) -> Result<Json, Failure> {
    let failures = children::ignored_failures()?;
    if !failures.is_empty() {
        let reasons: Vec<String> = failures.into_iter().map(|child| child.reason).collect();
        return Ok(Json::from(json!({ "ignored": reasons })));
    }
    if children::counts()?.total() == 0 {
        Add::new(&job.data.queue, "fatal", &json!({})).id(child_id(&job.id, 0)).send_child(OnFailure::Ignore)?;
    }
    Err(Failure::AwaitChildren)
}

/// How many children have returned a result, and how many failures were ignored.
pub fn children() -> Result<Json, Failure> {
    let values = children::values_json()?;
    Ok(Json::from(json!({ "values": values.len(), "ignored": children::ignored_failures()?.len() })))
}

/// The number of children.
pub fn dependencies() -> Result<Json, Failure> {
    let counts = children::counts()?;
    Ok(Json::from(json!({
        "processed": counts.processed,
        "unprocessed": counts.unprocessed,
        "ignored": counts.ignored,
        "failed": counts.failed,
    })))
}

/// The same id on every run. An id must not contain a colon, but the id of a scheduled job does.
fn child_id(parent: &str, n: u64) -> String {
    format!("{}-child-{n}", parent.replace(':', "-"))
}
