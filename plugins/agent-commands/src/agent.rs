//! An agent that can be called: its settings, and what its card says.

mod stream;

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Value, json};
use toril_plugin::http::{HttpError, Request};
use toril_plugin::{Failure, log};

use crate::access::Access;
use crate::card::{Card, Interface};
use crate::exchange::{Whole, begin, exchange, without_mark};
use crate::model::Task;
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::watch::{Patience, Watch};
use crate::wire::{Call, Page};

pub use stream::{Heard, Stream};

/// The newest version that is spoken here.
const NEWEST: &str = "1.0";
/// The codes that JSON-RPC keeps for itself and for servers. Other APIs have errors of the same form with other codes.
const RPC_ERRORS: std::ops::RangeInclusive<i64> = -32_768..=-32_000;
/// How long a call may take that only asks for something.
const QUESTION: Duration = Duration::from_secs(30);
/// How long what should not be left half done goes on after the attempt should end. Shorter than the 5 seconds that a
/// cancelled job has.
pub const GRACE: Duration = Duration::from_secs(2);

/// An agent.
pub struct Agent {
    pub settings: Settings,
    pub interface: Interface,
    pub access: Access,
}

/// What a call is answered with: one of the two. The error's message is the agent's text, and is left where it is.
#[derive(Deserialize)]
struct Answer {
    result: Option<Value>,
    error: Option<RpcError>,
}

#[derive(Deserialize)]
struct RpcError {
    code: i64,
}

impl Agent {
    /// Reads the agent's card.
    ///
    /// # Errors
    /// If there is none, or it offers nothing that fits.
    pub fn meet(mut settings: Settings, watch: &Watch) -> Result<Self, Failure> {
        let name = settings.name.clone();
        let mut access = Access::new(&name, std::mem::take(&mut settings.credentials));
        let fail = |trouble: Trouble| trouble.into_failure(&name, "agent-card.json");
        let mut missing = None;
        for place in settings.card_places() {
            let patience = watch.patiently(GRACE);
            let read = access.send("GET", &place.url, &patience, |request| {
                // Some agents show an older card to whom does not name a version.
                let request = request.header("accept", "application/json").header("a2a-version", NEWEST);
                exchange(request.timeout(QUESTION), patience.clone())?.card()
            });
            let card = match read {
                Ok(card) => card,
                Err(trouble) if trouble.is_no_card() => {
                    missing.get_or_insert(trouble);
                    continue;
                }
                Err(trouble) => return Err(fail(trouble)),
            };
            // An origin can have many agents, and has the card of one of them at most.
            if place.is_origin && settings.rpc_url.is_none() && !card.is_at(&settings.url) {
                return Err(Failure::fatal(format!(
                    "{name} has no card below the path of its address, and the card at its origin is that of an agent with \
                     another address: set the address to the origin if that agent is meant, or to the address of the card"
                )));
            }
            access.learn(card.security());
            let mut interface = card.choose(&name)?;
            if let Some(url) = &settings.rpc_url {
                interface.url.clone_from(url);
            }
            return Ok(Self { settings, interface, access });
        }
        Err(match missing {
            Some(Trouble::Status { status, .. }) => Failure::fatal(format!(
                "{name} has no card at /.well-known/agent-card.json ({status}): check its address"
            )),
            _ => fail(Trouble::NotA2a),
        })
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Calls a method, and waits for its result. `extensions` are those that the call makes use of.
    pub fn call(
        &self,
        call: &Call,
        extensions: &[String],
        timeout: Duration,
        patience: Patience<'_>,
    ) -> Result<Value, Trouble> {
        self.access.send("POST", &self.interface.url, &patience, |request| {
            let request = self.request(request, call, extensions).header("accept", "application/json");
            let answer = exchange(request.timeout(timeout), patience.clone())?;
            log::debug(format_args!("{} answered {} with {} bytes", self.name(), call.method, answer.body.len()));
            answer.succeeded()?;
            result(&answer.body)
        })
    }

    /// Asks for a task. Without its history, if it is too large with it.
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

    /// Asks the agent to cancel a task, within that time.
    pub fn cancel(&self, task_id: &str, timeout: Duration, patience: Patience<'_>) -> Result<Task, Trouble> {
        self.about_task(&self.interface.wire.cancel(task_id), timeout, patience)
    }

    fn about_task(&self, call: &Call, timeout: Duration, patience: Patience<'_>) -> Result<Task, Trouble> {
        let result = self.call(call, &[], timeout, patience)?;
        self.interface.wire.task(result).map_err(|_| Trouble::NotA2a)
    }

    /// One page of the tasks of a conversation, or without one of all tasks since then. None: this version of the
    /// protocol does not list tasks.
    pub fn tasks(
        &self,
        context_id: Option<&str>,
        since: SystemTime,
        page: Option<&str>,
        patience: Patience<'_>,
    ) -> Option<Result<Page, Trouble>> {
        let call = self.interface.wire.list(context_id, since, page)?;
        let result = self.call(&call, &[], QUESTION, patience);
        Some(result.and_then(|result| self.interface.wire.page(result).map_err(|_| Trouble::NotA2a)))
    }

    /// Calls a method that is answered with a stream of events, and waits for its beginning.
    pub fn stream(
        &self,
        call: &Call,
        extensions: &[String],
        watch: &Watch,
        patience: Patience<'_>,
    ) -> Result<Stream<'_>, Trouble> {
        self.access.send("POST", &self.interface.url, &patience, |request| {
            let mut patience = patience.clone();
            let request = self.request(request, call, extensions).header("accept", "text/event-stream");
            let mut answer = request.timeout(watch.bound()).open()?;
            begin(&mut answer, &mut patience)?;
            Stream::of(self, answer, &mut patience)
        })
    }

    fn request(&self, request: Request, call: &Call, extensions: &[String]) -> Request {
        let wire = &self.interface.wire;
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": call.method, "params": call.params });
        let mut request = request.json(&body);
        if let Some(version) = wire.header() {
            request = request.header("a2a-version", version);
        }
        if !extensions.is_empty() {
            request = request.header(wire.extensions_header(), extensions.join(", "));
        }
        request
    }
}

impl Whole {
    /// An error of JSON-RPC says more than the status that it comes with, but for those that are about the caller.
    fn succeeded(&self) -> Result<(), Trouble> {
        match self.status {
            200..300 => Ok(()),
            401 | 403 | 429 => Err(Trouble::Status { status: self.status, wait: self.wait }),
            status => match result(&self.body) {
                Err(Trouble::Rpc { code }) if RPC_ERRORS.contains(&code) => Err(Trouble::Rpc { code }),
                _ => Err(Trouble::Status { status, wait: self.wait }),
            },
        }
    }
}

impl Whole {
    fn card(&self) -> Result<Card, Trouble> {
        self.succeeded()?;
        serde_json::from_slice(without_mark(&self.body)).map_err(|_| Trouble::NotA2a)
    }
}

/// The result that an answer of JSON-RPC has.
fn result(document: &[u8]) -> Result<Value, Trouble> {
    match serde_json::from_slice(without_mark(document)) {
        Ok(Answer { error: Some(error), .. }) => Err(Trouble::Rpc { code: error.code }),
        Ok(Answer { result: Some(result), .. }) => Ok(result),
        Ok(Answer { .. }) | Err(_) => Err(Trouble::NotA2a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_json_rpc_is_told_by_its_code_alone() {
        assert_eq!(result(br#"{"error":{"code":-32602,"message":"secret"}}"#), Err(Trouble::Rpc { code: -32602 }));
        assert_eq!(result("\u{feff}{\"result\":1}".as_bytes()), Ok(json!(1)));
        for document in ["<secret>", "{}", r#"{"result":null}"#] {
            assert_eq!(result(document.as_bytes()), Err(Trouble::NotA2a), "{document}");
        }
    }

    #[test]
    fn an_error_of_json_rpc_counts_under_any_status_but_those_about_the_caller() {
        let trouble = |status, body: &str| Whole::for_test(status, &[], body).succeeded().expect_err("no success");
        let error = |code| format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":{code}}}}}"#);
        for status in [400, 404, 500, 503] {
            assert_eq!(trouble(status, &error(-32001)), Trouble::Rpc { code: -32001 }, "{status}");
            assert_eq!(trouble(status, &error(404)), Trouble::Status { status, wait: None }, "{status}");
            assert_eq!(trouble(status, "<html>"), Trouble::Status { status, wait: None }, "{status}");
        }
        for status in [401, 403, 429] {
            assert_eq!(trouble(status, &error(-32001)), Trouble::Status { status, wait: None }, "{status}");
        }
    }

    #[test]
    fn a_status_that_is_none_of_success_keeps_what_it_says_about_waiting() {
        let answer = Whole::for_test(429, &[("retry-after", "3")], "");
        assert_eq!(answer.succeeded(), Err(Trouble::Status { status: 429, wait: Some(Duration::from_secs(3)) }));
    }
}
