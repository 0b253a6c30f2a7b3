//! Finds out whether a message has reached the agent, by looking for the task that was created for it.

use std::time::Duration;

use toril_plugin::clock;

use crate::agent::{Agent, GRACE};
use crate::data::{Command, Delivery};
use crate::error::Trouble;
use crate::model::Task;
use crate::retry::Again;
use crate::watch::Watch;

/// Maximum number of pages of tasks to read.
const PAGES: usize = 20;
/// How long a task may still appear after an answer that leaves the outcome of the message open.
const AFTER_ANSWER: Duration = Duration::from_secs(10);
/// Pause between two lookups. It grows from the first value to the last.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// Maximum clock difference between host and agent.
const SKEW: Duration = Duration::from_secs(3600);

/// The result of a lookup.
pub enum Found {
    /// The agent has created this task for the message.
    Task(Box<Task>),
    /// The agent has no task for the message.
    Nothing,
    /// The agent's tasks do not show it.
    CannotTell,
}

/// The id of the conversation that a message is sent in. If the job names none and the agent can list the tasks of a
/// conversation, the job gets a conversation of its own. Every task in it was then created for this message.
pub fn context(agent: &Agent, command: &Command, message_id: &str) -> Option<String> {
    let can_list = || agent.interface.wire.lists();
    match &command.context_id {
        Some(given) => Some(given.clone()),
        // A message for a task belongs to the conversation of that task.
        None if command.task_id.is_some() => None,
        None => (agent.settings.own_context && can_list()).then(|| message_id.to_owned()),
    }
}

/// The lookup of the task that was created for a message.
pub struct Lookup<'a> {
    pub agent: &'a Agent,
    pub watch: &'a Watch,
    pub command: &'a Command,
    pub delivery: &'a Delivery,
    pub message_id: &'a str,
}

impl Lookup<'_> {
    /// Looks for the task repeatedly, because a busy agent may take a while to create it.
    pub fn look(&self) -> Result<Found, Trouble> {
        let patience = self.agent.settings.lookup;
        let patience = if self.delivery.answered { patience.min(AFTER_ANSWER) } else { patience };
        let mut pause = FIRST_PAUSE;
        loop {
            let found = Again::new(self.agent.name(), self.watch).ask(|| self.once())?;
            let since = clock::now().duration_since(self.delivery.last_sent()).unwrap_or_default();
            if !matches!(found, Found::Nothing) || since >= patience {
                return Ok(found);
            }
            self.watch.pause(pause.min(patience.saturating_sub(since)))?;
            pause = (pause * 3 / 2).min(LAST_PAUSE);
        }
    }

    /// Looks for the task once.
    pub fn once(&self) -> Result<Found, Trouble> {
        match &self.command.task_id {
            Some(id) => self.in_task(id),
            None => self.among_tasks(),
        }
    }

    /// If a message for a task has arrived, it is in the task's history.
    fn in_task(&self, id: &str) -> Result<Found, Trouble> {
        let task = self.agent.task(id, self.watch.patiently(GRACE))?;
        Ok(match task.has(self.message_id) {
            true => Found::Task(Box::new(task)),
            // An agent may omit the history.
            false if task.history.is_empty() => Found::CannotTell,
            false => Found::Nothing,
        })
    }

    /// A message is in the history of the task that was created for it. A conversation of its own contains no other
    /// task.
    fn among_tasks(&self) -> Result<Found, Trouble> {
        let context_id = self.delivery.context_id.as_deref();
        let is_own = context_id.is_some() && self.command.context_id.is_none();
        let since = self.delivery.sent().checked_sub(SKEW).unwrap_or(std::time::SystemTime::UNIX_EPOCH);
        let (mut page, mut is_silent) = (None, false);
        for _ in 0..PAGES {
            let listed = match self.agent.tasks(context_id, since, page.as_deref(), self.watch.patiently(GRACE)) {
                None => return Ok(Found::CannotTell),
                Some(Err(trouble)) if trouble.is_unsupported() => return Ok(Found::CannotTell),
                Some(listed) => listed?,
            };
            for task in listed.tasks {
                if is_own || task.has(self.message_id) {
                    // Lists omit the artifacts.
                    let task = self.agent.task(&task.id, self.watch.patiently(GRACE))?;
                    return Ok(Found::Task(Box::new(task)));
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
}
