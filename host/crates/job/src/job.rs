//! Jobs: the one that an attempt runs, and new ones that a plugin adds.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::settings::Backoff;
use crate::trace::Carrier;

/// A job as a plugin sees it.
#[derive(Clone, Debug)]
pub struct Job {
    /// BullMQ's job id, unique in its queue.
    pub id: String,
    /// The queue's name, without key prefix.
    pub queue: String,
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
    pub queue: String,
    /// The job's id.
    pub id: String,
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

/// A job that a plugin adds. Unset fields default to the queue's settings.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// The queue.
    pub queue: String,
    /// The job's name.
    pub name: String,
    /// The payload.
    pub data: Value,
    /// A custom job id, chosen by the plugin.
    pub id: Option<String>,
    /// The time that the job waits before it can run.
    pub delay: Option<Duration>,
    /// The priority; 1 is the highest.
    pub priority: Option<u32>,
    /// The total number of attempts.
    pub attempts: Option<u32>,
    /// The delay between attempts.
    pub backoff: Option<Backoff>,
    /// Deduplication: BullMQ ignores the job while an equal one exists.
    pub deduplication: Option<Deduplication>,
    /// The trace context of the attempt that adds the job.
    pub trace: Option<Carrier>,
}

/// When BullMQ treats a new job as a duplicate.
#[derive(Clone, Debug)]
pub struct Deduplication {
    /// The deduplication id: jobs with the same id are duplicates.
    pub id: String,
    /// How long BullMQ ignores duplicates.
    pub ttl: Option<Duration>,
    /// Whether each duplicate restarts `ttl`.
    pub extend: bool,
    /// Whether a new job replaces a delayed job with the same id.
    pub replace: bool,
    /// Whether BullMQ keeps the last duplicate while a job with the same id runs, and adds it when that job finishes.
    pub keep_last_if_active: bool,
}

/// What a child's final failure does to its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The parent fails as well.
    FailParent,
    /// The parent continues at once.
    ContinueParent,
    /// The parent ignores the failure and treats the child as finished.
    Ignore,
    /// The child is removed from the parent's dependencies, as if it had never been added.
    Remove,
    /// The parent waits until the child is retried and completes.
    Wait,
}
