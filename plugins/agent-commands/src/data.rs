//! What a job gives, and what it returns.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The data of a job called `send`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Command {
    /// What to tell the agent.
    #[schemars(length(min = 1, max = 100_000))]
    pub message: String,
    /// The conversation to go on with: the `contextId` of an earlier result. Without it a new one begins.
    #[schemars(length(min = 1, max = 1_000))]
    pub context_id: Option<String>,
    /// Goes along with the message, for agents that expect something there.
    pub metadata: Option<Map<String, Value>>,
}

/// The result of a job called `send`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// What the agent replied with: `message`, or `task` for work that it may still be doing.
    pub kind: &'static str,
    /// The text of the reply, one line break between its parts. Empty if it has none.
    pub text: String,
    /// The conversation, to go on with.
    pub context_id: Option<String>,
    /// The task that the agent made of the message, or that its message is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// How far the task is, in A2A's words: `submitted`, `working`, `input-required`, `auth-required`, `completed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The build of this plugin that sent the message.
    pub version: String,
}
