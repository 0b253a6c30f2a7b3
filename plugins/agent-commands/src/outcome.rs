//! What a job returns. The doc comments here are the schema's descriptions, and so the reference in
//! docs/agent-commands.md.

use schemars::JsonSchema;
use serde::Serialize;

use crate::agent::Agent;
use crate::model::{self, Artifact, Message, Part, State, Task};
use crate::version::version;

/// What became of a command.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// `message`: the agent replied, and that is all. `task`: it made a task of the message.
    pub kind: &'static str,
    /// All text of it, a line break between the parts: of a reply, or of a task's artifacts and then of what its status
    /// says. Empty if it has none.
    pub text: String,
    /// What the agent says: its reply, or what its task's status says, such as what it wants to know when it is
    /// `input-required`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Said>,
    /// What the task has brought forth.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub artifacts: Vec<Artifact>,
    /// The conversation, to go on with. Null if the agent names none.
    pub context_id: Option<String>,
    /// The task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// How far the task is. `send` and `follow` return when it is `completed`, `input-required` or `auth-required`; the
    /// others return whatever it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// The version of A2A that was spoken.
    pub protocol: &'static str,
    /// The build of this plugin.
    pub version: String,
}

/// Something that the agent says.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// The agent's id of it.
    pub message_id: String,
    /// What it consists of.
    pub parts: Vec<Part>,
}

impl Outcome {
    /// A reply without a task.
    pub fn of_message(message: Message, agent: &Agent) -> Self {
        Self {
            kind: "message",
            text: message.text(),
            artifacts: Vec::new(),
            context_id: message.context_id,
            task_id: message.task_id,
            state: None,
            message: Some(Said { message_id: message.message_id, parts: message.parts }),
            protocol: agent.interface.wire.version(),
            version: version(),
        }
    }

    /// A task as it is.
    pub fn of_task(task: Task, agent: &Agent) -> Self {
        let artifacts = task.artifacts.iter().flat_map(|artifact| &artifact.parts);
        let said = task.status.message.iter().flat_map(|message| &message.parts);
        Self {
            kind: "task",
            text: model::text(artifacts.chain(said)),
            artifacts: task.artifacts,
            context_id: task.context_id,
            task_id: Some(task.id),
            state: Some(task.status.state),
            message: task.status.message.map(|Message { message_id, parts, .. }| Said { message_id, parts }),
            protocol: agent.interface.wire.version(),
            version: version(),
        }
    }
}
