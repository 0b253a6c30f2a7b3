//! Follows a task to where nothing more happens by itself: by a stream where the agent can, else by asking again and
//! again.

use std::time::Duration;

use toril_plugin::{Failure, clock, log};

use crate::again::Again;
use crate::agent::{Agent, Heard, Stream};
use crate::model::{Event, State, Task};
use crate::told::Told;
use crate::trouble::Trouble;
use crate::watch::{Stop, Watch};

/// Pauses between two questions: they grow from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// A stream on which nothing arrives for so long may be dead without either side having noticed. The task is asked for.
const SILENCE: Duration = Duration::from_secs(60);
/// How long a stream is waited for before progress that was held back is published.
const HELD_BACK: Duration = Duration::from_millis(600);
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
    /// Whether a task that needs authorization is waited for.
    waits_for_authorization: bool,
    /// Whether a stream is opened.
    subscribes: bool,
    again: Again<'a>,
}

/// Why a task was left that has not ended by itself.
pub enum Unfinished {
    /// Nothing more is to be expected of it.
    Over(Failure),
    /// Another attempt goes on with it.
    GoesOn(Failure),
}

impl<'a> Follow<'a> {
    /// `told`: what was told of the task before.
    pub fn new(agent: &'a Agent, watch: &'a Watch, ours: Option<&'a str>, told: Told, task: Task) -> Self {
        let again = Again::new(agent.name(), watch);
        let subscribes = agent.interface.streaming;
        let (gapless, waits_for_authorization) = (true, false);
        let mut follow = Self { agent, watch, ours, task, told, gapless, waits_for_authorization, subscribes, again };
        // Nothing is known yet of a task that could not be asked for.
        if follow.task.status.state != State::Unknown {
            follow.told.task(&follow.task, follow.ours);
        }
        follow
    }

    /// Also waits while the task needs authorization: somebody gives it to the agent on another way.
    pub fn wait_for_authorization(mut self, waits: bool) -> Self {
        self.waits_for_authorization = waits;
        self
    }

    /// Only asks how far the task is.
    pub fn without_stream(mut self) -> Self {
        self.subscribes = false;
        self
    }

    /// What was told of the task.
    pub fn told(&self) -> &Told {
        &self.told
    }

    /// The task as far as it is known.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// Follows the task. `stream` is one that began with it.
    pub fn run(&mut self, mut stream: Option<Stream<'a>>) -> Result<(), Trouble> {
        let mut subscribing = self.subscribes;
        let (mut fruitless, mut pause) = (0, FIRST_PAUSE);
        let mut had_stream = stream.is_some();
        while !self.is_settled() {
            if let Some(open) = stream.take() {
                let brought = self.read(open)?;
                fruitless = if brought { 0 } else { fruitless + 1 };
                if !self.is_settled() || !self.gapless {
                    self.refresh()?;
                }
                self.gapless = false;
            } else if subscribing && fruitless < FRUITLESS {
                // An agent can end each stream at once. Without a pause this would subscribe without end.
                if std::mem::replace(&mut had_stream, true) {
                    self.watch.pause(pause)?;
                    pause = (pause * 3 / 2).min(LAST_PAUSE);
                }
                self.gapless = false;
                match self.agent.subscribe(&self.task.id, self.watch) {
                    Ok(open) => {
                        self.again.answered();
                        stream = Some(open);
                    }
                    // It may have ended in the meantime, or the agent was started anew and has lost who listens.
                    Err(trouble) if matches!(trouble, Trouble::Rpc { .. }) || !trouble.is_transient() => {
                        if let Trouble::Stopped(_) = trouble {
                            return Err(trouble);
                        }
                        subscribing = false;
                        self.refresh()?;
                    }
                    Err(trouble) => {
                        fruitless += 1;
                        self.again.wait(trouble)?;
                        self.refresh()?;
                    }
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
        match self.task.status.state {
            State::AuthRequired => !self.waits_for_authorization,
            state => state.is_settled(),
        }
    }

    /// Reads a stream until it ends or the task is settled. Says whether it has brought anything new.
    fn read(&mut self, mut stream: Stream<'_>) -> Result<bool, Trouble> {
        let mut brought = false;
        while !self.is_settled() {
            match stream.next(HELD_BACK, self.watch.at_once()) {
                Ok(Heard::Event(event)) => brought |= self.see(*event),
                Ok(Heard::Silence) if stream.silent_for() < SILENCE => self.told.publish(&self.task, clock::now()),
                Ok(Heard::Silence | Heard::End) => break,
                // What has become of the task is asked on a connection of its own.
                Err(Trouble::Http(error)) => {
                    log::debug(format_args!("the stream of the task broke: {error}"));
                    break;
                }
                Err(Trouble::Rpc { code }) => {
                    log::debug(format_args!("the stream of the task ended with A2A error {code}"));
                    break;
                }
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(brought)
    }

    /// Takes an event in. Says whether it is new. The work is no more than the event is large: there may be thousands.
    fn see(&mut self, event: Event) -> bool {
        match event {
            Event::Task(task) if task.id == self.task.id => {
                let brought = self.task.replace(task);
                self.told.task(&self.task, self.ours);
                brought
            }
            Event::Status { task_id, context_id, status, metadata } if task_id == self.task.id => {
                let brought = self.task.update(context_id, status, metadata);
                self.told.status(&self.task);
                brought
            }
            Event::Artifact { task_id, artifact, append, .. } if task_id == self.task.id => {
                let brought = self.task.put(artifact, append);
                self.told.publish(&self.task, clock::now());
                brought
            }
            Event::Message(message) => {
                self.told.message(&message);
                false
            }
            _ => false,
        }
    }

    /// Asks how far the task is, again and again while there is trouble that may pass.
    fn refresh(&mut self) -> Result<(), Trouble> {
        loop {
            match self.agent.task(&self.task.id, self.watch.at_once()) {
                Ok(task) => {
                    self.again.answered();
                    self.task = task;
                    self.told.task(&self.task, self.ours);
                    return Ok(());
                }
                Err(trouble) => self.again.wait(trouble)?,
            }
        }
    }

    /// Cancels the task at the agent, as the attempt has to end. Ok: the task has completed in the meantime.
    pub fn cancel(self, stop: &Stop) -> Result<Task, Unfinished> {
        let name = self.agent.name();
        let why = match stop {
            Stop::Shutdown | Stop::Deferred => return Err(Unfinished::GoesOn(Failure::defer(Duration::ZERO))),
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
            // The agent was out of reach, and still is. Its task may go on, and so does the next attempt.
            Err(trouble) if *stop == Stop::AttemptOver && self.again.is_in_trouble() && trouble.is_transient() => {
                Err(Unfinished::GoesOn(Failure::retry(format!(
                    "{name} could not be asked for its task when the attempt's time was up: {}",
                    trouble.told()
                ))))
            }
            Ok(task) if task.status.state == State::Completed => Ok(task),
            Ok(task) => {
                let state = task.status.state.name();
                let told = format!("{why}; its task was asked to be cancelled and is {state}");
                Err(Unfinished::Over(Failure::fatal(told)))
            }
            Err(trouble) => {
                let told = match trouble.into_failure(name, "cancel") {
                    Failure::Retry(told) | Failure::Fatal(told) => told,
                    _ => format!("{name} did not take it"),
                };
                Err(Unfinished::Over(Failure::fatal(format!("{why}; its task could not be cancelled: {told}"))))
            }
        }
    }
}
