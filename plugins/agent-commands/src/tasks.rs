//! The commands about an existing task.

use std::time::Duration;

use toril_plugin::{Failure, Job, clock};

use crate::agent::{Agent, with_agent};
use crate::data::Command;
use crate::deliver::{goes_on, settled};
use crate::error::Trouble;
use crate::follow::Follow;
use crate::model::Task;
use crate::outcome::Outcome;
use crate::progress::Told;
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
        let task = agent.task(task_id, watch.at_once());
        let task = task.map_err(|trouble| trouble.into_failure(agent.name(), "get task"))?;
        Ok(Outcome::of_task(task, agent))
    })
}

/// Cancels a task. If it has already ended, its current state is returned.
pub fn cancel(job: &Job<Command>) -> Result<Outcome, Failure> {
    about(job, |agent, task_id, watch| {
        let task = match agent.cancel(task_id, CANCEL, watch.at_once()) {
            Err(trouble) if trouble.is_not_cancelable() => match agent.task(task_id, watch.at_once()) {
                // The task could be cancelled, but the agent refuses.
                Ok(task) if !task.status.state.is_settled() => Err(trouble),
                told => told,
            },
            cancelled => cancelled,
        };
        let task = task.map_err(|trouble| trouble.into_failure(agent.name(), "cancel task"))?;
        Ok(Outcome::of_task(task, agent))
    })
}

/// Follows a task to its end. The task does not belong to this job, so it continues even if this job ends.
pub fn follow(job: &Job<Command>) -> Result<Outcome, Failure> {
    about(job, |agent, task_id, watch| {
        let fail = |trouble: Trouble| match trouble {
            Trouble::Stopped(Stop::AttemptOver) => {
                Failure::retry(format!("the task of {} had not ended within the attempt's time", agent.name()))
            }
            trouble => trouble.into_failure(agent.name(), "get task"),
        };
        let task = match agent.task(task_id, watch.at_once()) {
            Err(trouble) if goes_on(&trouble) => Task::unknown(task_id.to_owned(), None),
            told => told.map_err(fail)?,
        };
        let follow = Follow::new(agent, watch, None, Told::default(), task);
        let mut follow = follow.wait_for_authorization(job.data.wait_for_authorization);
        follow.run(None).map_err(fail)?;
        settled(follow.task(), agent.name())?;
        Ok(Outcome::of_task(follow.task().clone(), agent))
    })
}
