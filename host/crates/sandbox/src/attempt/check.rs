//! Checks a job before its attempt.

use std::time::{Duration, Instant};

use crate::version::Version;
use toril_job::{Attempt, Failure, FailureKind, Outcome};
use toril_schema::CheckError;

/// Checks the job against its type. The time counts against the attempt's timeout. Most checks complete at the first
/// poll.
pub async fn check(version: &Version, attempt: &Attempt, started: Instant, timeout: Duration) -> Result<(), Outcome> {
    let Attempt { job, signals, .. } = attempt;
    let checked = tokio::select! {
        biased;
        checked = version.jobs.check(job, started + timeout) => checked,
        () = signals.lock_lost.cancelled() => return Err(Outcome::LockLost),
        () = signals.give_back.cancelled() => return Err(Outcome::GivenBack),
    };
    checked.map_err(|error| match error {
        CheckError::Job(failure) => Outcome::Failed(failure),
        CheckError::Late => {
            let message = format!(
                "timeout: checking the job's data against its schema did not finish within {}, the `timeout` of queue {}",
                humantime::format_duration(timeout),
                job.queue
            );
            Outcome::Retry(Failure::new(FailureKind::Timeout, message))
        }
    })
}
