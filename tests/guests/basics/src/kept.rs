//! Behaviours about data that outlives the attempt.

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

/// Adds 1 to a counter, and returns the sum.
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

/// Sets a key, and nothing else.
pub fn set(job: Job<Pair>) -> Result<Json, Failure> {
    kv::open()?.set_json(&job.data.key, &job.data.value)?;
    Ok(Json::from(json!({})))
}

#[derive(Deserialize)]
pub struct Batch {
    #[serde(default)]
    set: Vec<(String, String)>,
    #[serde(default)]
    delete: Vec<String>,
    #[serde(default)]
    get: Vec<String>,
}

/// Sets many keys, deletes many, and reads many.
pub fn batch(job: Job<Batch>) -> Result<Json, Failure> {
    let store = kv::open()?;
    let pairs: Vec<_> = job.data.set.into_iter().map(|(key, value)| (key, value.into_bytes())).collect();
    store.set_many(&pairs)?;
    store.delete_many(&job.data.delete)?;
    let text = |value: Option<Vec<u8>>| value.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let read: Vec<_> = store.get_many(&job.data.get)?.into_iter().map(text).collect();
    Ok(Json::from(json!({ "read": read })))
}

#[derive(Deserialize)]
pub struct Fill {
    keys: usize,
    bytes: usize,
}

/// Sets this many keys to values of this size with one call each, and reads all of them with one call.
pub fn fill(job: Job<Fill>) -> Result<Json, Failure> {
    let store = kv::open()?;
    let keys: Vec<String> = (0..job.data.keys).map(|n| format!("fill-{n}")).collect();
    for key in &keys {
        store.set(key, vec![b'x'; job.data.bytes])?;
    }
    Ok(Json::from(json!({ "read": store.get_many(&keys)?.len() })))
}

/// Sets two keys in one call, one of them to a value that is too large.
pub fn too_large() -> Result<Json, Failure> {
    let value = |bytes| vec![b'x'; bytes];
    kv::open()?.set_many(&[("small".to_owned(), value(1)), ("large".to_owned(), value(1024 * 1024 + 1))])?;
    Ok(Json::from(json!({})))
}

/// Saves new data and fails on the first attempt, and returns its data on the second.
pub fn checkpoint(job: Job<Json>) -> Result<Json, Failure> {
    if job.attempt == 1 {
        checkpoint::save(&json!({ "step": 2, "from": job.attempt }))?;
        return Err(Failure::retry("the first attempt only saves its data"));
    }
    let data: Value = job.data.parse()?;
    Ok(Json::from(json!({ "data": data })))
}

/// Defers itself for this time on its first run, which it recognizes by its data.
pub fn defer_once(job: Job<Json>, time: Duration) -> Result<Json, Failure> {
    end_once(job, Failure::Defer(time))
}

/// Goes back to its queue on its first run.
pub fn give_back_once(job: Job<Json>) -> Result<Json, Failure> {
    end_once(job, Failure::Requeue)
}

/// Ends its first run in this way.
fn end_once(job: Job<Json>, end: Failure) -> Result<Json, Failure> {
    let data: Value = job.data.parse()?;
    if data.get("deferred").is_none() {
        checkpoint::save(&json!({ "deferred": true }))?;
        return Err(end);
    }
    Ok(Json::from(json!({ "attempts": job.attempt })))
}
