//! Finds out whether a message has reached the agent: whether there is a task that was made of it.

use std::time::Duration;

use toril_plugin::clock;

use crate::again::Again;
use crate::agent::{Agent, GRACE};
use crate::data::{Command, Delivery};
use crate::model::Task;
use crate::trouble::Trouble;
use crate::watch::Watch;

/// How many pages of tasks are looked at.
const PAGES: usize = 20;
/// How long after an answer that does not say what became of the message a task of it may still appear.
const AFTER_ANSWER: Duration = Duration::from_secs(10);
/// Pauses between two looks: they grow from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// How far the clocks of host and agent may be apart.
const SKEW: Duration = Duration::from_secs(3600);

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
    let can_list = || agent.interface.wire.lists();
    match &command.context_id {
        Some(given) => Some(given.clone()),
        // A message for a task belongs to that task's conversation, whatever that is.
        None if command.task_id.is_some() => None,
        None => (agent.settings.own_context && can_list()).then(|| message_id.to_owned()),
    }
}

/// The search for the task that was made of a message.
pub struct Lookup<'a> {
    pub agent: &'a Agent,
    pub watch: &'a Watch,
    pub command: &'a Command,
    pub delivery: &'a Delivery,
    pub message_id: &'a str,
}

impl Lookup<'_> {
    /// Looks for the task, and gives one time to appear: an agent may be busy with the message before it makes a task.
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

    /// Looks for the task as the agent has it now.
    pub fn once(&self) -> Result<Found, Trouble> {
        match &self.command.task_id {
            Some(id) => self.in_task(id),
            None => self.among_tasks(),
        }
    }

    /// A message for a task is in that task's history, or it has not arrived.
    fn in_task(&self, id: &str) -> Result<Found, Trouble> {
        let task = self.agent.task(id, self.watch.patiently(GRACE))?;
        Ok(match task.has(self.message_id) {
            true => Found::Task(Box::new(task)),
            // An agent need not tell the history.
            false if task.history.is_empty() => Found::CannotTell,
            false => Found::Nothing,
        })
    }

    /// A message is in the history of the task that was made of it. In a conversation of its own there is no other task.
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
                    // Lists leave out artifacts.
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
