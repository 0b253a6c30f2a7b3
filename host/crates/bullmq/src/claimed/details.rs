//! The fields of a claimed job that only a plugin can ask for, and the form in which plugins get them: that of Node's
//! sandboxed processors.

use serde_json::{Map, Value, json};

use super::Claimed;
use crate::js;
use toril_job::JobDetails;

/// The names that BullMQ stores for some options, and their names in `JobsOptions`.
const LONG_NAMES: [(&str, &str); 6] = [
    ("de", "deduplication"),
    ("fpof", "failParentOnFailure"),
    ("cpof", "continueParentOnFailure"),
    ("idof", "ignoreDependencyOnFailure"),
    ("rdof", "removeDependencyOnFailure"),
    ("kl", "keepLogs"),
];

/// The fields as they are stored.
#[derive(Debug, Default)]
pub struct Details {
    pub options: Option<String>,
    pub stalls: u32,
    pub progress: Option<String>,
    pub priority: u32,
    pub delay: u64,
    pub deduplication_id: Option<String>,
    pub parent: Option<String>,
    pub failed_reason: Option<String>,
}

impl Claimed {
    /// The fields of the job that only some plugins ask for. `prefix`: BullMQ's key prefix.
    pub fn details(&self, prefix: &str) -> JobDetails {
        let details = &self.details;
        JobDetails {
            options: options(details.options.as_deref().unwrap_or_default()).to_string(),
            starts: self.attempts_started,
            stalls: details.stalls,
            progress: details.progress.as_deref().and_then(json_text),
            priority: details.priority,
            delay: details.delay,
            started_at: self.processed_on,
            deduplication_id: details.deduplication_id.clone(),
            scheduler: self.scheduler.clone(),
            parent: details.parent.as_deref().and_then(json_text),
            parent_key: self.parent_key.clone(),
            failed_reason: details.failed_reason.clone(),
            stack_traces: self.traces.as_deref().and_then(json_text).unwrap_or_else(|| "[]".to_owned()),
            prefix: prefix.to_owned(),
        }
    }
}

/// A field that should contain JSON. BullMQ's client for Node ignores other text, too.
fn json_text(text: &str) -> Option<String> {
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok().map(|_| text.to_owned())
}

/// The options with the names of `JobsOptions`, as BullMQ's client for Node completes them.
fn options(stored: &str) -> Value {
    let stored: Map<String, Value> = serde_json::from_str(stored).unwrap_or_default();
    let mut options = Map::from_iter([("attempts".to_owned(), json!(0))]);
    let mut telemetry = Map::new();
    for (name, value) in stored {
        let long = LONG_NAMES.iter().find(|(short, _)| *short == name);
        match (name.as_str(), long) {
            (_, Some((_, long))) => options.insert((*long).to_owned(), value),
            ("tm", _) => telemetry.insert("metadata".to_owned(), value),
            ("omc", _) => telemetry.insert("omitContext".to_owned(), value),
            ("repeatJobKey", _) => None,
            ("backoff", _) if value.is_number() => options.insert(name, json!({ "type": "fixed", "delay": value })),
            ("backoff", _) if !js::truthy(Some(&value)) => None,
            _ => options.insert(name, value),
        };
    }
    if !telemetry.is_empty() {
        options.insert("telemetry".to_owned(), telemetry.into());
    }
    options.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_have_their_long_names() {
        let stored = r#"{"kl":3,"fpof":true,"de":{"id":"a"},"tm":"trace","omc":true,"delay":5,"own":[1]}"#;
        let expected = json!({
            "attempts": 0, "keepLogs": 3, "failParentOnFailure": true, "deduplication": { "id": "a" },
            "telemetry": { "metadata": "trace", "omitContext": true }, "delay": 5, "own": [1]
        });
        assert_eq!(options(stored), expected);
    }

    #[test]
    fn options_are_completed_as_in_node() {
        assert_eq!(options(""), json!({ "attempts": 0 }));
        assert_eq!(
            options(r#"{"attempts":3,"backoff":70}"#),
            json!({ "attempts": 3, "backoff": { "type": "fixed", "delay": 70 } })
        );
        assert_eq!(options(r#"{"backoff":null,"repeatJobKey":"a"}"#), json!({ "attempts": 0 }));
    }

    #[test]
    fn stored_fields_are_read_once_they_are_asked_for() {
        let mut job = Claimed::sample();
        let fields = [("stc", "2"), ("progress", "{\"a\":1}"), ("priority", "7"), ("delay", "60"), ("deid", "d")];
        for (name, value) in fields.into_iter().chain([("failedReason", "no"), ("parent", "{\"id\":\"1\"}")]) {
            job.set(name, value.into());
        }
        let details = job.details("bull");
        assert_eq!((details.stalls, details.priority, details.delay, details.starts), (2, 7, 60, 1));
        assert_eq!(details.progress.as_deref(), Some("{\"a\":1}"));
        assert_eq!((details.deduplication_id.as_deref(), details.failed_reason.as_deref()), (Some("d"), Some("no")));
        assert_eq!((details.parent.as_deref(), details.stack_traces.as_str()), (Some("{\"id\":\"1\"}"), "[]"));
    }

    #[test]
    fn fields_that_are_not_json_are_left_out() {
        let mut job = Claimed::sample();
        job.set("progress", "half".into());
        job.set("stacktrace", "half".into());
        let details = job.details("bull");
        assert_eq!((details.progress, details.stack_traces.as_str()), (None, "[]"));
    }
}
