//! Behaviours about the host's functions.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use toril_plugin::http::Request;
use toril_plugin::{Failure, Job, Json, clock, context, log, progress};

use crate::ends::Millis;

/// Interval of the check in `sleep-until-cancelled` and `ignore-cancel`.
const NAP: Duration = Duration::from_millis(20);

#[derive(Deserialize)]
pub struct Fetch {
    url: String,
}

#[derive(Deserialize)]
pub struct Key {
    key: String,
}

/// Publishes progress twice, and writes three lines.
pub fn progress() -> Result<Json, Failure> {
    progress::set(50)?;
    log::info("half of it is done");
    log::warn("the other half is slow");
    log::error("nothing has gone wrong");
    progress::set(json!({ "step": "two" }))?;
    Ok(Json::from(json!({ "lines": 3 })))
}

/// Sleeps in the host.
pub fn sleep(job: Job<Millis>) -> Result<Json, Failure> {
    clock::sleep(Duration::from_millis(job.data.ms));
    Ok(Json::from(json!({ "slept": job.data.ms })))
}

/// Ends when it is cancelled and returns the reason, or just before the deadline and returns null.
pub fn sleep_until_cancelled() -> Result<Json, Failure> {
    loop {
        let reason = context::cancelled().map(|why| why.to_string());
        if reason.is_some() || context::remaining() <= NAP * 2 {
            return Ok(Json::from(json!({ "cancelled": reason })));
        }
        clock::sleep(NAP);
    }
}

/// Runs until it is interrupted, and ignores cancellation.
pub fn ignore_cancel() -> Result<Json, Failure> {
    loop {
        let _ = context::remaining();
        clock::sleep(NAP);
    }
}

/// Milliseconds until the deadline.
pub fn remaining() -> Result<Json, Failure> {
    let remaining = u64::try_from(context::remaining().as_millis()).unwrap_or(u64::MAX);
    Ok(Json::from(json!({ "remaining": remaining })))
}

/// Requests a URL.
pub fn fetch(job: Job<Fetch>) -> Result<Json, Failure> {
    let response = Request::get(&job.data.url).send()?;
    Ok(Json::from(json!({ "status": response.status(), "body": response.text() })))
}

#[derive(Deserialize)]
pub struct FetchMany {
    url: String,
    count: usize,
}

/// Requests a URL this many times, one after the other, and returns how many requests it sent.
pub fn fetch_many(job: Job<FetchMany>) -> Result<Json, Failure> {
    for _ in 0..job.data.count {
        Request::get(&job.data.url).send()?;
    }
    Ok(Json::from(json!({ "sent": job.data.count })))
}

#[derive(Deserialize)]
pub struct Send {
    /// A setting. Its value replaces `{}` in everything below.
    key: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// Sends a setting in headers, in the URL and in the body, and returns the response.
pub fn send(job: Job<Send>) -> Result<Json, Failure> {
    let Send { key, url, headers, body } = job.data;
    let setting = toril_plugin::config::get(&key)?.unwrap_or_default();
    let with = |text: &str| text.replace("{}", &setting);
    let mut request = Request::post(with(&url)).body(with(&body));
    for (name, value) in &headers {
        request = request.header(name, with(value));
    }
    let response = request.send()?;
    let echo = response.header("x-echo").map(str::to_owned);
    Ok(Json::from(json!({ "status": response.status(), "echo": echo, "setting": setting })))
}

/// Writes a line to its log every 10 milliseconds, for `ms` milliseconds.
pub fn log_slowly(job: Job<Millis>) -> Result<Json, Failure> {
    for n in 0..job.data.ms / 10 {
        log::info(format!("line {n}"));
        clock::sleep(Duration::from_millis(10));
    }
    Ok(Json::from(json!({})))
}

/// Tells a ledger that this attempt runs, and ends as the ledger says.
pub fn ledger(job: Job<Fetch>) -> Result<Json, Failure> {
    let url = format!("{}/?by=toril&job={}&attempt={}", job.data.url, job.id, job.attempt);
    match Request::get(&url).send()?.status() {
        200 => Ok(Json::from(json!({ "by": "toril" }))),
        410 => Err(Failure::fatal("the ledger says that this job cannot be done")),
        status => Err(Failure::retry(format!("the ledger said {status}"))),
    }
}

/// Reads a setting.
pub fn config(job: Job<Key>) -> Result<Json, Failure> {
    let value = toril_plugin::config::get(&job.data.key)?;
    Ok(Json::from(json!({ "value": value })))
}
