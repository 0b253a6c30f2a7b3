//! The fuzz targets of administration.

use serde_json::Value;

use super::new_job::NewJob;
use super::redact::Redaction;
use super::schedulers::SchedulerRequest;
use crate::stored_options::stored;
use toril_job::QueueName;
use toril_job::settings::JobDefaults;

/// A new job, as the API, `toril add --bulk` and the dashboard accept it.
pub fn new_job(data: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(data) else { return };
    let Ok(queue) = QueueName::new("queue") else { return };
    if let Ok(job) = serde_json::from_value::<NewJob>(document.clone())
        && let Ok(spec) = job.spec(&queue, "bull", &JobDefaults::default())
    {
        let _stored = stored(&spec.options);
    }
    let _scheduler = serde_json::from_value::<SchedulerRequest>(document.clone());
    let shown = Redaction::of(&["secret".to_owned()]).document(&document.to_string());
    assert!(!leaks(&shown), "{shown}");
}

/// Whether a field that must be redacted is visible.
fn leaks(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| (name.to_lowercase().contains("secret") && value != "[redacted]") || leaks(value)),
        Value::Array(items) => items.iter().any(leaks),
        _ => false,
    }
}
