//! The job that an attempt runs, with or without a type for its data.

use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The job that this attempt runs. `D` is the type of its data: [`Json`] until [`Job::parse`] gives it another.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Job<D> {
    /// The job's id, unique in its queue and the same on every attempt.
    pub id: String,
    /// The name of the queue that the job is in, without BullMQ's key prefix.
    pub queue: String,
    /// The job's name, as its producer set it.
    pub name: String,
    /// The payload.
    pub data: D,
    /// The number of this attempt, 1 for the first. Attempts that ended in [`Failure::Defer`](crate::Failure::Defer),
    /// [`Failure::Requeue`](crate::Failure::Requeue), [`Failure::RateLimited`](crate::Failure::RateLimited) or
    /// [`Failure::AwaitChildren`](crate::Failure::AwaitChildren) do not count.
    pub attempt: u32,
    /// How many attempts the job has in total, at least 1.
    pub max_attempts: u32,
    /// When the producer added the job.
    pub added_at: SystemTime,
    /// The job that waits for this one, if this one is a child in a flow.
    pub parent: Option<JobRef>,
}

/// Names one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRef {
    /// The queue that the job is in.
    pub queue: String,
    /// The job's id in that queue.
    pub id: String,
}

impl<D> Job<D> {
    /// A first attempt out of one, with only a name and data. For unit tests of handlers.
    pub fn for_test(name: impl Into<String>, data: D) -> Self {
        Self {
            id: "1".into(),
            queue: "test".into(),
            name: name.into(),
            data,
            attempt: 1,
            max_attempts: 1,
            added_at: SystemTime::UNIX_EPOCH,
            parent: None,
        }
    }

    /// Whether this is the last attempt.
    pub fn is_last_attempt(&self) -> bool {
        self.attempt >= self.max_attempts
    }

    /// The same job with other data, and the previous data.
    pub fn replace_data<T>(self, data: T) -> (Job<T>, D) {
        let job = Job {
            id: self.id,
            queue: self.queue,
            name: self.name,
            data,
            attempt: self.attempt,
            max_attempts: self.max_attempts,
            added_at: self.added_at,
            parent: self.parent,
        };
        (job, self.data)
    }
}

/// A JSON document as text. The host checks that a result is valid JSON, and fails the attempt if not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(String);

impl Json {
    /// Uses a text as JSON without checking it.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Writes a value as JSON.
    ///
    /// # Errors
    /// If the value cannot be written as JSON, such as a map whose keys are not strings.
    pub fn from_value(value: &(impl Serialize + ?Sized)) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(Self)
    }

    /// Reads a value from the document.
    ///
    /// # Errors
    /// If the document is not JSON, or does not fit the type. The error's text can quote the document.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }

    /// The document's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The document's text.
    pub fn into_text(self) -> String {
        self.0
    }
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        Self(value.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_attempt_is_recognized() {
        let mut job = Job::for_test("sum", ());
        assert!(job.is_last_attempt());
        job.max_attempts = 2;
        assert!(!job.is_last_attempt());
    }
}
