//! Behaviours about the end of an attempt.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use toril_plugin::{Failure, Job, Json, clock};

#[derive(Deserialize)]
pub struct Times {
    times: u32,
}

#[derive(Deserialize)]
pub struct Millis {
    pub ms: u64,
}

#[derive(Deserialize)]
pub struct Bytes {
    bytes: usize,
}

/// Fails on the first `times` attempts.
pub fn fail_times(job: Job<Times>) -> Result<Json, Failure> {
    if job.attempt <= job.data.times {
        return Err(Failure::retry(format!("attempt {} failed", job.attempt)));
    }
    Ok(Json::from(json!({ "attempts": job.attempt })))
}

/// Defers itself until `ms` milliseconds after the job was added.
pub fn defer(job: Job<Millis>) -> Result<Json, Failure> {
    match time_left(&job) {
        Some(left) => Err(Failure::defer(left)),
        None => Ok(Json::from(json!({ "attempts": job.attempt }))),
    }
}

/// Limits the rate of the queue until `ms` milliseconds after the job was added.
pub fn rate_limit(job: Job<Millis>) -> Result<Json, Failure> {
    match time_left(&job) {
        Some(left) => Err(Failure::rate_limited(left)),
        None => Ok(Json::from(json!({ "attempts": job.attempt }))),
    }
}

/// The time until `ms` milliseconds after the job was added, `None` once they have passed.
fn time_left(job: &Job<Millis>) -> Option<Duration> {
    let due = job.added_at.checked_add(Duration::from_millis(job.data.ms))?;
    due.duration_since(clock::now()).ok().filter(|left| !left.is_zero())
}

/// A JSON string of exactly `bytes` bytes, its quotes included.
pub fn huge(job: Job<Bytes>) -> Result<Json, Failure> {
    Ok(Json::from_text(format!("\"{}\"", "x".repeat(job.data.bytes.saturating_sub(2)))))
}
