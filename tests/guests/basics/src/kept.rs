//! Behaviours that are about what outlives the attempt.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use toril_plugin::{Failure, Job, Json, checkpoint, kv};

#[derive(Deserialize)]
pub struct Key {
    key: String,
}

#[derive(Deserialize)]
pub struct Pair {
    key: String,
    value: Value,
}

/// Adds 1 to a counter, and returns where it stands.
pub fn count(job: Job<Key>) -> Result<Json, Failure> {
    let value = kv::open()?.increment(&job.data.key, 1)?;
    Ok(Json::from(json!({ "value": value })))
}

/// Sets a key, reads it back, lists all keys in their order, and deletes it.
pub fn roundtrip(job: Job<Pair>) -> Result<Json, Failure> {
    let Pair { key, value } = job.data;
    let store = kv::open()?;
    store.set_json(&key, &value)?;
    let read: Option<Value> = store.get_json(&key)?;
    let mut listed = store.keys().collect::<Result<Vec<_>, _>>()?;
    listed.sort();
    store.delete(&key)?;
    let exists_after = store.exists(&key)?;
    Ok(Json::from(json!({ "read": read, "listed": listed, "exists_after": exists_after })))
}

/// Saves new data and fails the first time, and returns what its data is the second time.
pub fn checkpoint(job: Job<Json>) -> Result<Json, Failure> {
    if job.attempt == 1 {
        checkpoint::save(&json!({ "step": 2, "from": job.attempt }))?;
        return Err(Failure::retry("the first attempt only saves its data"));
    }
    let data: Value = job.data.parse()?;
    Ok(Json::from(json!({ "data": data })))
}

/// Is deferred for this long on its first run, which it knows by its own data, whatever the time is.
pub fn defer_once(job: Job<Json>, time: Duration) -> Result<Json, Failure> {
    let data: Value = job.data.parse()?;
    if data.get("deferred").is_none() {
        checkpoint::save(&json!({ "deferred": true }))?;
        return Err(Failure::Defer(time));
    }
    Ok(Json::from(json!({ "attempts": job.attempt })))
}
