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
use crate::error::{METHOD_NOT_FOUND, Trouble};
use crate::exchange::{begin, exchange};
use crate::model::Task;
use crate::push::Push;
use crate::settings::Settings;
use crate::watch::{Patience, Watch};
use crate::wire::{Call, Page};

pub use discovery::with_agent;
pub use stream::{Heard, Stream};

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
        patience: Patience<'_>,
    ) -> Result<Value, Trouble> {
        let binding = self.interface.wire.binding();
        let answered = self.access.send(call.verb(), &call.url(&self.interface.url), &patience, |request| {
            let request = self.request(request, call, extensions).header("accept", "application/json");
            let answer = exchange(request.timeout(timeout), patience.clone())?;
            log::debug(format_args!("{} answered {} with {} bytes", self.name(), call.method, answer.body.len()));
            binding.succeeded(&answer)?;
            binding.result(&answer.body)
        });
        answered.inspect_err(|trouble| self.suspect(trouble))
    }

    /// Reads a task. If it is too large with its history, it is read without.
    pub fn task(&self, task_id: &str, patience: Patience<'_>) -> Result<Task, Trouble> {
        let ask = |history, patience| self.about_task(&self.interface.wire.get(task_id, history), QUESTION, patience);
        match ask(None, patience.clone()) {
            Err(Trouble::Http(HttpError::TooLarge { .. })) => {
                log::debug(format_args!("the task of {} is too large, and is asked for without history", self.name()));
                ask(Some(0), patience)
            }
            asked => asked,
        }
    }

    /// Asks the agent to cancel a task, with this timeout.
    pub fn cancel(&self, task_id: &str, timeout: Duration, patience: Patience<'_>) -> Result<Task, Trouble> {
        self.about_task(&self.interface.wire.cancel(task_id), timeout, patience)
    }

    /// Asks the agent to send notifications about a task.
    pub fn notify(&self, task_id: &str, push: &Push, patience: Patience<'_>) -> Result<(), Trouble> {
        let asked = self.call(&self.interface.wire.notify(task_id, push), &[], QUESTION, patience);
        asked.map(|_| ()).map_err(|trouble| self.of_method(trouble))
    }

    fn about_task(&self, call: &Call, timeout: Duration, patience: Patience<'_>) -> Result<Task, Trouble> {
        let result = self.call(call, &[], timeout, patience)?;
        self.interface.wire.task(result).map_err(|_| Trouble::NotA2a)
    }

    /// Lists one page of the tasks of a conversation, or if none is given of all tasks since `since`. `None` if this
    /// protocol version cannot list tasks.
    pub fn tasks(
        &self,
        context_id: Option<&str>,
        since: SystemTime,
        page: Option<&str>,
        patience: Patience<'_>,
    ) -> Option<Result<Page, Trouble>> {
        let call = self.interface.wire.list(context_id, since, page)?;
        let result = self.call(&call, &[], QUESTION, patience).map_err(|trouble| self.of_method(trouble));
        Some(result.and_then(|result| self.interface.wire.page(result).map_err(|_| Trouble::NotA2a)))
    }

    /// Calls a method that answers with a stream of events, and waits for the response to begin.
    pub fn stream(
        &self,
        call: &Call,
        extensions: &[String],
        watch: &Watch,
        patience: Patience<'_>,
    ) -> Result<Stream<'_>, Trouble> {
        let opened = self.access.send(call.verb(), &call.url(&self.interface.url), &patience, |request| {
            let mut patience = patience.clone();
            let request = self.request(request, call, extensions).header("accept", "text/event-stream");
            let mut answer = request.timeout(watch.bound()).open()?;
            begin(&mut answer, &mut patience)?;
            Stream::of(self, answer, &mut patience)
        });
        opened.inspect_err(|trouble| self.suspect(trouble)).map_err(|trouble| self.of_method(trouble))
    }

    fn suspect(&self, trouble: &Trouble) {
        if trouble.may_be_an_old_card() {
            self.suspect.set(true);
        }
    }

    /// Subscribes to the events of a task from now on.
    pub fn subscribe(&self, task_id: &str, watch: &Watch) -> Result<Stream<'_>, Trouble> {
        let mut call = self.interface.wire.subscribe(task_id);
        match (self.stream(&call, &[], watch, watch.at_once()), &mut call.route) {
            // The specification has POST, the protocol's definition has GET. A server may support only one of them.
            (Err(Trouble::Rpc { code: METHOD_NOT_FOUND }), Some(route)) => {
                route.verb = "GET";
                self.stream(&call, &[], watch, watch.at_once())
            }
            (opened, _) => opened,
        }
    }

    /// Translates a 404 of HTTP+JSON. For calls whose URL depends only on the method.
    fn of_method(&self, trouble: Trouble) -> Trouble {
        if self.interface.wire.binding() == Binding::Rest { trouble.of_method() } else { trouble }
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
