//! The commands about an existing task.

use std::time::Duration;

use toril_plugin::{Failure, Job, clock};

use crate::agent::{Agent, with_agent};
use crate::data::Command;
use crate::deliver::{can_still_follow, settled};
use crate::error::CallError;
use crate::follow::Follow;
use crate::model::Task;
use crate::outcome::Outcome;
use crate::progress::ProgressReporter;
use crate::settings::Settings;
use crate::watch::{Stop, Watch};

/// Timeout for cancelling a task at the agent.
const CANCEL: Duration = Duration::from_secs(30);

/// Runs an action on the task that the command names.
fn about(
    job: &Job<Command>,
    run: impl Fn(&Agent, &str, &Watch) -> Result<Outcome, Failure>,
) -> Result<Outcome, Failure> {
    let task_id = job.data.task()?;
    let watch = Watch::new(job.data.timeout(), clock::now());
    with_agent(|| Settings::of(job.data.agent.as_deref()), &watch, |agent| run(agent, task_id, &watch))
}

/// Returns the task's current state.
pub fn status(job: &Job<Command>) -> Result<Outcome, Failure> {
    about(job, |agent, task_id, watch| {
        let task = agent.task(task_id, watch.without_grace());
        let task = task.map_err(|error| error.into_failure(agent.name(), "get task"))?;
        Ok(Outcome::of_task(task, agent))
    })
}

/// Cancels a task. If it has already ended, its current state is returned.
pub fn cancel(job: &Job<Command>) -> Result<Outcome, Failure> {
    about(job, |agent, task_id, watch| {
        let task = match agent.cancel(task_id, CANCEL, watch.without_grace()) {
            Err(error) if error.is_not_cancelable() => match agent.task(task_id, watch.without_grace()) {
                // The task goes on or waits for input, and the agent refuses to cancel it.
                Ok(task) if !task.status.state.has_ended() => Err(error),
                result => result,
            },
            cancelled => cancelled,
        };
        let task = task.map_err(|error| error.into_failure(agent.name(), "cancel task"))?;
        Ok(Outcome::of_task(task, agent))
    })
}

/// Follows a task to its end. The task does not belong to this job, so it continues even if this job ends.
pub fn follow(job: &Job<Command>) -> Result<Outcome, Failure> {
    about(job, |agent, task_id, watch| {
        let fail = |error: CallError| match error {
            CallError::Stopped(Stop::AttemptOver) => {
                Failure::retry(format!("the task of {} did not end within the attempt's time", agent.name()))
            }
            error => error.into_failure(agent.name(), "get task"),
        };
        let task = match agent.task(task_id, watch.without_grace()) {
            Err(error) if can_still_follow(&error) => Task::unknown(task_id.to_owned(), None),
            result => result.map_err(fail)?,
        };
        let follow = Follow::new(agent, watch, None, ProgressReporter::default(), task);
        let mut follow = follow.wait_for_authorization(job.data.wait_for_authorization);
        follow.run(None).map_err(fail)?;
        settled(follow.task(), agent.name())?;
        Ok(Outcome::of_task(follow.task().clone(), agent))
    })
}
