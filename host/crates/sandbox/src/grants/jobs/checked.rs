//! Converts a guest's job to the host's type, with the same checks that BullMQ's own clients make before they add a job.

use std::time::Duration;

use crate::interface::jobs::{
    AddOptions, Backoff as GuestBackoff, Deduplication as GuestDeduplication, Keep as GuestKeep, NewJob as GuestJob,
    OnFailure as GuestOnFailure,
};
use crate::limits::{ADDED_JOBS, ADDED_JOBS_DATA, JOB_DATA};
use toril_config::{Backoff, BackoffKind, Keep};
use toril_job::{Deduplication, JobOptions, JobRef, NewJob, OnFailure, QueueName, TreeJob, trace::Carrier};

/// A checked job. `child`: it becomes a child of the running job.
pub fn job(
    queue: QueueName,
    name: String,
    data: &str,
    options: AddOptions,
    parent: Option<JobRef>,
    child: bool,
) -> Result<NewJob, String> {
    if data.len() > JOB_DATA {
        return Err(format!("the data has {} bytes and may have {JOB_DATA}", data.len()));
    }
    let data = serde_json::from_str(data).map_err(|error| format!("the data is not JSON: {error}"))?;
    // The queue side refuses other invalid ids. Ids with colons belong to job schedulers, which plugins do not create.
    if options.id.as_ref().is_some_and(|id| id.contains(':')) {
        return Err("the job id has a colon: choose an id without one".to_owned());
    }
    if child && options.deduplication.is_some() {
        return Err("a child cannot be deduplicated".to_owned());
    }
    if child && parent.is_some() {
        return Err("a child of the running job has no other parent".to_owned());
    }
    let options = JobOptions {
        id: options.id.map(Into::into),
        delay: options.delay.map(Duration::from_millis),
        priority: options.priority,
        attempts: options.attempts,
        backoff: options.backoff.map(backoff),
        lifo: options.lifo,
        remove_on_complete: options.remove_on_complete.map(|guest| keep("remove-on-complete", guest)).transpose()?,
        remove_on_fail: options.remove_on_fail.map(|guest| keep("remove-on-fail", guest)).transpose()?,
        keep_logs: options.keep_logs,
        stack_trace_limit: options.stack_trace_limit,
        timestamp: options.timestamp,
        size_limit: options.size_limit.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
        parent,
        on_failure: options.on_failure.map(Into::into),
        deduplication: options.deduplication.map(Into::into),
    };
    options.check().map_err(|error| error.to_string())?;
    Ok(NewJob { queue, name, data, options, trace: None })
}

/// Checked jobs of one call, with the queue and the parent of each.
pub fn jobs(
    guests: Vec<GuestJob>,
    places: impl Iterator<Item = (QueueName, Option<JobRef>)>,
    trace: Option<&Carrier>,
) -> Result<Vec<TreeJob>, String> {
    if guests.len() > ADDED_JOBS {
        return Err(format!("the list has {} jobs and may have {ADDED_JOBS}", guests.len()));
    }
    let bytes: usize = guests.iter().map(|guest| guest.data.len()).sum();
    if bytes > ADDED_JOBS_DATA {
        return Err(format!("the jobs have {bytes} bytes of data and may have {ADDED_JOBS_DATA}"));
    }
    let checked = |(place, (guest, (queue, parent))): (usize, (GuestJob, (QueueName, Option<JobRef>)))| {
        let child_of = guest.child_of.map(|parent| usize::try_from(parent).unwrap_or(usize::MAX));
        let job = job(queue, guest.name, &guest.data, guest.options, parent, false)
            .map_err(|error| format!("job {place} of the list: {error}"))?;
        Ok(TreeJob { job: NewJob { trace: trace.cloned(), ..job }, child_of })
    };
    guests.into_iter().zip(places).enumerate().map(checked).collect()
}

fn backoff(guest: GuestBackoff) -> Backoff {
    Backoff { kind: BackoffKind::from(guest.kind), delay: Duration::from_millis(guest.delay), jitter: guest.jitter }
}

fn keep(name: &str, guest: GuestKeep) -> Result<Keep, String> {
    Ok(match guest {
        GuestKeep::All => Keep::All,
        GuestKeep::None => Keep::None,
        GuestKeep::Count(count) => Keep::Count(count),
        GuestKeep::Within(limits) if limits.age.is_none() && limits.count.is_none() => {
            return Err(format!("{name} has neither an age nor a count"));
        }
        GuestKeep::Within(limits) => Keep::Some {
            age: limits.age.map(Duration::from_secs),
            count: limits.count,
            limit: limits.limit.and_then(|limit| limit.try_into().ok()),
        },
    })
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
    use crate::interface::jobs::KeepLimits;
    use toril_job::LARGEST_PRIORITY;

    fn options() -> AddOptions {
        AddOptions {
            id: None,
            delay: None,
            priority: None,
            attempts: None,
            backoff: None,
            deduplication: None,
            lifo: false,
            remove_on_complete: None,
            remove_on_fail: None,
            keep_logs: None,
            stack_trace_limit: None,
            size_limit: None,
            timestamp: None,
            parent: None,
            on_failure: None,
        }
    }

    fn queue() -> QueueName {
        QueueName::new("q").expect("a name")
    }

    fn refused(data: &str, options: AddOptions) -> String {
        job(queue(), "n".into(), data, options, None, false).expect_err("refused")
    }

    fn guest(data: &str, child_of: Option<u32>) -> GuestJob {
        GuestJob { queue: "q".into(), name: "n".into(), data: data.into(), options: options(), child_of }
    }

    #[test]
    fn a_plain_job_passes() {
        let job = job(queue(), "n".into(), "{\"a\":1}", options(), None, true).expect("passes");
        assert_eq!(job.data, serde_json::json!({ "a": 1 }));
    }

    #[test]
    fn what_bullmq_would_not_take_is_refused_with_a_reason() {
        assert!(refused("{", options()).contains("not JSON"));
        assert!(refused("{}", AddOptions { id: Some("a:b".into()), ..options() }).contains("colon"));
        assert!(refused("{}", AddOptions { priority: Some(LARGEST_PRIORITY + 1), ..options() }).contains("priority"));
        assert!(refused("{}", AddOptions { delay: Some(u64::MAX), ..options() }).contains("hundred years"));
        assert!(refused("{}", AddOptions { attempts: Some(0), ..options() }).contains("attempt"));
        let nothing = GuestKeep::Within(KeepLimits { age: None, count: None, limit: Some(1) });
        assert!(refused("{}", AddOptions { remove_on_fail: Some(nothing), ..options() }).contains("remove-on-fail"));
    }

    #[test]
    fn a_child_of_the_running_job_has_no_other_parent() {
        let parent = Some(JobRef { queue: queue(), id: "1".into() });
        let refused = job(queue(), "n".into(), "{}", options(), parent, true);
        assert!(refused.expect_err("refused").contains("no other parent"));
    }

    #[test]
    fn every_option_arrives() {
        let within = KeepLimits { age: Some(60), count: Some(5), limit: Some(9) };
        let guest = AddOptions {
            backoff: Some(GuestBackoff { kind: "polite".into(), delay: 7, jitter: 0.5 }),
            lifo: true,
            remove_on_complete: Some(GuestKeep::Count(3)),
            remove_on_fail: Some(GuestKeep::Within(within)),
            keep_logs: Some(1),
            stack_trace_limit: Some(2),
            size_limit: Some(10),
            timestamp: Some(11),
            on_failure: Some(GuestOnFailure::Ignore),
            ..options()
        };
        let parent = Some(JobRef { queue: queue(), id: "1".into() });
        let options = job(queue(), "n".into(), "{}", guest, parent.clone(), false).expect("passes").options;
        let expected = JobOptions {
            backoff: Some(Backoff {
                kind: BackoffKind::Named("polite".into()),
                delay: Duration::from_millis(7),
                jitter: 0.5,
            }),
            lifo: true,
            remove_on_complete: Some(Keep::Count(3)),
            remove_on_fail: Some(Keep::Some {
                age: Some(Duration::from_secs(60)),
                count: Some(5),
                limit: 9.try_into().ok(),
            }),
            keep_logs: Some(1),
            stack_trace_limit: Some(2),
            size_limit: Some(10),
            timestamp: Some(11),
            parent,
            on_failure: Some(OnFailure::Ignore),
            ..JobOptions::default()
        };
        assert_eq!(options, expected);
    }

    #[test]
    fn a_list_of_jobs_has_bounds() {
        let list = |guests| jobs(guests, std::iter::repeat((queue(), None)), None).expect_err("refused");
        assert!(list(vec![guest("{}", None); ADDED_JOBS + 1]).contains("10001 jobs"));
        let large = format!("\"{}\"", "x".repeat(JOB_DATA - 2));
        let most = ADDED_JOBS_DATA / JOB_DATA;
        assert!(list(vec![guest(&large, None); most + 1]).contains("bytes of data"));
        let error = list(vec![guest("{}", None), guest("{", Some(0))]);
        assert!(error.starts_with("job 1 of the list: the data is not JSON"), "{error}");
    }
}
