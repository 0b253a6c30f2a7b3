//! A job: the one that runs, and one that it adds.

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
    /// The payload, as it was written.
    pub data: Json,
    /// Which run this is, from 1. Runs that used up no attempt are not counted.
    pub attempt: u32,
    /// How many attempts the job has in all, at least 1.
    pub max_attempts: u32,
    /// When the job was added, in milliseconds since the Unix epoch.
    pub added_at: u64,
    /// The parent in a flow.
    pub parent: Option<JobRef>,
}

/// JSON text as it was written: whoever only passes it on changes nothing, a number of many digits included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json(Arc<str>);

impl Json {
    /// Takes text that is JSON; the error tells the place where it is none.
    pub fn parse(text: impl Into<Arc<str>>) -> Result<Self, serde_json::Error> {
        let text = text.into();
        serde_json::from_str::<serde::de::IgnoredAny>(&text)?;
        Ok(Self(text))
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The value. Fails for what is nested too deeply; digits beyond a double's may be lost.
    pub fn value(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_str(&self.0)
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self(value.to_string().into())
    }
}

/// Names one job of one queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRef {
    /// The queue's name, without key prefix.
    pub queue: String,
    /// The job's id.
    pub id: String,
}

/// The children of a job, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dependencies {
    /// Completed.
    pub processed: u64,
    /// Not ended yet.
    pub unprocessed: u64,
    /// Failed, and ignored.
    pub ignored: u64,
    /// Failed.
    pub failed: u64,
}

/// A job that a plugin adds. What is none comes from the queue's settings.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// The queue.
    pub queue: String,
    /// The job's name.
    pub name: String,
    /// The payload.
    pub data: Value,
    /// An id of the plugin's own.
    pub id: Option<String>,
    /// Not before this has passed.
    pub delay: Option<Duration>,
    /// 1 goes first.
    pub priority: Option<u32>,
    /// How often it is tried in all.
    pub attempts: Option<u32>,
    /// How the attempts are spaced.
    pub backoff: Option<Backoff>,
    /// Added only if no other of the same kind is there.
    pub deduplication: Option<Deduplication>,
    /// The context of the attempt that adds it.
    pub trace: Option<Carrier>,
}

/// When a job counts as being there already.
#[derive(Clone, Debug)]
pub struct Deduplication {
    /// What makes jobs the same.
    pub id: String,
    /// For how long others are held back.
    pub ttl: Option<Duration>,
    /// Each further try starts that time anew.
    pub extend: bool,
    /// A delayed job of that id is replaced.
    pub replace: bool,
    /// While one of that id runs, this one is kept and added at its end.
    pub keep_last_if_active: bool,
}

/// What a child's final failure means for its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The parent fails, too.
    FailParent,
    /// The parent goes on at once.
    ContinueParent,
    /// The child counts as ended.
    Ignore,
    /// The child counts as if it had never been.
    Remove,
    /// The parent waits until the child completes after all.
    Wait,
}
