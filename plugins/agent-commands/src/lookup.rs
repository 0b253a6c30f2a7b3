//! Finds out whether a message has reached the agent: whether there is a task that was made of it.

use std::time::Duration;

use toril_plugin::clock;

use crate::agent::{Agent, GRACE};
use crate::data::{Command, Delivery};
use crate::model::Task;
use crate::trouble::Trouble;
use crate::watch::Watch;

/// How many pages of a conversation's tasks are looked at.
const PAGES: usize = 20;
/// How long after it was sent a message that has arrived may still be on its way to becoming a task that others see.
const SHOWS: Duration = Duration::from_secs(10);
/// Between two looks in that time.
const PAUSE: Duration = Duration::from_secs(1);

/// What a look at the agent's tasks has shown.
pub enum Found {
    /// The message has become this task.
    Task(Box<Task>),
    /// The message has become no task.
    Nothing,
    /// The agent does not say.
    CannotTell,
}

/// The conversation that a message is sent in. Where the job names none, and the agent can list the tasks of a
/// conversation, it is one that is this job's alone: whatever task is in there was made of this message.
pub fn context(agent: &Agent, command: &Command, message_id: &str) -> Option<String> {
    let can_list = || agent.interface.wire.list("", None).is_some();
    match &command.context_id {
        Some(given) => Some(given.clone()),
        // A message for a task belongs to that task's conversation, whatever that is.
        None if command.task_id.is_some() => None,
        None => (agent.settings.own_context && can_list()).then(|| message_id.to_owned()),
    }
}

/// Looks for the task that was made of a message. What was sent a moment ago is given time to show.
pub fn look(
    agent: &Agent,
    watch: &Watch,
    command: &Command,
    delivery: &Delivery,
    message_id: &str,
) -> Result<Found, Trouble> {
    loop {
        let found = match &command.task_id {
            Some(id) => in_task(agent, watch, id, message_id)?,
            None => in_conversation(agent, watch, command, delivery, message_id)?,
        };
        let since = clock::now().duration_since(delivery.last_sent()).unwrap_or_default();
        if !matches!(found, Found::Nothing) || since >= SHOWS {
            return Ok(found);
        }
        watch.pause(PAUSE)?;
    }
}

/// A message for a task is in that task's history, or it has not arrived.
fn in_task(agent: &Agent, watch: &Watch, id: &str, message_id: &str) -> Result<Found, Trouble> {
    let task = agent.task(id, watch.patiently(GRACE))?;
    Ok(match task.has(message_id) {
        true => Found::Task(Box::new(task)),
        // An agent need not tell the history.
        false if task.history.is_empty() => Found::CannotTell,
        false => Found::Nothing,
    })
}

fn in_conversation(
    agent: &Agent,
    watch: &Watch,
    command: &Command,
    delivery: &Delivery,
    message_id: &str,
) -> Result<Found, Trouble> {
    let Some(context_id) = &delivery.context_id else { return Ok(Found::CannotTell) };
    let own = command.context_id.is_none();
    let (mut page, mut is_silent) = (None, false);
    for _ in 0..PAGES {
        let listed = match agent.tasks(context_id, page.as_deref(), watch.patiently(GRACE)) {
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
