//! An agent that can be called: its settings and its card's content.

mod discovery;
mod stream;

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use toril_plugin::http::{HttpError, Request};
use toril_plugin::log;

use crate::access::Access;
use crate::card::Interface;
use crate::envelope::Binding;
use crate::error::{CallError, METHOD_NOT_FOUND};
use crate::exchange::{begin, exchange};
use crate::model::Task;
use crate::push::Push;
use crate::settings::Settings;
use crate::watch::{WaitLimit, Watch};
use crate::wire::{Call, Page};

pub use discovery::with_agent;
pub use stream::{Received, Stream};

/// Timeout of a call that only reads.
const QUESTION: Duration = Duration::from_secs(30);
/// How long a call that should not be interrupted halfway continues after the attempt should end. Shorter than the 5
/// seconds that a cancelled job has.
pub const GRACE: Duration = Duration::from_secs(2);

/// An agent.
pub struct Agent {
    pub settings: Settings,
    pub interface: Interface,
    pub access: Access,
    source: discovery::Source,
    /// Whether a call failed in a way that an outdated card could explain.
    suspect: Cell<bool>,
}

impl Agent {
    /// The agent's name in messages.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Calls a method and waits for its result. `extensions` are the extensions that the call uses.
    pub fn call(
        &self,
        call: &Call,
        extensions: &[String],
        timeout: Duration,
        wait_limit: WaitLimit<'_>,
    ) -> Result<Value, CallError> {
        let binding = self.interface.wire.binding();
        let answered = self.access.send(call.verb(), &call.url(&self.interface.url), &wait_limit, |request| {
            let request = self.request(request, call, extensions).header("accept", "application/json");
            let answer = exchange(request.timeout(timeout), wait_limit.clone())?;
            log::debug(format_args!("{} answered {} with {} bytes", self.name(), call.method, answer.body.len()));
            binding.succeeded(&answer)?;
            binding.result(&answer.body)
        });
        answered.inspect_err(|error| self.suspect(error))
    }

    /// Reads a task. If it is too large with its history, it is read without.
    pub fn task(&self, task_id: &str, wait_limit: WaitLimit<'_>) -> Result<Task, CallError> {
        let ask =
            |history, wait_limit| self.about_task(&self.interface.wire.get(task_id, history), QUESTION, wait_limit);
        match ask(None, wait_limit.clone()) {
            Err(CallError::Http(HttpError::TooLarge { .. })) => {
                log::debug(format_args!("the task of {} is too large, and is asked for without history", self.name()));
                ask(Some(0), wait_limit)
            }
            asked => asked,
        }
    }

    /// Asks the agent to cancel a task, with this timeout.
    pub fn cancel(&self, task_id: &str, timeout: Duration, wait_limit: WaitLimit<'_>) -> Result<Task, CallError> {
        self.about_task(&self.interface.wire.cancel(task_id), timeout, wait_limit)
    }

    /// Asks the agent to send notifications about a task.
    pub fn notify(&self, task_id: &str, push: &Push, wait_limit: WaitLimit<'_>) -> Result<(), CallError> {
        let asked = self.call(&self.interface.wire.notify(task_id, push), &[], QUESTION, wait_limit);
        asked.map(|_| ()).map_err(|error| self.of_method(error))
    }

    fn about_task(&self, call: &Call, timeout: Duration, wait_limit: WaitLimit<'_>) -> Result<Task, CallError> {
        let result = self.call(call, &[], timeout, wait_limit)?;
        self.interface.wire.task(result).map_err(|_| CallError::NotA2a)
    }

    /// Lists one page of the tasks of a conversation, or if none is given of all tasks since `since`. `None` if this
    /// protocol version cannot list tasks.
    pub fn tasks(
        &self,
        context_id: Option<&str>,
        since: SystemTime,
        page: Option<&str>,
        wait_limit: WaitLimit<'_>,
    ) -> Option<Result<Page, CallError>> {
        let call = self.interface.wire.list(context_id, since, page)?;
        let result = self.call(&call, &[], QUESTION, wait_limit).map_err(|error| self.of_method(error));
        Some(result.and_then(|result| self.interface.wire.page(result).map_err(|_| CallError::NotA2a)))
    }

    /// Calls a method that answers with a stream of events, and waits for the response to begin.
    pub fn stream(
        &self,
        call: &Call,
        extensions: &[String],
        watch: &Watch,
        wait_limit: WaitLimit<'_>,
    ) -> Result<Stream<'_>, CallError> {
        let opened = self.access.send(call.verb(), &call.url(&self.interface.url), &wait_limit, |request| {
            let mut wait_limit = wait_limit.clone();
            let request = self.request(request, call, extensions).header("accept", "text/event-stream");
            let mut answer = request.timeout(watch.bound()).open()?;
            begin(&mut answer, &mut wait_limit)?;
            Stream::of(self, answer, &mut wait_limit)
        });
        opened.inspect_err(|error| self.suspect(error)).map_err(|error| self.of_method(error))
    }

    fn suspect(&self, error: &CallError) {
        if error.may_be_an_old_card() {
            self.suspect.set(true);
        }
    }

    /// Subscribes to the events of a task from now on.
    pub fn subscribe(&self, task_id: &str, watch: &Watch) -> Result<Stream<'_>, CallError> {
        let mut call = self.interface.wire.subscribe(task_id);
        match (self.stream(&call, &[], watch, watch.without_grace()), &mut call.route) {
            // The specification has POST, the protocol's definition has GET. A server may support only one of them.
            (Err(CallError::Rpc { code: METHOD_NOT_FOUND }), Some(route)) => {
                route.verb = "GET";
                self.stream(&call, &[], watch, watch.without_grace())
            }
            (opened, _) => opened,
        }
    }

    /// Translates a 404 of HTTP+JSON. For calls whose URL depends only on the method.
    fn of_method(&self, error: CallError) -> CallError {
        if self.interface.wire.binding() == Binding::Rest { error.of_method() } else { error }
    }

    fn request(&self, request: Request, call: &Call, extensions: &[String]) -> Request {
        let wire = &self.interface.wire;
        let mut request = match call.body() {
            Some(body) => request.json(&body),
            None => request,
        };
        if let Some(version) = wire.header() {
            request = request.header("a2a-version", version);
        }
        if !extensions.is_empty() {
            request = request.header(wire.extensions_header(), extensions.join(", "));
        }
        request
    }
}

#[cfg(test)]
impl Agent {
    /// An agent that cannot be reached, for tests.
    pub fn for_test(interface: Interface) -> Self {
        let access = Access::new("agent x", crate::access::Credentials::default());
        let (source, suspect) = (discovery::Source::default(), Cell::new(false));
        Self { settings: Settings::default(), interface, access, source, suspect }
    }
}
