//! Reads a job from a JSON file.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::Value;

use toril_job::{Job, JobId, JobRef, QueueName};

/// The keys of the document. Only the name is required.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    name: String,
    #[serde(default = "empty")]
    data: Value,
    #[serde(default = "first_id")]
    id: JobId,
    #[serde(default = "test_queue")]
    queue: QueueName,
    #[serde(default = "one")]
    attempt: NonZeroU32,
    #[serde(default = "one")]
    max_attempts: NonZeroU32,
    added_at: Option<u64>,
    parent: Option<Parent>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parent {
    queue: QueueName,
    id: JobId,
}

/// Why a job could not be read.
#[derive(Debug, thiserror::Error)]
pub enum JobFileError {
    /// The file cannot be read.
    #[error("the job {} cannot be read: {source}", shown(.path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The content is not a job.
    #[error("in {} there is no job: {source}. A job is an object with name, and if wanted data, id, queue, attempt, maxAttempts, addedAt, parent", shown(.path))]
    NoJob {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// Reads a job from a file. `-` is standard input.
pub fn read(path: &Path) -> Result<Job, JobFileError> {
    let text = if is_stdin(path) { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) };
    let text = text.map_err(|source| JobFileError::Unreadable { path: path.to_owned(), source })?;
    parse(&text).map_err(|source| JobFileError::NoJob { path: path.to_owned(), source })
}

/// A job with this name and data, on its first and only attempt.
pub fn job(name: String, data: Value) -> Job {
    job_of(Document {
        name,
        data,
        id: first_id(),
        queue: test_queue(),
        attempt: one(),
        max_attempts: one(),
        added_at: None,
        parent: None,
    })
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn shown(path: &Path) -> String {
    if is_stdin(path) { "standard input".to_owned() } else { path.display().to_string() }
}

fn parse(text: &str) -> Result<Job, serde_json::Error> {
    serde_json::from_str(text).map(job_of)
}

fn job_of(document: Document) -> Job {
    let attempt = document.attempt.get();
    Job {
        id: document.id,
        queue: document.queue,
        name: document.name,
        data: document.data.into(),
        attempt,
        // A job on its third attempt has at least three attempts.
        max_attempts: document.max_attempts.get().max(attempt),
        added_at: document.added_at.unwrap_or_else(now),
        parent: document.parent.map(|parent| JobRef { queue: parent.queue, id: parent.id }),
    }
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

fn first_id() -> JobId {
    "1".into()
}

#[allow(clippy::expect_used, reason = "a constant, which is a valid name")]
fn test_queue() -> QueueName {
    QueueName::new("test").expect("a valid name")
}

fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}

/// Milliseconds since the Unix epoch.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_needs_a_name_and_nothing_else() {
        let job = parse(r#"{ "name": "greet" }"#).expect("a job");
        assert_eq!((job.name.as_str(), job.data.text()), ("greet", "{}"));
        assert_eq!((job.attempt, job.max_attempts), (1, 1));
        assert!(job.added_at > 0);
    }

    #[test]
    fn a_third_attempt_is_out_of_three_at_least() {
        let job = parse(r#"{ "name": "greet", "attempt": 3 }"#).expect("a job");
        assert_eq!((job.attempt, job.max_attempts), (3, 3));
    }

    #[test]
    fn a_misspelt_key_is_an_error() {
        let error = parse(r#"{ "name": "greet", "maxattempts": 3 }"#).expect_err("no such key").to_string();
        assert!(error.contains("maxattempts"), "{error}");
    }
}
