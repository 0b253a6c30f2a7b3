//! The output of a job. The doc comments here are the schema's descriptions, and therefore the reference in
//! docs/agent-commands.md.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::agent::Agent;
use crate::model::{Artifact, Message, Part, State, Task};
use crate::version::version;

/// The outcome of a command.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// `message`: the agent replied, and that is all. `task`: it made a task of the message.
    pub kind: &'static str,
    /// All text of it: of a reply, or of a task's artifacts and then of what its status says. The texts of one artifact
    /// are joined as they are, as agents that stream send it in pieces. Between artifacts, and between the parts of a
    /// reply or status, is a line break. Empty if there is no text. This repeats what is in `artifacts` and `message`:
    /// of more than 262,144 bytes it has the first 65,536, and `textCut` is true.
    pub text: String,
    /// Whether `text` has only the beginning of the text.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub text_cut: bool,
    /// What the agent says: its reply, or what its task's status says, such as what it wants to know when it is
    /// `input-required`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<AgentMessage>,
    /// The outputs of the task.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub artifacts: Vec<Artifact>,
    /// Further metadata of the task from the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// The conversation, for further messages. Null if the agent names none.
    pub context_id: Option<String>,
    /// The task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// How far the task is. `send` and `follow` return when it is `completed`, `input-required` or `auth-required`
    /// (unless the job has `waitForAuthorization`); the others return whatever it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// The version of A2A that was used.
    pub protocol: &'static str,
    /// The build of this plugin.
    pub version: String,
}

/// A message from the agent.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentMessage {
    /// The id that the agent gave it.
    pub message_id: String,
    /// Its parts.
    pub parts: Vec<Part>,
}

impl Outcome {
    /// The outcome of a reply without a task.
    pub fn of_message(message: Message, agent: &Agent) -> Self {
        let (text, text_cut) = bounded(message.text());
        Self {
            kind: "message",
            text,
            text_cut,
            artifacts: Vec::new(),
            metadata: None,
            context_id: message.context_id,
            task_id: message.task_id,
            state: None,
            message: Some(AgentMessage { message_id: message.message_id, parts: message.parts }),
            protocol: agent.interface.wire.version(),
            version: version(),
        }
    }

    /// The outcome of a task in its current state.
    pub fn of_task(task: Task, agent: &Agent) -> Self {
        let artifacts: Vec<_> = task.artifacts.into_iter().map(Artifact::joined).collect();
        let has_text = |parts: &[Part]| parts.iter().any(|part| part.text.is_some());
        let made = artifacts.iter().filter(|artifact| has_text(&artifact.parts)).map(Artifact::text);
        let status_text = task.status.message.iter().filter(|message| has_text(&message.parts)).map(Message::text);
        let (text, text_cut) = bounded(made.chain(status_text).collect::<Vec<_>>().join("\n"));
        Self {
            kind: "task",
            text,
            text_cut,
            artifacts,
            metadata: task.metadata,
            context_id: task.context_id,
            task_id: Some(task.id),
            state: Some(task.status.state),
            message: task.status.message.map(|Message { message_id, parts, .. }| AgentMessage { message_id, parts }),
            protocol: agent.interface.wire.version(),
            version: version(),
        }
    }
}

/// Maximum size of the text that a result repeats, in bytes. A result larger than the plugin's `max_result` would be
/// lost.
const MOST_TEXT: usize = 256 * 1024;
/// Number of bytes to which a longer text is truncated.
const REMAINS: usize = 64 * 1024;

/// Truncates a long text. Returns it together with whether it was truncated.
fn bounded(mut text: String) -> (String, bool) {
    if text.len() <= MOST_TEXT {
        return (text, false);
    }
    text.truncate(text.floor_char_boundary(REMAINS));
    (text, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_truncated_at_a_character_and_marked() {
        assert_eq!(bounded("a".repeat(MOST_TEXT)), ("a".repeat(MOST_TEXT), false));
        let (text, is_cut) = bounded("€".repeat(MOST_TEXT));
        assert!(is_cut && text.len() <= REMAINS && text.chars().all(|c| c == '€') && text.len() > REMAINS - 3);
    }
}
