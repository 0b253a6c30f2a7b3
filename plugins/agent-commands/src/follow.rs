//! Follows a task until it ends or needs action from outside: by a stream if the agent supports it, otherwise by
//! polling.

use std::time::Duration;

use toril_plugin::{Failure, clock, log};

use crate::agent::{Agent, Received, Stream};
use crate::error::CallError;
use crate::model::{Event, State, Task};
use crate::progress::ProgressReporter;
use crate::retry::Retry;
use crate::watch::{Stop, Watch};

/// Pause between two polls. It grows from the first value to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// After this long without data, a stream may be dead without either side having noticed. Then the task is polled.
const SILENCE: Duration = Duration::from_secs(60);
/// How long to wait for the stream before held-back progress is published.
const HELD_BACK: Duration = Duration::from_millis(600);
/// Maximum number of consecutive subscriptions that bring no event.
const FRUITLESS: u32 = 3;
/// Timeout for cancelling a task at the agent. A cancelled job has 5 seconds in total.
const CANCEL: Duration = Duration::from_millis(3500);

/// Follows one task.
pub struct Follow<'a> {
    agent: &'a Agent,
    watch: &'a Watch,
    /// The id of the message that the task was created for, if this job sent it.
    ours: Option<&'a str>,
    task: Task,
    reporter: ProgressReporter,
    /// Whether no event since the start of the task can have been missed.
    gapless: bool,
    /// Whether to keep waiting while the task needs authorization.
    waits_for_authorization: bool,
    /// Whether to subscribe to a stream.
    subscribes: bool,
    retry: Retry<'a>,
}

/// Why following ended before the task did.
pub enum Unfinished {
    /// The job ends with this failure. Nothing more is expected from the task.
    Over(Failure),
    /// Another attempt continues with the task.
    Continues(Failure),
}

impl<'a> Follow<'a> {
    /// `reporter` has what earlier attempts have already reported about the task.
    pub fn new(
        agent: &'a Agent,
        watch: &'a Watch,
        ours: Option<&'a str>,
        reporter: ProgressReporter,
        task: Task,
    ) -> Self {
        let retry = Retry::new(agent.name(), watch);
        let subscribes = agent.interface.streaming;
        let (gapless, waits_for_authorization) = (true, false);
        let mut follow =
            Self { agent, watch, ours, task, reporter, gapless, waits_for_authorization, subscribes, retry };
        // The state is unknown if the task could not be read yet. Then there is nothing to report.
        if follow.task.status.state != State::Unknown {
            follow.reporter.report_task(&follow.task, follow.ours);
        }
        follow
    }

    /// Also waits while the task needs authorization, which somebody gives to the agent outside of A2A.
    pub fn wait_for_authorization(mut self, waits: bool) -> Self {
        self.waits_for_authorization = waits;
        self
    }

    /// Polls the task and opens no stream.
    pub fn without_stream(mut self) -> Self {
        self.subscribes = false;
        self
    }

    /// What was reported about the task so far.
    pub fn reporter(&self) -> &ProgressReporter {
        &self.reporter
    }

    /// The latest known state of the task.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// Follows the task. `stream` is the stream with which the task began, if any.
    pub fn run(&mut self, mut stream: Option<Stream<'a>>) -> Result<(), CallError> {
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
                // An agent may end each stream at once. Without a pause this would be a busy loop of subscriptions.
                if std::mem::replace(&mut had_stream, true) {
                    self.watch.pause(pause)?;
                    pause = (pause * 3 / 2).min(LAST_PAUSE);
                }
                self.gapless = false;
                match self.agent.subscribe(&self.task.id, self.watch) {
                    Ok(open) => {
                        self.retry.answered();
                        stream = Some(open);
                    }
                    // The task may have ended in the meantime, or the agent has restarted and lost its subscribers.
                    Err(error) if matches!(error, CallError::Rpc { .. }) || !error.is_transient() => {
                        if let CallError::Stopped(_) = error {
                            return Err(error);
                        }
                        subscribing = false;
                        self.refresh()?;
                    }
                    Err(error) => {
                        fruitless += 1;
                        self.retry.wait(error)?;
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

    /// Reads a stream until it ends or the task is settled. Returns whether it brought anything new.
    fn read(&mut self, mut stream: Stream<'_>) -> Result<bool, CallError> {
        let mut brought = false;
        while !self.is_settled() {
            match stream.next(HELD_BACK, self.watch.without_grace()) {
                Ok(Received::Event(event)) => brought |= self.see(*event),
                Ok(Received::Nothing) if stream.idle_for() < SILENCE => self.reporter.publish(&self.task, clock::now()),
                Ok(Received::Nothing | Received::End) => break,
                // The stream broke. The task's state is polled on a new connection.
                Err(CallError::Http(error)) => {
                    log::debug(format_args!("the stream of the task broke: {error}"));
                    break;
                }
                Err(CallError::Rpc { code }) => {
                    log::debug(format_args!("the stream of the task ended with A2A error {code}"));
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(brought)
    }

    /// Applies an event. Returns whether it was new. The work is proportional to the event's size only, because there
    /// may be thousands of events.
    fn see(&mut self, event: Event) -> bool {
        match event {
            Event::Task(task) if task.id == self.task.id => {
                let brought = self.task.replace(task);
                self.reporter.report_task(&self.task, self.ours);
                brought
            }
            Event::Status { task_id, context_id, status, metadata } if task_id == self.task.id => {
                let brought = self.task.update(context_id, status, metadata);
                self.reporter.report_status(&self.task);
                brought
            }
            Event::Artifact { task_id, artifact, append, .. } if task_id == self.task.id => {
                let brought = self.task.put(artifact, append);
                self.reporter.publish(&self.task, clock::now());
                brought
            }
            Event::Message(message) => {
                self.reporter.log_message(&message);
                false
            }
            _ => false,
        }
    }

    /// Polls the task, and retries on transient errors.
    fn refresh(&mut self) -> Result<(), CallError> {
        loop {
            match self.agent.task(&self.task.id, self.watch.without_grace()) {
                Ok(task) => {
                    self.retry.answered();
                    self.task.replace(task);
                    self.reporter.report_task(&self.task, self.ours);
                    return Ok(());
                }
                Err(error) => self.retry.wait(error)?,
            }
        }
    }

    /// Cancels the task at the agent because the attempt must end. Returns `Ok` if the task has completed in the
    /// meantime.
    pub fn cancel(self, stop: &Stop) -> Result<Task, Unfinished> {
        let name = self.agent.name();
        let why = match stop {
            Stop::Shutdown | Stop::Deferred => return Err(Unfinished::Continues(Failure::defer(Duration::ZERO))),
            Stop::Cancelled(why) => format!("cancelled: {why}"),
            Stop::AttemptOver => format!("{name} did not finish within the attempt's time (the queue's `timeout`)"),
            Stop::TimeoutOver => format!("{name} did not finish within the job's `timeoutMs`"),
        };
        let id = &self.task.id;
        let task = match self.agent.cancel(id, CANCEL, Watch::last_call(CANCEL)) {
            Err(error) if error.is_not_cancelable() => self.agent.task(id, self.watch.with_grace(CANCEL / 3)),
            answered => answered,
        };
        match task {
            // The agent was unreachable and still is. Its task may be running, so the next attempt continues with it.
            Err(error) if *stop == Stop::AttemptOver && self.retry.is_failing() && error.is_transient() => {
                Err(Unfinished::Continues(Failure::retry(format!(
                    "the task of {name} could not be read when the attempt's time was up: {}",
                    error
                ))))
            }
            Ok(task) if task.status.state == State::Completed => Ok(task),
            Ok(task) => {
                let state = task.status.state.name();
                let reason = format!("{why}. The plugin asked for its task to be cancelled, and the task is {state}");
                Err(Unfinished::Over(Failure::fatal(reason)))
            }
            Err(error) => {
                let reason = match error.into_failure(name, "cancel") {
                    Failure::Retry(reason) | Failure::Fatal(reason) => reason,
                    _ => format!("{name} is overloaded"),
                };
                Err(Unfinished::Over(Failure::fatal(format!("{why}. Its task could not be cancelled: {reason}"))))
            }
        }
    }
}
