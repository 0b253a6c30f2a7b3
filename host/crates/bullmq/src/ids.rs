//! Which names, job ids and deduplication ids an added job may have. Everything that adds jobs checks them here:
//! plugins, the command line, the HTTP API and the dashboard.
//!
//! BullMQ stores a job at `PREFIX:QUEUE:ID`, next to the queue's own keys (`PREFIX:QUEUE:wait`) and next to the keys
//! that belong to a job (`PREFIX:QUEUE:ID:logs`). A job whose id equals one of those keys destroys the queue or another
//! job.

/// The longest name, job id and deduplication id of an added job, in bytes.
pub const LONGEST: usize = 1024;

/// The keys that BullMQ 5 and 6 and Toril store below `PREFIX:QUEUE:`, up to the next colon.
const QUEUE_KEYS: [&str; 21] = [
    "active",
    "completed",
    "de",
    "delayed",
    "dn",
    "events",
    "failed",
    "given-up",
    "id",
    "limiter",
    "marker",
    "meta",
    "metrics",
    "paused",
    "pc",
    "prioritized",
    "repeat",
    "stalled",
    "stalled-check",
    "wait",
    "waiting-children",
];

/// The keys that BullMQ stores below `PREFIX:QUEUE:ID:`.
const JOB_KEYS: [&str; 6] = ["dependencies", "failed", "lock", "logs", "processed", "unsuccessful"];

/// Checks that a text is not empty and not too long.
pub fn name(what: &str, text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err(format!("{what} is empty: give at least one character"));
    }
    if text.len() > LONGEST {
        return Err(format!("{what} has {} bytes and may have {LONGEST}: shorten it", text.len()));
    }
    Ok(())
}

/// Checks a custom job id. BullMQ generates whole numbers for jobs without a custom id.
pub fn own_id(id: &str) -> Result<(), String> {
    name("the job id", id)?;
    let counted = id.parse::<i64>().is_ok_and(|number| number.to_string() == id);
    if counted {
        return Err(format!(
            "the job id {id:?} is a whole number, and BullMQ assigns those itself: add a letter to it"
        ));
    }
    place("the job id", id)
}

/// Checks that a job with this id shares no key with the queue or with another job. As in BullMQ, an id has either no
/// colon or exactly two: the ids of repeated jobs are `repeat:SCHEDULER:TIME`.
pub fn place(what: &str, id: &str) -> Result<(), String> {
    let parts: Vec<&str> = id.split(':').collect();
    let is_queue_key = |part: &str| part.is_empty() || QUEUE_KEYS.contains(&part);
    match parts[..] {
        [only] if is_queue_key(only) => {
            Err(format!("{what} {id:?} is the name of a key of the queue itself: choose another id"))
        }
        [_] => Ok(()),
        ["repeat", scheduler, time] if !scheduler.is_empty() && is_time(time) => Ok(()),
        [first, _, last] if is_queue_key(first) || JOB_KEYS.contains(&last) => {
            Err(format!("{what} {id:?} is the name of a key of the queue or of another job: choose another id"))
        }
        [_, _, _] => Ok(()),
        _ => Err(format!("{what} {id:?} has a colon: an id has none, or exactly two as the ids of repeated jobs have")),
    }
}

fn is_time(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::job_spec::JobSpec;
    use toril_job::settings::JobDefaults;
    use toril_job::{Deduplication, JobOptions, JobRef, QueueName};

    fn queue() -> QueueName {
        QueueName::new("q").unwrap()
    }

    fn check(spec: &JobSpec) -> Result<(), String> {
        spec.check().map_err(|error| error.to_string())
    }

    fn with(options: JobOptions) -> Result<(), String> {
        check(&JobSpec { options, ..JobSpec::new(queue(), "n", Value::Null, &JobDefaults::default()) })
    }

    fn id(id: &str) -> Result<(), String> {
        with(JobOptions { id: Some(id.into()), ..JobOptions::default() })
    }

    #[test]
    fn an_id_that_bullmq_accepts_and_that_is_not_a_key_is_accepted() {
        for taken in ["a", "order-17", "17a", "007", "waits", "WAIT", "tenant:order:17", "repeat:nightly:1700000000000"]
        {
            assert_eq!(id(taken), Ok(()), "{taken}");
        }
    }

    #[test]
    fn an_id_that_equals_a_key_of_the_queue_or_of_another_job_is_refused() {
        for key in QUEUE_KEYS {
            assert!(id(key).is_err_and(|reason| reason.contains("key of the queue")), "{key}");
        }
        let keys = ["metrics:failed:data", "de:a:b", "a:b:logs", "repeat:a:lock", "repeat:nightly:soon", ":a:b"];
        for key in keys {
            assert!(id(key).is_err_and(|reason| reason.contains("key of the queue")), "{key}");
        }
    }

    #[test]
    fn an_id_that_bullmq_refuses_is_refused() {
        for refused in ["", "0", "17", "-5", "a:b", "a:b:c:d", "7:logs"] {
            assert!(id(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_name_or_id_that_is_too_long_is_refused_with_its_size() {
        let long = "x".repeat(LONGEST + 1);
        let deduplication = Deduplication { id: long.clone(), ..Deduplication::default() };
        let named = JobSpec::new(queue(), &long, Value::Null, &JobDefaults::default());
        for refused in
            [check(&named), id(&long), with(JobOptions { deduplication: Some(deduplication), ..JobOptions::default() })]
        {
            assert!(refused.as_ref().is_err_and(|reason| reason.contains("1025 bytes")), "{refused:?}");
        }
        assert_eq!(id(&long[1..]), Ok(()));
    }

    #[test]
    fn a_parent_whose_id_is_a_key_is_refused_and_one_with_a_number_is_accepted() {
        let parent = |id: &str| {
            let parent = JobRef { queue: queue(), id: id.into() };
            with(JobOptions { parent: Some(parent), ..JobOptions::default() })
        };
        assert_eq!(parent("17"), Ok(()));
        assert!(parent("meta").is_err() && parent("a:b:processed").is_err());
    }
}
