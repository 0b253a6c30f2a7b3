//! Reports a task while it is followed: each status becomes the job's progress, and the agent's messages go to the
//! job's log.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use toril_plugin::{clock, log, progress};

use crate::model::{Message, State, Task};

/// Minimum time between two updates of the progress. Each update is a write to Redis and an event for all listeners.
const INTERVAL: Duration = Duration::from_millis(500);

/// What has been reported already.
#[derive(Debug, Default)]
pub struct Told {
    /// The ids of the agent's messages that were logged.
    said: HashSet<String>,
    /// The id of the latest one.
    last: Option<String>,
    /// The latest status: its state, and the id of its message.
    status: Option<(State, Option<String>)>,
    /// Number of statuses so far.
    updates: u32,
    /// The number of statuses in the published progress, and when it was published.
    published: Option<(u32, SystemTime)>,
}

/// The job's progress.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Progress<'a> {
    state: State,
    task_id: &'a str,
    context_id: Option<&'a str>,
    artifacts: usize,
    updates: u32,
}

impl Told {
    /// Continues the report of an earlier run of the job. `last` is the id of the last logged message, `updates` the
    /// number of statuses.
    pub fn resumed(last: Option<String>, updates: u32) -> Self {
        Self { said: last.iter().cloned().collect(), last, updates, ..Self::default() }
    }

    /// The id of the last logged message, and the number of statuses.
    pub fn so_far(&self) -> (Option<String>, u32) {
        (self.last.clone(), self.updates)
    }

    /// Reports what is new in a task and its history. `ours` is the message that the task was created for: earlier
    /// messages are not reported.
    pub fn task(&mut self, task: &Task, ours: Option<&str>) {
        let at = |id: &str| task.history.iter().position(|message| message.message_id == id);
        let since = self.last.as_deref().and_then(at).or_else(|| ours.and_then(at));
        for message in task.history.iter().skip(since.map_or(task.history.len(), |at| at + 1)) {
            self.message(message);
        }
        self.status(task);
    }

    /// Reports what is new in a task's status. The history is ignored.
    pub fn status(&mut self, task: &Task) {
        if let Some(message) = &task.status.message {
            self.message(message);
        }
        let status = (task.status.state, task.status.message.as_ref().map(|message| message.message_id.clone()));
        if self.status.as_ref() != Some(&status) {
            self.status = Some(status);
            self.updates += 1;
        }
        self.publish(task, clock::now());
    }

    /// Publishes the task's status as the job's progress. If the last update was too recent, a later call publishes it.
    /// A status after which the task does not continue by itself is published at once.
    pub fn publish(&mut self, task: &Task, now: SystemTime) {
        let is_due = match self.published {
            None => true,
            Some((updates, _)) if updates == self.updates => false,
            Some((_, at)) => {
                task.status.state.is_settled() || now.duration_since(at).is_ok_and(|past| past >= INTERVAL)
            }
        };
        if !is_due {
            return;
        }
        self.published = Some((self.updates, now));
        let progress = Progress {
            state: task.status.state,
            task_id: &task.id,
            context_id: task.context_id.as_deref(),
            artifacts: task.artifacts.len(),
            updates: self.updates,
        };
        if let Err(error) = progress::set(progress) {
            log::warn(format_args!("a status of the task was not published: {error}"));
        }
    }

    /// Logs a message of the agent, once. Its text may be logged there: the job's log is as private as the job's data
    /// and result.
    pub fn message(&mut self, message: &Message) {
        if message.by_agent && self.said.insert(message.message_id.clone()) {
            self.last = Some(message.message_id.clone());
            let text = message.text();
            match text.is_empty() {
                true => {
                    log::info(format_args!("the agent says something without text ({} parts)", message.parts.len()))
                }
                false => log::info(format_args!("the agent says: {text}")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Part, Status};

    fn message(id: &str, by_agent: bool) -> Message {
        Message { message_id: id.into(), by_agent, parts: vec![Part::text(id)], ..Message::default() }
    }

    #[test]
    fn everything_is_told_once_and_what_is_older_than_our_message_is_not() {
        let mut told = Told::default();
        let mut task = Task::begun("t".into(), None);
        task.history = vec![message("old", true), message("ours", false), message("new", true)];
        task.status = Status { state: State::Working, message: Some(message("status", true)) };
        told.task(&task, Some("ours"));
        told.task(&task, Some("ours"));
        assert_eq!(told.said, HashSet::from(["new".to_owned(), "status".to_owned()]));
        assert_eq!(told.updates, 1);
        task.status.state = State::Completed;
        told.task(&task, Some("ours"));
        assert_eq!(told.updates, 2);
    }

    #[test]
    fn a_later_run_tells_only_what_is_new() {
        let mut task = Task::begun("t".into(), None);
        task.history = vec![message("ours", false), message("one", true), message("two", true)];
        let mut told = Told::default();
        told.task(&task, Some("ours"));
        let (last, updates) = told.so_far();
        assert_eq!((last.as_deref(), updates), (Some("two"), 1));
        task.history.push(message("three", true));
        let mut told = Told::resumed(last, updates);
        told.task(&task, Some("ours"));
        assert_eq!(told.said, HashSet::from(["two".to_owned(), "three".to_owned()]));
        assert_eq!(told.so_far(), (Some("three".into()), 2));
    }

    #[test]
    fn a_burst_of_statuses_is_published_at_a_bounded_rate_and_the_last_one_always() {
        let mut told = Told::default();
        let mut task = Task::begun("t".into(), None);
        let start = clock::now() + Duration::from_secs(60);
        let mut published = 0;
        for number in 0..1000 {
            task.status = Status { state: State::Working, message: Some(message(&number.to_string(), true)) };
            told.updates += 1;
            let before = told.published;
            told.publish(&task, start + Duration::from_millis(number));
            published += u32::from(told.published != before);
        }
        assert_eq!(published, 2, "one second has two intervals");
        told.publish(&task, start + Duration::from_secs(2));
        assert_eq!(told.published.map(|(updates, _)| updates), Some(1000), "what was left is published later");
        task.status.state = State::Completed;
        told.updates += 1;
        told.publish(&task, start + Duration::from_secs(2));
        assert_eq!(told.published.map(|(updates, _)| updates), Some(1001), "an end does not wait");
    }
}
