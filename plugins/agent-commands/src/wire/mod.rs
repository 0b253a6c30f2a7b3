//! The versions of the protocol, a module each: what is asked and answered as JSON, and what that is in `model`.

mod v03;
mod v1;

use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::model::{Event, Part, Task};

pub use v1::V1;
pub use v03::V03;

/// A method with its parameters.
#[derive(Debug)]
pub struct Call {
    pub method: &'static str,
    pub params: Value,
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
}

/// One page of a list of tasks.
pub struct Page {
    pub tasks: Vec<Task>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// A document that is not what the version says.
#[derive(Debug, thiserror::Error)]
#[error("this is not what the protocol has")]
pub struct NotThis;

impl From<serde_json::Error> for NotThis {
    /// The error's own text can quote the document.
    fn from(_: serde_json::Error) -> Self {
        Self
    }
}

/// A version of the protocol, over JSON-RPC.
pub trait Wire {
    /// Major and minor version.
    fn version(&self) -> &'static str;
    /// What the header `A2A-Version` says, where the version has that.
    fn header(&self) -> Option<&'static str>;
    /// The header that names the extensions that a call makes use of.
    fn extensions_header(&self) -> &'static str;
    /// Sends a message. The answer is a stream, or comes as soon as there is a task or a reply.
    fn send(&self, message: &Outgoing<'_>, streaming: bool) -> Call;
    /// Asks for a task, with so many messages of its history. None: as many as the agent likes.
    fn get(&self, task_id: &str, history: Option<u32>) -> Call;
    /// Asks the agent to cancel a task.
    fn cancel(&self, task_id: &str) -> Call;
    /// Asks for a stream of what happens to a task from now on.
    fn subscribe(&self, task_id: &str) -> Call;
    /// Whether the version can list tasks.
    fn lists(&self) -> bool;
    /// Asks for the tasks of a conversation, or without one for all tasks whose status is no older than that. None: the
    /// version cannot list tasks.
    fn list(&self, context_id: Option<&str>, since: SystemTime, page: Option<&str>) -> Option<Call>;
    /// Reads what a message is answered with, or an event of a stream.
    fn event(&self, result: Value) -> Result<Event, NotThis>;
    /// Reads a task.
    fn task(&self, result: Value) -> Result<Task, NotThis>;
    /// Reads a page of tasks.
    fn page(&self, result: Value) -> Result<Page, NotThis>;
}

/// Adds a member to an object, if the list has anything.
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

/// What is empty is as good as not there: agents write both.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
