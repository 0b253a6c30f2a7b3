//! Jobs: the one that an attempt runs, and references to others.

use std::sync::Arc;

use serde_json::Value;

use crate::ids::{JobId, QueueName};

/// A job as a plugin sees it.
#[derive(Clone, Debug)]
pub struct Job {
    /// BullMQ's job id, unique in its queue.
    pub id: JobId,
    /// The queue's name, without key prefix.
    pub queue: QueueName,
    /// The job's name.
    pub name: String,
    /// The payload, exactly as the producer wrote it.
    pub data: Json,
    /// The number of this attempt, starting at 1. Deferred runs and others that use up no attempt are not counted.
    pub attempt: u32,
    /// The total number of attempts that the job has, at least 1.
    pub max_attempts: u32,
    /// When the job was added, in milliseconds since the Unix epoch.
    pub added_at: u64,
    /// The parent job in a flow.
    pub parent: Option<JobRef>,
}

/// JSON text, kept exactly as it was written. Code that only passes it on changes nothing, not even numbers with many
/// digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json(Arc<str>);

impl Json {
    /// Checks that `text` is valid JSON. The error contains the position of the first mistake.
    pub fn parse(text: impl Into<Arc<str>>) -> Result<Self, serde_json::Error> {
        let text = text.into();
        serde_json::from_str::<serde::de::IgnoredAny>(&text)?;
        Ok(Self(text))
    }

    /// The JSON text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Parses the text. Fails if the value is nested too deeply. Numbers may lose digits that a double cannot hold.
    pub fn value(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_str(&self.0)
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self(value.to_string().into())
    }
}

/// Identifies one job of one queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRef {
    /// The queue's name, without key prefix.
    pub queue: QueueName,
    /// The job's id.
    pub id: JobId,
}

/// The number of a job's children in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dependencies {
    /// Children that completed.
    pub processed: u64,
    /// Children that have not finished yet.
    pub unprocessed: u64,
    /// Children that failed, and whose failure the parent ignores.
    pub ignored: u64,
    /// Children that failed.
    pub failed: u64,
}

/// The fields of a job that only some plugins ask for, as they were when the run began.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobDetails {
    /// The options, as JSON, with the names of BullMQ's `JobsOptions`.
    pub options: String,
    /// How often the job was started, including this run.
    pub starts: u32,
    /// How often the job has stalled.
    pub stalls: u32,
    /// The last progress, as JSON.
    pub progress: Option<String>,
    /// The priority. 0: none.
    pub priority: u32,
    /// The last delay, in milliseconds.
    pub delay: u64,
    /// When this run began, in milliseconds since the Unix epoch.
    pub started_at: u64,
    /// The deduplication id.
    pub deduplication_id: Option<String>,
    /// The job scheduler that created the job.
    pub scheduler: Option<String>,
    /// BullMQ's field `parent`, as JSON.
    pub parent: Option<String>,
    /// The key of the parent.
    pub parent_key: Option<String>,
    /// The reason of the last failure.
    pub failed_reason: Option<String>,
    /// The stack traces of the failures, as a JSON array of strings.
    pub stack_traces: String,
    /// BullMQ's key prefix.
    pub prefix: String,
}

/// The state of a child, as its parent sees it. The fields of [`Dependencies`] count the children in each state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildState {
    /// Completed.
    Processed,
    /// Not finished yet.
    Unprocessed,
    /// Failed, and the parent ignores it.
    Ignored,
    /// Failed.
    Failed,
}

/// Some of the children of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChildPage {
    /// Each child, with its result as JSON or the reason of its failure.
    pub children: Vec<(JobRef, Option<String>)>,
    /// The cursor of the next page. 0: there is none.
    pub next: u64,
}
