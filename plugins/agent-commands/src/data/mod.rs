//! The input of a job. The doc comments here are the schema's descriptions, and therefore the reference in
//! docs/agent-commands.md.

mod delivery;
mod send;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use toril_plugin::Failure;

pub use delivery::{Delivery, Step};
pub use send::Send;

use crate::model::Part;

/// A command for an agent.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Command {
    /// What to do: `send` a message (also without this field), look at a task's `status`, `follow` a task to its end, or
    /// `cancel` it.
    #[serde(default, skip_serializing_if = "Kind::is_send")]
    pub command: Kind,
    /// Which agent: a name from the plugin's settings (`agents.NAME.url`), or an agent's address, whose origin must be
    /// granted; an agent that is given by its address gets no credentials. Without it the agent of `agent-url`.
    #[schemars(length(min = 1, max = 2_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// For `send`: what to tell the agent, as a text or as a list of parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Content>,
    /// For `send`: the conversation to go on with, the `contextId` of an earlier result. Without it a new one begins.
    #[schemars(length(min = 1, max = 1_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_id: Option<String>,
    /// For `send`: the task that the message is for, such as the answer to one that is `input-required`. For every
    /// other command: the task that it is about.
    #[schemars(length(min = 1, max = 1_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// How long the agent may take from the first sending on, over all attempts, in milliseconds. When it has passed,
    /// the task is cancelled and the job fails for good. In any case it has as long as one attempt has: the queue's
    /// `timeout`. If the job is deferred until the agent sends a notification, that counts from the first sending on, too.
    #[schemars(range(min = 1))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// For `send` and `follow`: what to do when the task is `auth-required`. Without this field, or `false`: return the
    /// task. `true`: wait until somebody has given the agent the authorization outside of A2A, and the agent goes on by
    /// itself. The wait ends with `timeoutMs` and the queue's `timeout`. What the agent asks for is in the job's log.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wait_for_authorization: bool,
    /// For `send`: goes along with the message, for agents that expect something there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// For `send`: the media types that the result may have, such as `application/json`. Without it the agent decides.
    #[schemars(length(min = 1, max = 100))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted_output_modes: Vec<String>,
    /// For `send`: earlier tasks that the message refers to.
    #[schemars(length(min = 1, max = 100))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference_task_ids: Vec<String>,
    /// For `send`: the addresses (URIs) of the extensions of A2A that the message makes use of. They are named in the
    /// message and in the header `A2A-Extensions`.
    #[schemars(length(min = 1, max = 100))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<String>,
    /// How far the delivery is. The plugin writes this by itself, so that another attempt goes on where one has
    /// stopped: leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
}

/// What to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Send a message, and follow what the agent makes of it to its end.
    #[default]
    Send,
    /// Return the current state of a task.
    Status,
    /// Follow a task to its end.
    Follow,
    /// Cancel a task.
    Cancel,
}

impl Kind {
    fn is_send(&self) -> bool {
        *self == Self::Send
    }

    /// Its name in jobs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Status => "status",
            Self::Follow => "follow",
            Self::Cancel => "cancel",
        }
    }
}

/// The content of a message.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Content {
    /// A text.
    Text(#[schemars(length(min = 1, max = 100_000))] String),
    /// Text, data and files.
    Parts(#[schemars(length(min = 1, max = 100))] Vec<Part>),
}

impl Command {
    /// The parts of the message.
    ///
    /// # Errors
    /// Fatal if there are none, or if a part does not have exactly one kind of content.
    pub fn parts(&self) -> Result<Vec<Part>, Failure> {
        match &self.message {
            Some(Content::Text(text)) => Ok(vec![Part::text(text)]),
            Some(Content::Parts(parts)) => match parts.iter().position(|part| part.contents() != 1) {
                Some(at) => Err(Failure::fatal(format!(
                    "part {at} of the message (counted from 0) does not have exactly one of text, data, url and raw"
                ))),
                None => Ok(parts.clone()),
            },
            None => Err(Failure::fatal("the command `send` needs a `message`")),
        }
    }

    /// The task of a command other than `send`.
    ///
    /// # Errors
    /// Fatal if the command names no task, or if it also has a message.
    pub fn task(&self) -> Result<&str, Failure> {
        let name = self.command.name();
        if self.message.is_some() {
            return Err(Failure::fatal(format!("the command `{name}` takes no `message`")));
        }
        self.task_id.as_deref().ok_or_else(|| Failure::fatal(format!("the command `{name}` needs a `taskId`")))
    }

    /// The total time that the agent may take.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout_ms.map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn command(data: Value) -> Command {
        serde_json::from_value(data).expect("it is a command")
    }

    #[test]
    fn a_text_and_a_list_of_parts_are_messages() {
        assert_eq!(command(json!({ "message": "hi" })).parts(), Ok(vec![Part::text("hi")]));
        let parts = json!([{ "text": "see" }, { "url": "https://example.com/a.pdf", "mediaType": "application/pdf" }]);
        assert_eq!(command(json!({ "message": parts })).parts().map(|parts| parts.len()), Ok(2));
    }

    #[test]
    fn a_part_of_two_kinds_is_refused_and_not_quoted() {
        let failure = command(json!({ "message": [{ "text": "hunter2", "data": 1 }] })).parts();
        assert!(matches!(failure, Err(Failure::Fatal(text)) if text.contains("part 0") && !text.contains("hunter2")));
    }

    #[test]
    fn an_incomplete_command_fails_with_what_is_missing() {
        let lacks = |data| command(data).task().map(str::to_owned);
        assert_eq!(lacks(json!({ "command": "cancel", "taskId": "t" })), Ok("t".into()));
        assert!(
            matches!(lacks(json!({ "command": "status" })), Err(Failure::Fatal(text)) if text.contains("`taskId`"))
        );
        assert!(matches!(command(json!({})).parts(), Err(Failure::Fatal(text)) if text.contains("`message`")));
    }
}
