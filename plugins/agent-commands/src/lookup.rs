//! Finds out whether a message has reached the agent: whether there is a task that was made of it.

use crate::agent::{Agent, GRACE};
use crate::data::Command;
use crate::model::Task;
use crate::trouble::Trouble;
use crate::watch::Watch;

/// How many pages of a conversation's tasks are looked at.
const PAGES: usize = 20;

/// What a look at the agent's tasks has shown.
pub enum Found {
    /// The message has become this task.
    Task(Box<Task>),
    /// The message has become no task.
    Nothing,
    /// The agent does not say.
    CannotTell,
}

/// The conversation that a message belongs to. Where the job names none, and the agent can list the tasks of a
/// conversation, it is one that is this job's alone: whatever task is in there was made of this message.
pub fn context(agent: &Agent, command: &Command, message_id: &str) -> Option<String> {
    match &command.context_id {
        Some(given) => Some(given.clone()),
        None => is_own(agent, command).then(|| message_id.to_owned()),
    }
}

/// A message for a task belongs to that task's conversation, whatever that is.
fn is_own(agent: &Agent, command: &Command) -> bool {
    let can_list = agent.interface.wire.list("", None).is_some();
    agent.settings.own_context && can_list && command.context_id.is_none() && command.task_id.is_none()
}

/// Looks for the task that was made of a message.
pub fn look(agent: &Agent, watch: &Watch, command: &Command, message_id: &str) -> Result<Found, Trouble> {
    if let Some(id) = &command.task_id {
        // The message was for a task: it is in that task's history, or it has not arrived.
        let task = agent.task(id, watch.patiently(GRACE))?;
        return Ok(match task.has(message_id) {
            true => Found::Task(Box::new(task)),
            // An agent need not tell the history.
            false if task.history.is_empty() => Found::CannotTell,
            false => Found::Nothing,
        });
    }
    let own = is_own(agent, command);
    let Some(context_id) = context(agent, command, message_id) else { return Ok(Found::CannotTell) };
    let (mut page, mut is_silent) = (None, false);
    for _ in 0..PAGES {
        let listed = match agent.tasks(&context_id, page.as_deref(), watch.patiently(GRACE)) {
            None => return Ok(Found::CannotTell),
            Some(Err(trouble)) if trouble.is_unsupported() => return Ok(Found::CannotTell),
            Some(listed) => listed?,
        };
        for task in listed.tasks {
            if own || task.has(message_id) {
                // Lists leave out artifacts.
                return agent.task(&task.id, watch.patiently(GRACE)).map(|task| Found::Task(Box::new(task)));
            }
            is_silent |= task.history.is_empty();
        }
        match listed.next {
            Some(next) => page = Some(next),
            None => return Ok(if is_silent { Found::CannotTell } else { Found::Nothing }),
        }
    }
    Ok(Found::CannotTell)
}
