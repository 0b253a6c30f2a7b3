//! Finds out whether a message has reached the agent, by looking for the task that was created for it.

use std::time::{Duration, SystemTime};

use toril_plugin::clock;

use crate::agent::{Agent, GRACE};
use crate::data::{Command, Delivery};
use crate::error::CallError;
use crate::model::Task;
use crate::retry::Retry;
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
    pub fn look(&self) -> Result<Found, CallError> {
        let lookup_time = self.agent.settings.lookup;
        let lookup_time = if self.delivery.answered { lookup_time.min(AFTER_ANSWER) } else { lookup_time };
        let mut pause = FIRST_PAUSE;
        let began = clock::now();
        loop {
            let found = Retry::new(self.agent.name(), self.watch).call(|| self.once())?;
            let since = waited(self.delivery.last_sent(), began, clock::now());
            if !matches!(found, Found::Nothing) || since >= lookup_time {
                return Ok(found);
            }
            self.watch.pause(pause.min(lookup_time.saturating_sub(since)))?;
            pause = (pause * 3 / 2).min(LAST_PAUSE);
        }
    }

    /// Looks for the task once.
    pub fn once(&self) -> Result<Found, CallError> {
        match &self.command.task_id {
            Some(id) => self.in_task(id),
            None => self.among_tasks(),
        }
    }

    /// If a message for a task has arrived, it is in the task's history.
    fn in_task(&self, id: &str) -> Result<Found, CallError> {
        let task = self.agent.task(id, self.watch.with_grace(GRACE))?;
        Ok(match task.has(self.message_id) {
            true => Found::Task(Box::new(task)),
            // An agent may omit the history.
            false if task.history.is_empty() => Found::CannotTell,
            false => Found::Nothing,
        })
    }

    /// A message is in the history of the task that was created for it. A conversation of its own contains no other
    /// task.
    fn among_tasks(&self) -> Result<Found, CallError> {
        let context_id = self.delivery.context_id.as_deref();
        let own_context = context_id.filter(|_| self.command.context_id.is_none());
        let since = self.delivery.sent().checked_sub(SKEW).unwrap_or(SystemTime::UNIX_EPOCH);
        let (mut page, mut is_silent) = (None, false);
        for _ in 0..PAGES {
            let listed = match self.agent.tasks(context_id, since, page.as_deref(), self.watch.with_grace(GRACE)) {
                None => return Ok(Found::CannotTell),
                Some(Err(error)) if error.is_unsupported() => return Ok(Found::CannotTell),
                Some(listed) => listed?,
            };
            for task in listed.tasks {
                if is_for_us(&task, own_context, self.message_id) {
                    // Lists omit the artifacts.
                    let task = self.agent.task(&task.id, self.watch.with_grace(GRACE))?;
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

/// Whether a listed task was created for our message. `own_context` is a conversation that contains only this message.
/// Some agents ignore the filter by conversation and list all tasks, so a task must not name another conversation.
fn is_for_us(task: &Task, own_context: Option<&str>, message_id: &str) -> bool {
    let is_in = |own: &str| task.context_id.as_deref().is_none_or(|named| named == own);
    task.has(message_id) || own_context.is_some_and(is_in)
}

/// How long the task has been looked for: since the message was sent, or if another host's clock is ahead, since this
/// lookup began.
fn waited(sent: SystemTime, began: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(sent.min(began)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Message;

    #[test]
    fn a_task_of_another_conversation_is_not_ours() {
        let task = |context: &str| Task::begun("t".into(), Some(context.into()));
        assert!(is_for_us(&task("ours"), Some("ours"), "m"));
        assert!(!is_for_us(&task("another"), Some("ours"), "m"), "the agent ignored the filter");
        assert!(is_for_us(&Task::begun("t".into(), None), Some("ours"), "m"), "a list may leave the conversation out");
        assert!(!is_for_us(&task("shared"), None, "m"));
        let mut with_message = task("another");
        with_message.history = vec![Message { message_id: "m".into(), ..Message::default() }];
        assert!(is_for_us(&with_message, Some("ours"), "m") && is_for_us(&with_message, None, "m"));
    }

    #[test]
    fn a_lookup_ends_although_the_clock_that_dated_the_message_is_ahead() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(waited(at(10), at(40), at(45)), Duration::from_secs(35));
        assert_eq!(waited(at(9_000), at(40), at(45)), Duration::from_secs(5));
    }
}
