//! The host functions of `toril:plugin/jobs`.

use std::time::Duration;

use super::View;
use crate::interface::jobs::{
    AddOptions, BackoffKind, Deduplication as GuestDeduplication, Error, Host, OnFailure as GuestOnFailure,
};
use crate::limits::JOB_DATA;
use toril_config::{self as config, Backoff};
use toril_job::{ContextError, Deduplication, JobOptions, NewJob, OnFailure, QueueName};

type Answer = wasmtime::Result<Result<String, Error>>;

impl Host for View<'_> {
    async fn add(&mut self, queue: String, name: String, data: String, options: AddOptions) -> Answer {
        self.add_job(queue, name, data, options, None).await
    }

    async fn add_child(
        &mut self,
        queue: String,
        name: String,
        data: String,
        options: AddOptions,
        on_failure: GuestOnFailure,
    ) -> Answer {
        self.add_job(queue, name, data, options, Some(on_failure.into())).await
    }
}

impl View<'_> {
    async fn add_job(
        &mut self,
        queue: String,
        name: String,
        data: String,
        options: AddOptions,
        child: Option<OnFailure>,
    ) -> Answer {
        let Some(queue) = self.grant.queues.iter().find(|granted| **granted == *queue).cloned() else {
            let plugin = &self.job.plugin;
            let denied = format!(
                "plugin {plugin} may not add jobs to queue {queue:?}: add it to `add_to` under [plugins.{plugin}] in the configuration to allow it"
            );
            self.job.denials.add(denied.clone());
            return Ok(Err(Error::Denied(denied)));
        };
        let Some(context) = self.job.context.clone() else {
            return Ok(Err(Error::Unavailable("no job is running".to_owned())));
        };
        let job = match checked(queue, name, &data, options, child) {
            Ok(job) => NewJob { trace: self.job.trace.carrier(), ..job },
            Err(reason) => return Ok(Err(Error::Invalid(reason))),
        };
        if self.pen.added >= self.grant.max_added_jobs {
            let (plugin, most) = (&self.job.plugin, self.grant.max_added_jobs);
            let denied = format!(
                "plugin {plugin} has added {most} jobs in this attempt and may add no more: raise `max_added_jobs` under [plugins.{plugin}] in the configuration, or add them in several jobs"
            );
            self.job.denials.add(denied.clone());
            return Ok(Err(Error::Denied(denied)));
        }
        // Counted before the call: a call that fails may have reached Redis.
        self.pen.added += 1;
        Ok(context.add(job, child).await.map(String::from).map_err(|error| match error {
            ContextError::Invalid(reason) => Error::Invalid(reason),
            ContextError::Denied(reason) => Error::Denied(reason),
            ContextError::Unavailable(reason) => Error::Unavailable(reason),
        }))
    }
}

/// Makes the same checks as BullMQ's own clients before they add a job.
fn checked(
    queue: QueueName,
    name: String,
    data: &str,
    options: AddOptions,
    child: Option<OnFailure>,
) -> Result<NewJob, String> {
    if data.len() > JOB_DATA {
        return Err(format!("the data has {} bytes and may have {JOB_DATA}", data.len()));
    }
    let data = serde_json::from_str(data).map_err(|error| format!("the data is not JSON: {error}"))?;
    // The queue side refuses other invalid ids. Ids with colons belong to job schedulers, which plugins do not create.
    if options.id.as_ref().is_some_and(|id| id.contains(':')) {
        return Err("the job id has a colon: choose an id without one".to_owned());
    }
    if child.is_some() && options.deduplication.is_some() {
        return Err("a child cannot be deduplicated".to_owned());
    }
    let backoff = options.backoff.map(|backoff| {
        let kind = match backoff.kind {
            BackoffKind::Fixed => config::BackoffKind::Fixed,
            BackoffKind::Exponential => config::BackoffKind::Exponential,
        };
        Backoff { kind, delay: Duration::from_millis(backoff.delay), jitter: backoff.jitter }
    });
    let options = JobOptions {
        id: options.id.map(Into::into),
        delay: options.delay.map(Duration::from_millis),
        priority: options.priority,
        attempts: options.attempts,
        backoff,
        deduplication: options.deduplication.map(Into::into),
        ..JobOptions::default()
    };
    options.check().map_err(|error| error.to_string())?;
    Ok(NewJob { queue, name, data, options, trace: None })
}

impl From<GuestDeduplication> for Deduplication {
    fn from(guest: GuestDeduplication) -> Self {
        Self {
            id: guest.id,
            ttl: guest.ttl.map(Duration::from_millis),
            extend: guest.extend.then_some(true),
            replace: guest.replace.then_some(true),
            keep_last_if_active: guest.keep_last_if_active.then_some(true),
        }
    }
}

impl From<GuestOnFailure> for OnFailure {
    fn from(guest: GuestOnFailure) -> Self {
        match guest {
            GuestOnFailure::FailParent => Self::FailParent,
            GuestOnFailure::ContinueParent => Self::ContinueParent,
            GuestOnFailure::Ignore => Self::Ignore,
            GuestOnFailure::Remove => Self::Remove,
            GuestOnFailure::Wait => Self::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use toril_job::LARGEST_PRIORITY;

    fn queue() -> QueueName {
        QueueName::new("q").unwrap()
    }

    fn options() -> AddOptions {
        AddOptions { id: None, delay: None, priority: None, attempts: None, backoff: None, deduplication: None }
    }

    fn refused(data: &str, options: AddOptions) -> String {
        checked(queue(), "n".into(), data, options, None).expect_err("refused")
    }

    #[test]
    fn a_plain_job_passes() {
        let job = checked(queue(), "n".into(), "{\"a\":1}", options(), Some(OnFailure::Ignore)).expect("passes");
        assert_eq!(job.data, serde_json::json!({ "a": 1 }));
    }

    #[test]
    fn what_bullmq_would_not_take_is_refused_with_a_reason() {
        assert!(refused("{", options()).contains("not JSON"));
        assert!(refused("{}", AddOptions { id: Some("a:b".into()), ..options() }).contains("colon"));
        assert!(refused("{}", AddOptions { priority: Some(LARGEST_PRIORITY + 1), ..options() }).contains("priority"));
        assert!(refused("{}", AddOptions { delay: Some(u64::MAX), ..options() }).contains("hundred years"));
        assert!(refused("{}", AddOptions { attempts: Some(0), ..options() }).contains("attempt"));
    }
}
