//! Sends the message, unless the agent already has it, and returns the agent's answer.

use std::time::Duration;

use toril_plugin::{Failure, checkpoint, clock, log};

use super::{Deliver, can_still_follow};
use crate::agent::{Agent, GRACE, Received, Stream};
use crate::data::Step;
use crate::error::CallError;
use crate::lookup::{self, Found, Lookup};
use crate::model::{Event, Task};
use crate::watch::{Stop, Watch};
use crate::wire::{AnswerForm, Outgoing};

/// After this long without an event, the plugin also asks the agent whether it has created a task for the message: the
/// agent may be busy, or the connection may be dead.
const SILENCE: Duration = Duration::from_secs(60);

/// The agent's answer to the message, and the stream that continues after it.
pub(super) type Reply<'a> = (Event, Option<Stream<'a>>);

impl Deliver {
    /// Returns the task of an earlier attempt, or sends the message and returns the answer.
    pub(super) fn reply<'a>(&mut self, agent: &'a Agent, watch: &Watch) -> Result<Reply<'a>, Failure> {
        if let Some(id) = &self.delivery.task_id {
            log::info(format_args!("{} already has the message: resuming its task", agent.name()));
            let task = match agent.task(id, watch.with_grace(GRACE)) {
                Err(error) if can_still_follow(&error) => {
                    Ok(Task::unknown(id.clone(), self.delivery.context_id.clone()))
                }
                result => result,
            };
            return task.map(resumed).map_err(|error| self.unreadable_task(error, agent));
        }
        if self.delivery.step == Step::Sending {
            match self.lookup(agent, watch).look() {
                Ok(Found::Task(task)) => {
                    log::info(format_args!("{} already has the message: its task was found", agent.name()));
                    return Ok(resumed(*task));
                }
                // This also applies if no task was found: the agent may have answered without a task.
                Ok(_) if !agent.settings.resend => {
                    return Err(Failure::fatal(format!(
                        "it is unknown whether {0} has received the message, and its setting `resend` is false: check {0}, \
                         and add the job again if it has not",
                        agent.name()
                    )));
                }
                Ok(Found::Nothing) => {}
                Ok(Found::CannotTell) => log::warn(format_args!(
                    "it is unknown whether {} has received the message: sending it again with the same id",
                    agent.name()
                )),
                Err(error) => return Err(error.into_failure(agent.name(), "list tasks")),
            }
        }
        self.send(agent, watch)
    }

    fn send<'a>(&mut self, agent: &'a Agent, watch: &Watch) -> Result<Reply<'a>, Failure> {
        let form = if agent.interface.streaming { AnswerForm::Stream } else { AnswerForm::Single };
        log::info(format_args!(
            "sending a message of {} parts to {} (A2A {} over {}, {})",
            self.parts.len(),
            agent.name(),
            agent.interface.wire.version(),
            agent.interface.wire.binding().name(),
            if form == AnswerForm::Stream { "streaming" } else { "polling" }
        ));
        // Gets the token before the delivery is marked as possibly sent.
        agent
            .access
            .prepare(watch.without_grace())
            .map_err(|error| error.into_failure(agent.name(), "send message"))?;
        self.save_before_sending(lookup::context(agent, &self.data, &self.message_id))?;
        let mut reply = self.dispatch(agent, watch, form);
        if self.push.is_some() && reply.as_ref().is_err_and(CallError::is_without_notifications) {
            // The agent supports no notifications although its card says so. It has not accepted the message.
            reply = self.dispatch_without_push(agent, watch, form)?;
        }
        if self.data.context_id.is_none() && self.delivery.context_id.is_some() && rejects(&reply) {
            // An agent may refuse a conversation that it has not started itself; it must then return an error. It has
            // not accepted the message.
            log::info(format_args!("{} rejects a conversation that it did not start", agent.name()));
            self.save_before_sending(None)?;
            reply = self.dispatch(agent, watch, form);
        }
        if self.push.is_some() && rejects(&reply) {
            // An agent may refuse to send notifications to this address.
            reply = self.dispatch_without_push(agent, watch, form)?;
        }
        self.delivery.notifies = self.push.is_some() && reply.is_ok();
        reply.map_err(|error| {
            if error.is_refusal() {
                self.save(Step::Refused);
            } else if error.is_answer() {
                self.delivery.answered = true;
                self.save(Step::Sending);
            }
            match error {
                CallError::Stopped(Stop::Cancelled(why)) => Failure::fatal(format!(
                    "cancelled: {why}. {} had not answered, so it is unknown whether it has received the message",
                    agent.name()
                )),
                error => error.into_failure(agent.name(), "send message"),
            }
        })
    }

    /// Sends a message again that the agent has refused, this time without asking for notifications.
    fn dispatch_without_push<'a>(
        &mut self,
        agent: &'a Agent,
        watch: &Watch,
        form: AnswerForm,
    ) -> Result<Result<Reply<'a>, CallError>, Failure> {
        log::info(format_args!("{} rejects the request for notifications", agent.name()));
        self.push = None;
        self.save_before_sending(self.delivery.context_id.clone())?;
        Ok(self.dispatch(agent, watch, form))
    }

    /// Saves the state before anything is sent. Whatever happens afterwards, the next attempt knows that the message
    /// may have arrived.
    fn save_before_sending(&mut self, context_id: Option<String>) -> Result<(), Failure> {
        self.delivery.sending(context_id, clock::now());
        self.data.delivery = Some(self.delivery.clone());
        Ok(checkpoint::save(&self.data)?)
    }

    /// Sends the message. If the outcome is unknown, it looks for the message in the agent's tasks.
    fn dispatch<'a>(&self, agent: &'a Agent, watch: &Watch, form: AnswerForm) -> Result<Reply<'a>, CallError> {
        self.exchange(agent, watch, form).or_else(|error| match error {
            CallError::Stopped(_) => Err(error),
            _ if error.is_refusal() => Err(error),
            _ => self.find_task(agent, watch).ok_or(error),
        })
    }

    /// Looks once for the task that the agent has created for the message.
    fn find_task<'a>(&self, agent: &'a Agent, watch: &Watch) -> Option<Reply<'a>> {
        match self.lookup(agent, watch).once() {
            Ok(Found::Task(task)) => {
                log::info(format_args!("{} did not answer the message, but its task was found", agent.name()));
                Some(resumed(*task))
            }
            _ => None,
        }
    }

    fn lookup<'a>(&'a self, agent: &'a Agent, watch: &'a Watch) -> Lookup<'a> {
        let (command, delivery, message_id) = (&self.data, &self.delivery, self.message_id.as_str());
        Lookup { agent, watch, command, delivery, message_id }
    }

    fn exchange<'a>(&self, agent: &'a Agent, watch: &Watch, form: AnswerForm) -> Result<Reply<'a>, CallError> {
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
        let call = wire.send(&outgoing, form);
        // If the attempt must end, wait a little longer for the answer: the outcome of the sending should be known.
        if form == AnswerForm::Single {
            let extensions = &self.data.extensions;
            let result = agent.call(&call, extensions, watch.bound(), watch.with_grace(GRACE))?;
            return Ok((wire.event(result).map_err(|_| CallError::NotA2a)?, None));
        }
        let mut stream = match agent.stream(&call, &self.data.extensions, watch, watch.with_grace(GRACE)) {
            // The agent does not support streaming although its card says so. Nothing was sent.
            Err(error) if error.is_unsupported() => return self.exchange(agent, watch, AnswerForm::Single),
            opened => opened?,
        };
        loop {
            match stream.next(SILENCE, watch.with_grace(GRACE))? {
                Received::Event(event) => return Ok((*event, Some(stream))),
                Received::End => return Err(CallError::NotA2a),
                // Silence is not an error: an agent may think for longer than this before it sends anything.
                Received::Nothing => {
                    if let Some(found) = self.find_task(agent, watch) {
                        return Ok(found);
                    }
                }
            }
        }
    }
}

/// Whether the agent has refused the content of the call, rather than the call as such.
fn rejects(reply: &Result<Reply<'_>, CallError>) -> bool {
    reply.as_ref().is_err_and(|error| matches!(error, CallError::Rpc { .. }) && error.is_refusal())
}

/// The task of an earlier attempt. It has no stream.
fn resumed<'a>(task: Task) -> Reply<'a> {
    (Event::Task(task), None)
}
