//! Adds a job from a JSON document with BullMQ's option names.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::error::AdminError;
use super::handle::Admin;
use super::job_options::NewJobOptions;
use crate::add;
use crate::ids;
use crate::job_spec::JobSpec;
use toril_job::settings::JobDefaults;
use toril_job::{JobId, QueueName};

/// A job to add. Unset options default to the queue's settings in the configuration.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// The job's name.
    #[schema(min_length = 1, max_length = 1024)]
    pub name: String,
    /// Its payload: any JSON. Default: `{}`.
    #[serde(default = "empty")]
    pub data: Value,
    /// Its options, with BullMQ's names.
    #[serde(default)]
    pub opts: NewJobOptions,
}

/// A job that was added.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AddedJob {
    /// Its queue.
    #[schema(value_type = String)]
    pub queue: QueueName,
    /// Its id.
    #[schema(value_type = String)]
    pub id: JobId,
}

impl Admin {
    /// Adds a job. Options that it does not set come from the queue's defaults.
    pub async fn add(&self, queue: &QueueName, job: NewJob) -> Result<AddedJob, AdminError> {
        self.keys(queue).await?;
        let spec = self.spec(queue, job)?;
        self.check_backoff(&spec)?;
        let id = add::add(&self.redis, spec).await.map_err(AdminError::of_added)?;
        Ok(AddedJob { queue: queue.clone(), id })
    }

    /// Adds a job for an event. It guarantees that with `keepLastIfActive` some job starts after the event. For this,
    /// the new job is also kept while the job with the same deduplication id waits for its next attempt.
    pub async fn add_for_event(&self, queue: &QueueName, job: NewJob) -> Result<AddedJob, AdminError> {
        self.keys(queue).await?;
        let spec = JobSpec { keep_last_if_started: true, ..self.spec(queue, job)? };
        self.check_backoff(&spec)?;
        let id = add::add(&self.redis, spec).await.map_err(AdminError::of_added)?;
        Ok(AddedJob { queue: queue.clone(), id })
    }

    /// The job with the queue's defaults, checked.
    pub(super) fn spec(&self, queue: &QueueName, job: NewJob) -> Result<JobSpec, AdminError> {
        job.spec(queue, self.redis.prefix(), &self.defaults(queue))
    }

    /// Checks that the configuration of the queue contains the job's backoff strategy.
    pub(super) fn check_backoff(&self, spec: &JobSpec) -> Result<(), AdminError> {
        let Some(backoff) = &spec.options.backoff else { return Ok(()) };
        (self.config)().check_backoff(&spec.queue, backoff).map_err(AdminError::Invalid)
    }
}

impl NewJob {
    /// The job with these defaults, checked. `prefix`: the prefix of BullMQ's keys.
    pub(super) fn spec(self, queue: &QueueName, prefix: &str, defaults: &JobDefaults) -> Result<JobSpec, AdminError> {
        let parent = self.opts.parent.as_ref().map(|parent| json!({ "id": parent.id, "queue": parent.queue }));
        let options = self.opts.read(prefix).map_err(AdminError::Invalid)?;
        let mut spec = JobSpec::new(queue.clone(), &self.name, self.data, defaults).with_options(options, defaults);
        // BullMQ's clients store the parent as it was given.
        spec.earlier.extend(parent.map(|parent| ("parent".to_owned(), parent)));
        spec.check()?;
        Ok(spec)
    }
}

/// Checks a name or id. These become part of keys and of web pages.
pub(super) fn check_name(what: &str, name: &str) -> Result<(), AdminError> {
    ids::name(what, name).map_err(AdminError::Invalid)
}

pub(super) fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use toril_job::settings::{Backoff, BackoffKind};

    fn spec(document: Value) -> Result<JobSpec, String> {
        let job: NewJob = serde_json::from_value(document).map_err(|error| error.to_string())?;
        job.spec(&QueueName::new("q").unwrap(), "bull", &JobDefaults::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn options_have_bullmqs_names_and_forms() {
        let spec = spec(json!({ "name": "n", "opts": {
            "attempts": 3, "backoff": { "type": "exponential", "delay": 5, "jitter": 0.5 }, "removeOnComplete": 7,
            "removeOnFail": { "age": 60 }, "keepLogs": 2, "deduplication": { "id": "d", "ttl": 5 }
        } }))
        .expect("valid");
        assert_eq!((spec.options.attempts, spec.options.keep_logs), (Some(3), Some(2)));
        let backoff = Backoff { kind: BackoffKind::Exponential, delay: Duration::from_millis(5), jitter: 0.5 };
        assert_eq!(spec.options.backoff, Some(backoff));
        assert_eq!(spec.data, json!({}));
    }

    #[test]
    fn a_parent_is_stored_as_it_was_given() {
        let parent = json!({ "id": "7", "queue": "bull:orders" });
        let spec = spec(json!({ "name": "n", "opts": { "parent": parent } })).expect("valid");
        assert_eq!(spec.options.parent.map(|parent| parent.queue.to_string()).as_deref(), Some("orders"));
        assert_eq!(spec.earlier["parent"], parent);
    }

    #[test]
    fn numbers_have_every_form_of_json() {
        let opts = json!({ "attempts": 9_007_199_254_740_991_u64, "delay": 5.0, "keepLogs": 1e3, "priority": null });
        let options = spec(json!({ "name": "n", "opts": opts })).expect("valid").options;
        assert_eq!(
            (options.attempts, options.delay, options.keep_logs),
            (Some(u32::MAX), Some(Duration::from_millis(5)), Some(1000))
        );
        assert_eq!(options.priority, None);
        for wrong in [json!(2.5), json!(-1), json!("3"), json!(1e300)] {
            spec(json!({ "name": "n", "opts": { "delay": wrong } })).expect_err("no whole number");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (opts, says) in [
            (json!({ "atempts": 3 }), "atempts"),
            (json!({ "attempts": 0 }), "attempts"),
            (json!({ "priority": 3_000_000 }), "priority"),
            (json!({ "delay": 4_000_000_000_000_u64 }), "delay"),
            (json!({ "backoff": { "type": "fixed", "jitter": 2 } }), "jitter"),
            (json!({ "backoff": { "type": "" } }), "backoff.type"),
            (json!({ "removeOnFail": {} }), "removeOnFail"),
            (json!({ "jobId": "" }), "job id"),
            (json!({ "jobId": "wait" }), "key of the queue"),
            (json!({ "failParentOnFailure": true, "continueParentOnFailure": true }), "only one"),
        ] {
            let error = spec(json!({ "name": "n", "opts": opts })).expect_err(says);
            assert!(error.contains(says), "{error}");
        }
    }
}
