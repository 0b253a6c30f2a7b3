//! Sends a message once, even if the job is retried. The state of the delivery is stored in the job's data.

use std::time::Duration;

use toril_plugin::{Failure, Job, checkpoint, clock, log};

use crate::agent::{Agent, GRACE, Heard, Stream, with_agent};
use crate::data::{Command, Delivery, Step};
use crate::error::Trouble;
use crate::follow::{Follow, Unfinished};
use crate::lookup::{self, Found, Lookup};
use crate::model::{Event, Part, State, Task};
use crate::outcome::Outcome;
use crate::progress::Told;
use crate::push::{self, Push};
use crate::settings::Settings;
use crate::watch::{Stop, Watch};
use crate::wire::Outgoing;

/// After this long without an event, the plugin also asks the agent whether it has created a task for the message: the
/// agent may be busy, or the connection may be dead.
const SILENCE: Duration = Duration::from_secs(60);

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

/// The agent's answer to the message, and the stream that continues after it.
type Reply<'a> = (Event, Option<Stream<'a>>);

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
                Delivery::begin(last.number + 1, clock::now())
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
        self.keep(Step::Taken);
        let message_id = self.message_id.clone();
        let following = self.following(agent, &task, &watch);
        let told = Told::resumed(self.delivery.last_said.clone(), self.delivery.updates);
        let follow = Follow::new(agent, &following, Some(&message_id), told, task);
        let mut follow = follow.wait_for_authorization(self.data.wait_for_authorization);
        if self.delivery.deferred {
            follow = follow.without_stream();
        }
        let task = match follow.run(stream) {
            Ok(()) => follow.task().clone(),
            Err(Trouble::Stopped(Stop::Deferred)) => return Err(self.put_aside(agent, &watch, follow.told())),
            Err(Trouble::Stopped(stop)) => match follow.cancel(&stop) {
                Ok(task) => task,
                Err(Unfinished::GoesOn(failure)) => return Err(failure),
                Err(Unfinished::Over(failure)) => {
                    self.ended(&failure);
                    return Err(failure);
                }
            },
            Err(trouble) => return Err(self.lost(trouble, agent)),
        };
        settled(&task, agent.name()).inspect_err(|failure| self.ended(failure))?;
        Ok(Outcome::of_task(task, agent))
    }

    /// How long to follow the task. If the agent sends notifications, only until the job can be deferred.
    fn following(&mut self, agent: &Agent, task: &Task, watch: &Watch) -> Watch {
        let (Some(push), Some(settings)) = (&self.push, &agent.settings.push) else { return watch.clone() };
        let waits = self.data.wait_for_authorization && task.status.state == State::AuthRequired;
        let has_ended = task.status.state.is_settled() && !waits;
        if !self.delivery.notifies && !has_ended {
            if let Err(trouble) = agent.notify(&task.id, push, watch.at_once()) {
                log::warn(format_args!(
                    "{} was not asked to send notifications, so the job keeps its place: {}",
                    agent.name(),
                    trouble.told()
                ));
                return watch.clone();
            }
            self.delivery.notifies = true;
            self.keep(Step::Taken);
        }
        watch.deferring(if self.delivery.deferred { settings.after.min(LOOK_AGAIN) } else { settings.after })
    }

    /// Ends the attempt while the task continues. The job runs again after the agent's notification, or at the latest
    /// after the wait.
    fn put_aside(&mut self, agent: &Agent, watch: &Watch, told: &Told) -> Failure {
        (self.delivery.last_said, self.delivery.updates) = told.so_far();
        self.delivery.deferred = true;
        self.keep(Step::Taken);
        let wait = push::interval(self.delivery.sent(), clock::now()).min(watch.until_the_end()).max(SHORTEST);
        log::info(format_args!(
            "the task of {} goes on: it is asked for again after a notification, or in {} s",
            agent.name(),
            wait.as_secs()
        ));
        Failure::defer(wait)
    }

    /// Returns the task of an earlier attempt, or sends the message and returns the answer.
    fn reply<'a>(&mut self, agent: &'a Agent, watch: &Watch) -> Result<Reply<'a>, Failure> {
        if let Some(id) = &self.delivery.task_id {
            log::info(format_args!("{} has the message already: its task is taken up", agent.name()));
            let task = match agent.task(id, watch.patiently(GRACE)) {
                Err(trouble) if goes_on(&trouble) => Ok(Task::unknown(id.clone(), self.delivery.context_id.clone())),
                told => told,
            };
            return task.map(taken_up).map_err(|trouble| self.lost(trouble, agent));
        }
        if self.delivery.step == Step::Sending {
            match self.lookup(agent, watch).look() {
                Ok(Found::Task(task)) => {
                    log::info(format_args!("{} has the message already: its task was found", agent.name()));
                    return Ok(taken_up(*task));
                }
                // This also applies if no task was found: the agent may have answered without a task.
                Ok(_) if !agent.settings.resend => {
                    return Err(Failure::fatal(format!(
                        "whether {} has the message is not known, and its setting `resend` is false: look there, and \
                         add the job anew if it has not",
                        agent.name()
                    )));
                }
                Ok(Found::Nothing) => {}
                Ok(Found::CannotTell) => log::warn(format_args!(
                    "whether {} has the message is not known: it is sent again, with the same id",
                    agent.name()
                )),
                Err(trouble) => return Err(trouble.into_failure(agent.name(), "list tasks")),
            }
        }
        self.send(agent, watch)
    }

    fn send<'a>(&mut self, agent: &'a Agent, watch: &Watch) -> Result<Reply<'a>, Failure> {
        let streaming = agent.interface.streaming;
        log::info(format_args!(
            "sending a message of {} parts to {} (A2A {} over {}, {})",
            self.parts.len(),
            agent.name(),
            agent.interface.wire.version(),
            agent.interface.wire.binding().name(),
            if streaming { "streaming" } else { "polling" }
        ));
        // Gets the token before the delivery is marked as possibly sent.
        agent.access.prepare(watch.at_once()).map_err(|trouble| trouble.into_failure(agent.name(), "send message"))?;
        self.note_sending(lookup::context(agent, &self.data, &self.message_id))?;
        let mut reply = self.dispatch(agent, watch, streaming);
        if self.push.is_some() && reply.as_ref().is_err_and(Trouble::is_without_notifications) {
            // The agent supports no notifications although its card says so. It has not accepted the message.
            reply = self.dispatch_without_push(agent, watch, streaming)?;
        }
        if self.data.context_id.is_none() && self.delivery.context_id.is_some() && rejects(&reply) {
            // An agent may refuse a conversation that it has not started itself; it must then return an error. It has
            // not accepted the message.
            log::info(format_args!("{} does not take a conversation that it has not begun", agent.name()));
            self.note_sending(None)?;
            reply = self.dispatch(agent, watch, streaming);
        }
        if self.push.is_some() && rejects(&reply) {
            // An agent may refuse to send notifications to this address.
            reply = self.dispatch_without_push(agent, watch, streaming)?;
        }
        self.delivery.notifies = self.push.is_some() && reply.is_ok();
        reply.map_err(|trouble| {
            if trouble.is_refusal() {
                self.keep(Step::Refused);
            } else if trouble.is_answer() {
                self.delivery.answered = true;
                self.keep(Step::Sending);
            }
            match trouble {
                Trouble::Stopped(Stop::Cancelled(why)) => Failure::fatal(format!(
                    "cancelled: {why}; {} had not answered, so whether it has the message is not known",
                    agent.name()
                )),
                trouble => trouble.into_failure(agent.name(), "send message"),
            }
        })
    }

    /// Sends a message again that the agent has refused, this time without asking for notifications.
    fn dispatch_without_push<'a>(
        &mut self,
        agent: &'a Agent,
        watch: &Watch,
        streaming: bool,
    ) -> Result<Result<Reply<'a>, Trouble>, Failure> {
        log::info(format_args!("{} does not take the request for notifications", agent.name()));
        self.push = None;
        self.note_sending(self.delivery.context_id.clone())?;
        Ok(self.dispatch(agent, watch, streaming))
    }

    /// Saves the state before anything is sent. Whatever happens afterwards, the next attempt knows that the message
    /// may have arrived.
    fn note_sending(&mut self, context_id: Option<String>) -> Result<(), Failure> {
        self.delivery.sending(context_id, clock::now());
        self.data.delivery = Some(self.delivery.clone());
        Ok(checkpoint::save(&self.data)?)
    }

    /// Sends the message. If the outcome is unknown, it looks for the message in the agent's tasks.
    fn dispatch<'a>(&self, agent: &'a Agent, watch: &Watch, streaming: bool) -> Result<Reply<'a>, Trouble> {
        self.exchange(agent, watch, streaming).or_else(|trouble| match trouble {
            Trouble::Stopped(_) => Err(trouble),
            _ if trouble.is_refusal() => Err(trouble),
            _ => self.made_of_it(agent, watch).ok_or(trouble),
        })
    }

    /// Looks once for the task that the agent has created for the message.
    fn made_of_it<'a>(&self, agent: &'a Agent, watch: &Watch) -> Option<Reply<'a>> {
        match self.lookup(agent, watch).once() {
            Ok(Found::Task(task)) => {
                log::info(format_args!("{} has not answered the message, but its task was found", agent.name()));
                Some(taken_up(*task))
            }
            _ => None,
        }
    }

    fn lookup<'a>(&'a self, agent: &'a Agent, watch: &'a Watch) -> Lookup<'a> {
        let (command, delivery, message_id) = (&self.data, &self.delivery, self.message_id.as_str());
        Lookup { agent, watch, command, delivery, message_id }
    }

    fn exchange<'a>(&self, agent: &'a Agent, watch: &Watch, streaming: bool) -> Result<Reply<'a>, Trouble> {
        let wire = &agent.interface.wire;
        let outgoing = Outgoing {
            message_id: &self.message_id,
            context_id: self.delivery.context_id.as_deref(),
            task_id: self.data.task_id.as_deref(),
            parts: &self.parts,
            metadata: self.data.metadata.as_ref(),
            accepted_output_modes: &self.data.accepted_output_modes,
            reference_task_ids: &self.data.reference_task_ids,
            extensions: &self.data.extensions,
            push: self.push.as_ref(),
        };
        let call = wire.send(&outgoing, streaming);
        // If the attempt must end, wait a little longer for the answer: the outcome of the sending should be known.
        if !streaming {
            let extensions = &self.data.extensions;
            let result = agent.call(&call, extensions, watch.bound(), watch.patiently(GRACE))?;
            return Ok((wire.event(result).map_err(|_| Trouble::NotA2a)?, None));
        }
        let mut stream = match agent.stream(&call, &self.data.extensions, watch, watch.patiently(GRACE)) {
            // The agent does not support streaming although its card says so. Nothing was sent.
            Err(trouble) if trouble.is_unsupported() => return self.exchange(agent, watch, false),
            opened => opened?,
        };
        loop {
            match stream.next(SILENCE, watch.patiently(GRACE))? {
                Heard::Event(event) => return Ok((*event, Some(stream))),
                Heard::End => return Err(Trouble::NotA2a),
                // Silence is not an error: an agent may think for longer than this before it sends anything.
                Heard::Silence => {
                    if let Some(found) = self.made_of_it(agent, watch) {
                        return Ok(found);
                    }
                }
            }
        }
    }

    /// The failure of the job when its task can no longer be read.
    fn lost(&mut self, trouble: Trouble, agent: &Agent) -> Failure {
        if trouble.is_unknown_task() {
            let failure = Failure::fatal(format!(
                "{} does not know the task any more that it made of the message, so nobody can tell whether it was done",
                agent.name()
            ));
            self.ended(&failure);
            return failure;
        }
        trouble.into_failure(agent.name(), "get task")
    }

    /// Records that the task failed, so that the next attempt starts a new delivery. If the host is killed, the attempt
    /// runs again under the same number. Then it finds the same task and ends in the same way.
    fn ended(&mut self, failure: &Failure) {
        if matches!(failure, Failure::Retry(_) | Failure::Fatal(_)) {
            self.delivery.ended_in = Some(self.attempt);
            self.keep(self.delivery.step);
        }
    }

    /// Saves the state of the delivery. If that fails, the job continues. The next attempt then has to look for the
    /// message.
    fn keep(&mut self, step: Step) {
        self.delivery.step = step;
        self.data.delivery = Some(self.delivery.clone());
        if let Err(error) = checkpoint::save(&self.data) {
            log::warn(format_args!("how far the delivery is was not kept: {error}"));
        }
    }
}

/// Whether the agent has refused the content of the call, rather than the call as such.
fn rejects(reply: &Result<Reply<'_>, Trouble>) -> bool {
    reply.as_ref().is_err_and(|trouble| matches!(trouble, Trouble::Rpc { .. }) && trouble.is_refusal())
}

/// Whether to follow a task that could not be read: the error is transient, or the attempt must end and following it
/// ends the attempt cleanly.
pub fn goes_on(trouble: &Trouble) -> bool {
    trouble.is_transient() || matches!(trouble, Trouble::Stopped(_))
}

/// The task of an earlier attempt. It has no stream.
fn taken_up<'a>(task: Task) -> Reply<'a> {
    (Event::Task(task), None)
}

/// Checks that a task has succeeded, or waits for input.
///
/// # Errors
/// The resulting failure of the job.
pub fn settled(task: &Task, agent: &str) -> Result<(), Failure> {
    match task.status.state {
        State::Failed => Err(Failure::retry(format!("the task of {agent} has failed"))),
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
    fn a_task_that_came_to_nothing_is_sent_anew_by_another_attempt_and_not_by_the_same() {
        let mut job = job(delivery(json!({ "endedIn": 1 })));
        let same = Deliver::new(&job, job.data.clone()).expect("a delivery");
        assert_eq!((same.delivery.task_id.as_deref(), same.message_id.as_str()), (Some("t"), "toril:test:1:0"));
        job.attempt = 2;
        let next = Deliver::new(&job, job.data.clone()).expect("a delivery");
        assert_eq!((next.delivery.task_id, next.message_id.as_str()), (None, "toril:test:1:0:2"));
    }

    #[test]
    fn a_task_that_goes_on_is_taken_up_by_every_attempt() {
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
