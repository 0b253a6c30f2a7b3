//! Sends a message once, even if the job is retried. The state of the delivery is stored in the job's data.

mod send;

use std::time::Duration;

use toril_plugin::{Failure, Job, checkpoint, clock, log};

use crate::agent::{Agent, with_agent};
use crate::data::{Command, Delivery, Step};
use crate::error::CallError;
use crate::follow::{Follow, Unfinished};
use crate::model::{Event, Part, State, Task};
use crate::outcome::Outcome;
use crate::progress::ProgressReporter;
use crate::push::{self, Push};
use crate::settings::Settings;
use crate::watch::{Stop, Watch};

/// How long a job that was deferred looks at its task before it is deferred again.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Minimum time for which a job is deferred.
const SHORTEST: Duration = Duration::from_secs(1);

/// A delivery in progress.
pub struct Deliver {
    data: Command,
    /// The number of the job's current attempt.
    attempt: u32,
    delivery: Delivery,
    parts: Vec<Part>,
    message_id: String,
    /// The job's queue and id.
    job: (String, String),
    /// Where the agent sends its notifications.
    push: Option<Push>,
}

impl Deliver {
    /// Resumes the delivery of an earlier attempt, or starts one.
    ///
    /// # Errors
    /// Fatal if there is nothing to send.
    pub fn new<D>(job: &Job<D>, data: Command) -> Result<Self, Failure> {
        let parts = data.parts()?;
        let delivery = match &data.delivery {
            // The earlier task failed and this is a retry of the job, so a new delivery starts.
            Some(last) if last.ended_in.is_some_and(|attempt| attempt != job.attempt) => {
                Delivery::begin(last.number.saturating_add(1), clock::now())
            }
            Some(last) => last.clone(),
            None => Delivery::begin(1, clock::now()),
        };
        let message_id = delivery.message_id(job);
        let (place, push) = ((job.queue.clone(), job.id.clone()), None);
        Ok(Self { data, attempt: job.attempt, delivery, parts, message_id, job: place, push })
    }

    /// Sends the message unless it has been sent, and follows the resulting task.
    ///
    /// # Errors
    /// Fails if the agent cannot be called or the task does not succeed.
    pub fn run(mut self) -> Result<Outcome, Failure> {
        let name = self.data.agent.clone();
        with_agent(|| Settings::of(name.as_deref()), &Watch::new(None, clock::now()), |agent| self.deliver(agent))
    }

    fn deliver(&mut self, agent: &Agent) -> Result<Outcome, Failure> {
        let since = if self.delivery.step == Step::Refused { clock::now() } else { self.delivery.sent() };
        let may_notify = agent.settings.push.as_ref().filter(|_| agent.interface.notifies);
        self.push = may_notify.map(|settings| Push::of(settings, &self.job.0, &self.job.1));
        let mut watch = Watch::new(self.data.timeout(), since);
        if self.push.is_some() || self.delivery.deferred {
            watch = watch.over_all_attempts(since);
        }
        let (event, stream) = self.reply(agent, &watch)?;
        let task = match event {
            Event::Message(message) => return Ok(Outcome::of_message(message, agent)),
            Event::Task(task) => task,
            Event::Status { task_id, context_id, status, metadata } => {
                Task { status, metadata, ..Task::begun(task_id, context_id) }
            }
            Event::Artifact { task_id, context_id, artifact, append } => {
                let mut task = Task::begun(task_id, context_id);
                task.put(artifact, append);
                task
            }
        };
        self.delivery.task_id = Some(task.id.clone());
        self.save(Step::Taken);
        let message_id = self.message_id.clone();
        let following = self.following(agent, &task, &watch);
        let reporter = ProgressReporter::resumed(self.delivery.last_said.clone(), self.delivery.updates);
        let follow = Follow::new(agent, &following, Some(&message_id), reporter, task);
        let mut follow = follow.wait_for_authorization(self.data.wait_for_authorization);
        if self.delivery.deferred {
            follow = follow.without_stream();
        }
        let task = match follow.run(stream) {
            Ok(()) => follow.task().clone(),
            Err(CallError::Stopped(Stop::Deferred)) => return Err(self.defer(agent, &watch, follow.reporter())),
            Err(CallError::Stopped(stop)) => match follow.cancel(&stop) {
                Ok(task) => task,
                Err(Unfinished::Continues(failure)) => return Err(failure),
                Err(Unfinished::Over(failure)) => {
                    self.record_end(&failure);
                    return Err(failure);
                }
            },
            Err(error) => return Err(self.unreadable_task(error, agent)),
        };
        settled(&task, agent.name()).inspect_err(|failure| self.record_end(failure))?;
        Ok(Outcome::of_task(task, agent))
    }

    /// How long to follow the task. If the agent sends notifications, only until the job can be deferred.
    fn following(&mut self, agent: &Agent, task: &Task, watch: &Watch) -> Watch {
        let (Some(push), Some(settings)) = (&self.push, &agent.settings.push) else { return watch.clone() };
        let waits = self.data.wait_for_authorization && task.status.state == State::AuthRequired;
        let has_ended = task.status.state.is_settled() && !waits;
        if !self.delivery.notifies && !has_ended {
            if let Err(error) = agent.notify(&task.id, push, watch.without_grace()) {
                log::warn(format_args!(
                    "{} could not be asked for notifications, so the job is not deferred: {}",
                    agent.name(),
                    error
                ));
                return watch.clone();
            }
            self.delivery.notifies = true;
            self.save(Step::Taken);
        }
        watch.deferring(if self.delivery.deferred { settings.after.min(LOOK_AGAIN) } else { settings.after })
    }

    /// Ends the attempt while the task continues. The job runs again after the agent's notification, or at the latest
    /// after the wait.
    fn defer(&mut self, agent: &Agent, watch: &Watch, reporter: &ProgressReporter) -> Failure {
        (self.delivery.last_said, self.delivery.updates) = reporter.progress_so_far();
        self.delivery.deferred = true;
        self.save(Step::Taken);
        let wait = push::interval(self.delivery.sent(), clock::now()).min(watch.until_the_end()).max(SHORTEST);
        log::info(format_args!(
            "the task of {} continues: the job runs again after a notification, or in {} s",
            agent.name(),
            wait.as_secs()
        ));
        Failure::defer(wait)
    }

    /// The failure of the job when its task can no longer be read.
    fn unreadable_task(&mut self, error: CallError, agent: &Agent) -> Failure {
        if error.is_unknown_task() {
            let failure = Failure::fatal(format!(
                "{} no longer knows the task that it created for the message, so it is unknown whether the task was done",
                agent.name()
            ));
            self.record_end(&failure);
            return failure;
        }
        error.into_failure(agent.name(), "get task")
    }

    /// Records that the task failed, so that the next attempt starts a new delivery. If the host is killed, the attempt
    /// runs again under the same number. Then it finds the same task and ends in the same way.
    fn record_end(&mut self, failure: &Failure) {
        if matches!(failure, Failure::Retry(_) | Failure::Fatal(_)) {
            self.delivery.ended_in = Some(self.attempt);
            self.save(self.delivery.step);
        }
    }

    /// Saves the state of the delivery. If that fails, the job continues. The next attempt then has to look for the
    /// message.
    fn save(&mut self, step: Step) {
        self.delivery.step = step;
        self.data.delivery = Some(self.delivery.clone());
        if let Err(error) = checkpoint::save(&self.data) {
            log::warn(format_args!("the state of the delivery was not saved: {error}"));
        }
    }
}

/// Whether to follow a task that could not be read: the error is transient, or the attempt must end and following it
/// ends the attempt cleanly.
pub fn can_still_follow(error: &CallError) -> bool {
    error.is_transient() || matches!(error, CallError::Stopped(_))
}

/// Checks that a task has succeeded, or waits for input.
///
/// # Errors
/// The resulting failure of the job.
pub fn settled(task: &Task, agent: &str) -> Result<(), Failure> {
    match task.status.state {
        State::Failed => Err(Failure::retry(format!("the task of {agent} failed"))),
        State::Rejected => Err(Failure::fatal(format!("{agent} rejected the message"))),
        State::Canceled => Err(Failure::fatal(format!("the task of {agent} was cancelled"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn job(data: Value) -> Job<Command> {
        let Ok(data) = serde_json::from_value(data) else { panic!("it is the data of a job") };
        Job::for_test("send", data)
    }

    fn delivery(more: Value) -> Value {
        let mut delivery = json!({ "number": 1, "step": "taken", "sentAt": 5, "taskId": "t" });
        if let (Value::Object(delivery), Value::Object(more)) = (&mut delivery, more) {
            delivery.extend(more);
        }
        json!({ "message": "hi", "delivery": delivery })
    }

    #[test]
    fn a_failed_task_is_sent_again_by_the_next_attempt_and_not_by_the_same() {
        let mut job = job(delivery(json!({ "endedIn": 1 })));
        let same = Deliver::new(&job, job.data.clone()).expect("a delivery");
        assert_eq!((same.delivery.task_id.as_deref(), same.message_id.as_str()), (Some("t"), "toril:test:1:0"));
        job.attempt = 2;
        let next = Deliver::new(&job, job.data.clone()).expect("a delivery");
        assert_eq!((next.delivery.task_id, next.message_id.as_str()), (None, "toril:test:1:0:2"));
    }

    #[test]
    fn a_running_task_is_followed_by_every_attempt() {
        let mut job = job(delivery(json!({})));
        job.attempt = 4;
        assert_eq!(Deliver::new(&job, job.data.clone()).expect("a delivery").delivery.task_id.as_deref(), Some("t"));
    }

    #[test]
    fn a_task_that_came_to_nothing_fails_the_job() {
        let ended = |state| {
            let mut task = Task::begun("t".into(), None);
            task.status.state = state;
            settled(&task, "agent x")
        };
        assert!(matches!(ended(State::Failed), Err(Failure::Retry(_))));
        assert!(matches!(ended(State::Rejected), Err(Failure::Fatal(_))));
        assert!(matches!(ended(State::Canceled), Err(Failure::Fatal(_))));
        assert!(ended(State::Completed).is_ok() && ended(State::InputRequired).is_ok());
    }
}
