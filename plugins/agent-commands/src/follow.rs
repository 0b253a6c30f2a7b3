//! Follows a task to where nothing more happens by itself: by a stream where the agent can, else by asking again and
//! again.

use std::time::Duration;

use toril_plugin::{Failure, log};

use crate::agent::{Agent, Stream};
use crate::model::{Event, State, Task};
use crate::told::Told;
use crate::trouble::Trouble;
use crate::watch::{Stop, Watch};

/// Pauses between two questions: they grow from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// How often a stream is opened anew that brings nothing.
const FRUITLESS: u32 = 3;
/// How long the agent may take to cancel a task. A job that was cancelled has 5 seconds in all.
const CANCEL: Duration = Duration::from_millis(3500);

/// A task that is followed.
pub struct Follow<'a> {
    agent: &'a Agent,
    watch: &'a Watch,
    /// The message that it was made of, if it was this job's.
    ours: Option<&'a str>,
    task: Task,
    told: Told,
    /// Whether everything was seen from the beginning on.
    gapless: bool,
}

impl<'a> Follow<'a> {
    pub fn new(agent: &'a Agent, watch: &'a Watch, ours: Option<&'a str>, task: Task) -> Self {
        let mut follow = Self { agent, watch, ours, task, told: Told::default(), gapless: true };
        follow.told.task(&follow.task, follow.ours);
        follow
    }

    /// The task as far as it is known.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// Follows the task. `stream` is one that began with it.
    pub fn run(&mut self, mut stream: Option<Stream<'a>>) -> Result<(), Trouble> {
        let mut subscribing = self.agent.interface.streaming;
        let (mut fruitless, mut pause) = (0, FIRST_PAUSE);
        while !self.is_settled() {
            if let Some(open) = stream.take() {
                let brought = self.read(open)?;
                fruitless = if brought { 0 } else { fruitless + 1 };
                if !self.is_settled() || !self.gapless {
                    self.refresh()?;
                }
                self.gapless = false;
            } else if subscribing && fruitless < FRUITLESS {
                self.gapless = false;
                let subscribe = self.agent.interface.wire.subscribe(&self.task.id);
                match self.agent.stream(&subscribe, self.watch, self.watch.at_once()) {
                    Ok(open) => stream = Some(open),
                    // It may have ended in the meantime, or the agent was started anew and has lost who listens.
                    Err(Trouble::Rpc { .. }) => {
                        subscribing = false;
                        self.refresh()?;
                    }
                    Err(trouble) => return Err(trouble),
                }
            } else {
                self.watch.pause(pause)?;
                pause = (pause * 3 / 2).min(LAST_PAUSE);
                self.refresh()?;
            }
        }
        Ok(())
    }

    fn is_settled(&self) -> bool {
        self.task.status.state.is_settled()
    }

    /// Reads a stream until it ends or the task is settled. Says whether it has brought anything new.
    fn read(&mut self, mut stream: Stream<'_>) -> Result<bool, Trouble> {
        let mut brought = false;
        while !self.is_settled() {
            match stream.next(self.watch.at_once()) {
                Ok(Some(event)) => brought |= self.see(event),
                Ok(None) => break,
                // What has become of the task is asked on a connection of its own.
                Err(Trouble::Http(error)) => {
                    log::debug(format_args!("the stream of the task broke: {error}"));
                    break;
                }
                Err(Trouble::Rpc { code }) => {
                    log::debug(format_args!("the stream of the task ended with JSON-RPC error {code}"));
                    break;
                }
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(brought)
    }

    /// Takes an event in. Says whether it is new.
    pub fn see(&mut self, event: Event) -> bool {
        let before = self.task.clone();
        match event {
            Event::Task(task) if task.id == self.task.id => {
                let artifacts = std::mem::take(&mut self.task.artifacts);
                self.task = task;
                // Some agents leave out what they have sent already.
                if self.task.artifacts.is_empty() {
                    self.task.artifacts = artifacts;
                }
            }
            Event::Status { task_id, context_id, status } if task_id == self.task.id => {
                self.task.context_id = self.task.context_id.take().or(context_id);
                self.task.status = status;
            }
            Event::Artifact { task_id, artifact, append, .. } if task_id == self.task.id => {
                self.task.put(artifact, append);
            }
            Event::Message(message) => self.told.message(&message),
            _ => {}
        }
        self.told.task(&self.task, self.ours);
        self.task != before
    }

    /// Asks how far the task is.
    fn refresh(&mut self) -> Result<(), Trouble> {
        self.task = self.agent.task(&self.task.id, self.watch.at_once())?;
        self.told.task(&self.task, self.ours);
        Ok(())
    }

    /// Cancels the task at the agent, as the attempt has to end. Ok: it has ended by itself, and is what it is.
    pub fn cancel(self, stop: &Stop) -> Result<Task, Failure> {
        let name = self.agent.name();
        let why = match stop {
            Stop::Shutdown => return Err(Failure::defer(Duration::ZERO)),
            Stop::Cancelled(why) => format!("cancelled: {why}"),
            Stop::AttemptOver => format!("{name} had not finished within the attempt's time (the queue's `timeout`)"),
            Stop::TimeoutOver => format!("{name} had not finished within the job's `timeoutMs`"),
        };
        let id = &self.task.id;
        let task = match self.agent.cancel(id, CANCEL, Watch::last_words()) {
            Err(trouble) if trouble.is_not_cancelable() => self.agent.task(id, self.watch.patiently(CANCEL / 3)),
            answered => answered,
        };
        match task {
            Ok(task) if task.status.state == State::Completed => Ok(task),
            Ok(task) => {
                let state = task.status.state.name();
                Err(Failure::fatal(format!("{why}; its task was asked to be cancelled and is {state}")))
            }
            Err(trouble) => {
                let told = match trouble.into_failure(name, "cancel") {
                    Failure::Retry(told) | Failure::Fatal(told) => told,
                    _ => format!("{name} did not take it"),
                };
                Err(Failure::fatal(format!("{why}; its task could not be cancelled: {told}")))
            }
        }
    }
}
