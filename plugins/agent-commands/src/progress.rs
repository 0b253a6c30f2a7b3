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
pub struct ProgressReporter {
    /// The agent's messages that were logged, by [`identity`].
    logged: HashSet<String>,
    /// The id of the latest one.
    last: Option<String>,
    /// The latest status: its state, and the identity of its message.
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

impl ProgressReporter {
    /// Continues the report of an earlier run of the job. `last` is the id of the last logged message, `updates` the
    /// number of statuses.
    pub fn resumed(last: Option<String>, updates: u32) -> Self {
        Self { logged: last.iter().cloned().collect(), last, updates, ..Self::default() }
    }

    /// The id of the last logged message, and the number of statuses.
    pub fn progress_so_far(&self) -> (Option<String>, u32) {
        (self.last.clone(), self.updates)
    }

    /// Reports what is new in a task and its history. `ours` is the message that the task was created for: earlier
    /// messages are not reported.
    pub fn report_task(&mut self, task: &Task, ours: Option<&str>) {
        let at = |id: &str| task.history.iter().position(|message| message.message_id == id);
        let since = self.last.as_deref().and_then(at).or_else(|| ours.and_then(at));
        for message in task.history.iter().skip(since.map_or(task.history.len(), |at| at + 1)) {
            self.log_message(message);
        }
        self.report_status(task);
    }

    /// Reports what is new in a task's status. The history is ignored.
    pub fn report_status(&mut self, task: &Task) {
        if let Some(message) = &task.status.message {
            self.log_message(message);
        }
        let status = (task.status.state, task.status.message.as_ref().map(identity));
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
    pub fn log_message(&mut self, message: &Message) {
        if message.by_agent && self.logged.insert(identity(message)) {
            if !message.message_id.is_empty() {
                self.last = Some(message.message_id.clone());
            }
            let text = message.text();
            match text.is_empty() {
                true => log::info(format_args!("message from the agent without text ({} parts)", message.parts.len())),
                false => log::info(format_args!("message from the agent: {text}")),
            }
        }
    }
}

/// Identifies a message: its id, or its text if the agent gives it no id.
fn identity(message: &Message) -> String {
    if message.message_id.is_empty() { message.text() } else { message.message_id.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Part, Status};

    fn message(id: &str, by_agent: bool) -> Message {
        Message { message_id: id.into(), by_agent, parts: vec![Part::text(id)], ..Message::default() }
    }

    #[test]
    fn each_message_is_reported_once_and_messages_before_ours_are_not() {
        let mut reporter = ProgressReporter::default();
        let mut task = Task::begun("t".into(), None);
        task.history = vec![message("old", true), message("ours", false), message("new", true)];
        task.status = Status { state: State::Working, message: Some(message("status", true)) };
        reporter.report_task(&task, Some("ours"));
        reporter.report_task(&task, Some("ours"));
        assert_eq!(reporter.logged, HashSet::from(["new".to_owned(), "status".to_owned()]));
        assert_eq!(reporter.updates, 1);
        task.status.state = State::Completed;
        reporter.report_task(&task, Some("ours"));
        assert_eq!(reporter.updates, 2);
    }

    #[test]
    fn a_later_run_reports_only_new_messages() {
        let mut task = Task::begun("t".into(), None);
        task.history = vec![message("ours", false), message("one", true), message("two", true)];
        let mut reporter = ProgressReporter::default();
        reporter.report_task(&task, Some("ours"));
        let (last, updates) = reporter.progress_so_far();
        assert_eq!((last.as_deref(), updates), (Some("two"), 1));
        task.history.push(message("three", true));
        let mut reporter = ProgressReporter::resumed(last, updates);
        reporter.report_task(&task, Some("ours"));
        assert_eq!(reporter.logged, HashSet::from(["two".to_owned(), "three".to_owned()]));
        assert_eq!(reporter.progress_so_far(), (Some("three".into()), 2));
    }

    #[test]
    fn a_burst_of_statuses_is_published_at_a_bounded_rate_and_the_last_one_always() {
        let mut reporter = ProgressReporter::default();
        let mut task = Task::begun("t".into(), None);
        let start = clock::now() + Duration::from_secs(60);
        let mut published = 0;
        for number in 0..1000 {
            task.status = Status { state: State::Working, message: Some(message(&number.to_string(), true)) };
            reporter.updates += 1;
            let before = reporter.published;
            reporter.publish(&task, start + Duration::from_millis(number));
            published += u32::from(reporter.published != before);
        }
        assert_eq!(published, 2, "one second has two intervals");
        reporter.publish(&task, start + Duration::from_secs(2));
        assert_eq!(reporter.published.map(|(updates, _)| updates), Some(1000), "what was left is published later");
        task.status.state = State::Completed;
        reporter.updates += 1;
        reporter.publish(&task, start + Duration::from_secs(2));
        assert_eq!(reporter.published.map(|(updates, _)| updates), Some(1001), "an end does not wait");
    }

    #[test]
    fn messages_without_an_id_are_distinguished_by_their_text() {
        let mut reporter = ProgressReporter::default();
        let mut task = Task::begun("t".into(), None);
        for text in ["one", "two", "two"] {
            let message = Message { parts: vec![Part::text(text)], by_agent: true, ..Message::default() };
            task.status = Status { state: State::Working, message: Some(message) };
            reporter.report_status(&task);
        }
        assert_eq!((reporter.logged.len(), reporter.progress_so_far()), (2, (None, 2)));
    }
}
