//! The protocol versions, one module each. They translate between `model` and the version's JSON.

mod v03;
mod v03_rest;
mod v1;

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use crate::access::encoded;
use crate::envelope::Binding;
use crate::model::{Event, Part, Task};
use crate::push::Push;

pub use v1::V1;
pub use v03::V03;
pub use v03_rest::V03Rest;

/// A method with its parameters.
#[derive(Debug)]
pub struct Call {
    pub method: &'static str,
    pub params: Value,
    /// Only over HTTP+JSON: the URL and verb. Over JSON-RPC, method and parameters are in the body.
    pub route: Option<Route>,
}

/// An HTTP+JSON request. The parameters are in the body, or with `GET` in the query.
#[derive(Debug)]
pub struct Route {
    pub verb: &'static str,
    /// Path below the interface's URL.
    pub path: String,
}

impl Call {
    fn rpc(method: &'static str, params: impl Into<Value>) -> Self {
        Self { method, params: params.into(), route: None }
    }

    /// The HTTP verb.
    pub fn verb(&self) -> &'static str {
        self.route.as_ref().map_or("POST", |route| route.verb)
    }

    /// The URL of the request, for an interface at this URL.
    pub fn url(&self, interface: &str) -> String {
        let Some(route) = &self.route else { return interface.to_owned() };
        let interface = interface.split('#').next().unwrap_or_default();
        let (address, query) = interface.split_once('?').map_or((interface, None), |(url, query)| (url, Some(query)));
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let params = self.params.as_object().filter(|_| route.verb == "GET").into_iter().flatten();
        let params = params.map(|(name, value)| format!("{name}={}", encoded(&text(value))));
        let query: Vec<_> = query.map(str::to_owned).into_iter().chain(params).collect();
        let sign = if query.is_empty() { "" } else { "?" };
        format!("{}{}{sign}{}", address.trim_end_matches('/'), route.path, query.join("&"))
    }

    /// The body of the request, if it has one.
    pub fn body(&self) -> Option<Value> {
        match &self.route {
            None => Some(json!({ "jsonrpc": "2.0", "id": 1, "method": self.method, "params": self.params })),
            Some(route) => (route.verb != "GET").then(|| self.params.clone()),
        }
    }
}

/// A message to the agent.
pub struct Outgoing<'a> {
    pub message_id: &'a str,
    pub context_id: Option<&'a str>,
    pub task_id: Option<&'a str>,
    pub parts: &'a [Part],
    pub metadata: Option<&'a Map<String, Value>>,
    pub accepted_output_modes: &'a [String],
    pub reference_task_ids: &'a [String],
    pub extensions: &'a [String],
    /// Where the agent sends notifications about the resulting task.
    pub push: Option<&'a Push>,
}

/// How a version writes a message: the names and values in which the versions differ.
struct MessageForm {
    /// The member `kind`, if the version has it.
    kind: Option<&'static str>,
    role: &'static str,
    /// The member with the parts.
    parts: &'static str,
    part: fn(&Part) -> Value,
    /// The member that makes the agent answer before the task has ended, and its value.
    immediate: (&'static str, bool),
    /// The member with the configuration of push notifications.
    push: &'static str,
}

impl Outgoing<'_> {
    /// The parameters of the request that sends this message.
    fn params(&self, form: &MessageForm, answer: AnswerForm) -> Map<String, Value> {
        let mut message = Map::new();
        set(&mut message, "kind", form.kind);
        set(&mut message, "role", Some(form.role));
        set(&mut message, "messageId", Some(self.message_id));
        set(&mut message, form.parts, Some(self.parts.iter().map(form.part).collect::<Vec<_>>()));
        set(&mut message, "contextId", self.context_id);
        set(&mut message, "taskId", self.task_id);
        set_list(&mut message, "referenceTaskIds", self.reference_task_ids);
        set_list(&mut message, "extensions", self.extensions);
        let mut configuration = Map::new();
        let (name, value) = form.immediate;
        set(&mut configuration, name, (answer == AnswerForm::Single).then_some(value));
        set_list(&mut configuration, "acceptedOutputModes", self.accepted_output_modes);
        set(&mut configuration, form.push, self.push.map(push_config));
        let mut params = Map::from_iter([("message".to_owned(), message.into())]);
        set(&mut params, "configuration", (!configuration.is_empty()).then_some(configuration));
        set(&mut params, "metadata", self.metadata.cloned());
        params
    }
}

#[cfg(test)]
impl<'a> Outgoing<'a> {
    fn for_test(message_id: &'a str, parts: &'a [Part]) -> Self {
        Self {
            message_id,
            context_id: None,
            task_id: None,
            parts,
            metadata: None,
            accepted_output_modes: &[],
            reference_task_ids: &[],
            extensions: &[],
            push: None,
        }
    }
}

/// One page of tasks.
pub struct Page {
    pub tasks: Vec<Task>,
    /// The token of the next page.
    pub next: Option<String>,
}

/// A document that does not follow the protocol version.
#[derive(Debug, thiserror::Error)]
#[error("the document does not follow the protocol version")]
pub struct UnexpectedDocument;

impl From<serde_json::Error> for UnexpectedDocument {
    /// The original error is dropped because its text can quote the document.
    fn from(_: serde_json::Error) -> Self {
        Self
    }
}

/// How the agent answers a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerForm {
    /// By a stream of events.
    Stream,
    /// By one response, which comes as soon as there is a task or a reply.
    Single,
}

/// A version of the protocol, over JSON-RPC or HTTP+JSON.
pub trait Wire {
    /// Major and minor version.
    fn version(&self) -> &'static str;
    /// The transport of calls.
    fn binding(&self) -> Binding;
    /// The value of the header `A2A-Version`, if the version has that header.
    fn header(&self) -> Option<&'static str> {
        None
    }
    /// The header that lists the extensions that a call uses.
    fn extensions_header(&self) -> &'static str;
    /// Sends a message, which the agent answers in this form.
    fn send(&self, message: &Outgoing<'_>, form: AnswerForm) -> Call;
    /// Reads a task with at most this many messages of its history. `None` leaves the number to the agent.
    fn get(&self, task_id: &str, history: Option<u32>) -> Call;
    /// Asks the agent to cancel a task.
    fn cancel(&self, task_id: &str) -> Call;
    /// Subscribes to the events of a task from now on.
    fn subscribe(&self, task_id: &str) -> Call;
    /// Asks the agent to send notifications about a task.
    fn notify(&self, task_id: &str, push: &Push) -> Call;
    /// Whether the version can list tasks.
    fn lists(&self) -> bool {
        false
    }
    /// Lists the tasks of a conversation, or if none is given all tasks whose status is not older than `since`. `None`
    /// if the version cannot list tasks.
    fn list(&self, _context_id: Option<&str>, _since: SystemTime, _page: Option<&str>) -> Option<Call> {
        None
    }
    /// Reads the answer to a message, or an event of a stream.
    fn event(&self, result: Value) -> Result<Event, UnexpectedDocument>;
    /// Reads a task.
    fn task(&self, result: Value) -> Result<Task, UnexpectedDocument>;
    /// Reads a page of tasks.
    fn page(&self, _result: Value) -> Result<Page, UnexpectedDocument> {
        Err(UnexpectedDocument)
    }
}

/// The configuration of a push notification.
fn push_config(push: &Push) -> Map<String, Value> {
    let mut config = Map::new();
    set(&mut config, "id", Some(push.id.as_str()));
    set(&mut config, "url", Some(push.url.as_str()));
    set(&mut config, "token", Some(push.token.expose()));
    config
}

/// Percent-encodes a text as one segment of a path.
fn segment(text: &str) -> String {
    encoded(text)
}

/// Adds a member to an object, unless the list is empty.
fn set_list(object: &mut Map<String, Value>, name: &str, values: &[String]) {
    if !values.is_empty() {
        object.insert(name.to_owned(), values.into());
    }
}

/// Adds a member to an object, if there is a value.
fn set(object: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(name.to_owned(), value.into());
    }
}

/// Treats an empty text as missing, because agents send both.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_of_http_json_has_its_parameters_in_the_query_or_the_body() {
        let call = |verb| Call {
            method: "ListTasks",
            params: json!({ "contextId": "a b", "pageSize": 50 }),
            route: Some(Route { verb, path: "/tasks".into() }),
        };
        assert_eq!(call("GET").url("https://a/x/?key=1"), "https://a/x/tasks?key=1&contextId=a%20b&pageSize=50");
        assert_eq!((call("GET").body(), call("POST").body()), (None, Some(call("POST").params)));
        assert_eq!(call("POST").url("https://a"), "https://a/tasks");
        assert_eq!(Call::rpc("x", json!({})).url("https://a/rpc/"), "https://a/rpc/");
    }

    #[test]
    fn every_version_asks_for_notifications_with_the_message_and_for_a_task() {
        let push = Push { id: "i".into(), url: "https://h/x".into(), token: crate::access::Secret::new("hush") };
        let config = json!({ "id": "i", "url": "https://h/x", "token": "hush" });
        let wires: [(Box<dyn Wire>, &str, &str); 4] = [
            (Box::new(V1 { tenant: None, binding: Binding::JsonRpc }), "/taskPushNotificationConfig", ""),
            (Box::new(V1 { tenant: None, binding: Binding::Rest }), "/taskPushNotificationConfig", ""),
            (Box::new(V03), "/pushNotificationConfig", "/pushNotificationConfig"),
            (Box::new(V03Rest), "/pushNotification", "/pushNotificationConfig"),
        ];
        for (wire, with_message, for_task) in wires {
            let name = format!("{} over {}", wire.version(), wire.binding().name());
            let outgoing = Outgoing { push: Some(&push), ..Outgoing::for_test("m", &[]) };
            let sent = wire.send(&outgoing, AnswerForm::Stream).params;
            assert_eq!(sent.pointer(&format!("/configuration{with_message}")), Some(&config), "{name}");
            let asked = wire.notify("t", &push);
            let config_sent = asked.params.pointer(for_task).expect("the configuration");
            assert_eq!((&config_sent["url"], &config_sent["token"]), (&config["url"], &config["token"]), "{name}");
            if wire.binding() == Binding::Rest {
                assert!(asked.url("https://a").ends_with("/tasks/t/pushNotificationConfigs"), "{name}");
            } else {
                assert_eq!(asked.params["taskId"], "t", "{name}");
            }
        }
    }
}
