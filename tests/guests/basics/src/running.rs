//! Behaviours about the running job itself.

use serde::Deserialize;
use serde_json::{Value, json};
use toril_plugin::children::{self, ChildState, ChildrenError};
use toril_plugin::{Failure, Job, Json, context, progress};

/// The job's details.
pub fn details() -> Result<Json, Failure> {
    let Some(details) = context::details() else { return Err(Failure::fatal("no details")) };
    Ok(Json::from(json!({
        "options": details.options.parse::<Value>()?,
        "starts": details.starts,
        "stalls": details.stalls,
        "progress": details.progress.map(|progress| progress.parse::<Value>()).transpose()?,
        "priority": details.priority,
        "delay": details.delay.as_millis(),
        "deduplicationId": details.deduplication_id,
        "scheduler": details.scheduler,
        "failedReason": details.failed_reason,
    })))
}

/// Goes back to its queue in its first run, and returns its details in the second.
pub fn requeue_once() -> Result<Json, Failure> {
    if context::details().is_some_and(|details| details.starts > 1) {
        return details();
    }
    progress::set("requeued")?;
    Err(Failure::Requeue)
}

#[derive(Deserialize)]
pub struct PageSize {
    count: u32,
}

/// The ids of the children in each state, sorted, and the results of the completed ones.
pub fn list_children(job: Job<PageSize>) -> Result<Json, Failure> {
    let listed = |state| all(state, job.data.count);
    Ok(Json::from(json!({
        "processed": listed(ChildState::Processed)?,
        "unprocessed": listed(ChildState::Unprocessed)?,
        "ignored": listed(ChildState::Ignored)?,
        "failed": listed(ChildState::Failed)?,
    })))
}

fn all(state: ChildState, count: u32) -> Result<Vec<(String, Option<String>)>, ChildrenError> {
    let (mut found, mut cursor) = (Vec::new(), Some(0));
    while let Some(from) = cursor {
        let page = children::list(state, from, count)?;
        found.extend(page.children.into_iter().map(|(child, value)| (child.id, value)));
        cursor = page.next;
    }
    found.sort();
    found.dedup();
    Ok(found)
}
