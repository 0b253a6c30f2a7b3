//! What agents and tasks are in every version of the protocol. Knows no version's JSON: `wire` translates.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The agent has it, and has not begun.
    Submitted,
    /// The agent is at it.
    Working,
    /// The agent needs to be told more: send a message with this `taskId`.
    InputRequired,
    /// The agent needs to be authorized for something.
    AuthRequired,
    /// Done.
    Completed,
    /// The agent could not do it.
    Failed,
    /// It was cancelled.
    Canceled,
    /// The agent does not do it.
    Rejected,
    /// The agent says something that the protocol does not have.
    Unknown,
}

impl State {
    /// Whether nothing more happens by itself: the task has ended, or waits for somebody.
    pub fn is_settled(self) -> bool {
        !matches!(self, Self::Submitted | Self::Working | Self::Unknown)
    }

    /// The name that results have.
    pub fn name(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Working => "working",
            Self::InputRequired => "input-required",
            Self::AuthRequired => "auth-required",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
        }
    }
}

/// A piece of a message or artifact. It has exactly one of `text`, `data`, `url` and `raw`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Part {
    /// Text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Structured data. A2A 0.3 has objects alone here: agents of it get anything else as `{"value": …}`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// Where a file is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A file's content in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// The media type, such as `application/pdf`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// A file's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// What else there is to say about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

/// A `null` that is given is a value, too.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Part {
    /// A part of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// How many kinds of content it has: one, if it is right.
    pub fn contents(&self) -> usize {
        [self.text.is_some(), self.data.is_some(), self.url.is_some(), self.raw.is_some()]
            .iter()
            .filter(|is| **is)
            .count()
    }
}

/// Something that a task has brought forth.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// Names it within its task.
    pub artifact_id: String,
    /// Its name for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it consists of.
    pub parts: Vec<Part>,
    /// What else the agent says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

/// Something that is said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    pub message_id: String,
    pub context_id: Option<String>,
    pub task_id: Option<String>,
    /// Whether the agent says it, not the user.
    pub by_agent: bool,
    pub parts: Vec<Part>,
}

impl Message {
    /// Its texts, a line break between them.
    pub fn text(&self) -> String {
        text(&self.parts)
    }
}

/// The texts of parts, a line break between them.
pub fn text<'a>(parts: impl IntoIterator<Item = &'a Part>) -> String {
    let texts: Vec<_> = parts.into_iter().filter_map(|part| part.text.as_deref()).collect();
    texts.join("\n")
}

/// How far a task is, and what the agent says about that.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    pub state: State,
    pub message: Option<Message>,
}

/// Work that the agent does, or has done.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    pub id: String,
    pub context_id: Option<String>,
    pub status: Status,
    pub artifacts: Vec<Artifact>,
    /// What was said so far. Agents may leave it out.
    pub history: Vec<Message>,
}

/// What an agent answers a message with, and what a stream consists of.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Message(Message),
    Task(Task),
    Status { task_id: String, context_id: Option<String>, status: Status },
    Artifact { task_id: String, context_id: Option<String>, artifact: Artifact, append: bool },
}

impl Task {
    /// A task of which only this much is known.
    pub fn begun(id: String, context_id: Option<String>) -> Self {
        let status = Status { state: State::Submitted, message: None };
        Self { id, context_id, status, artifacts: Vec::new(), history: Vec::new() }
    }

    /// Adds an artifact, replaces the one of its id, or appends to that.
    pub fn put(&mut self, artifact: Artifact, append: bool) {
        match self.artifacts.iter_mut().find(|known| known.artifact_id == artifact.artifact_id) {
            Some(known) if append => known.parts.extend(artifact.parts),
            Some(known) => *known = artifact,
            None => self.artifacts.push(artifact),
        }
    }

    /// Whether a message of this id is in its history.
    pub fn has(&self, message_id: &str) -> bool {
        self.history.iter().any(|message| message.message_id == message_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(id: &str, text: &str) -> Artifact {
        Artifact { artifact_id: id.into(), parts: vec![Part::text(text)], ..Artifact::default() }
    }

    #[test]
    fn pieces_of_an_artifact_are_put_together() {
        let mut task = Task::begun("t".into(), None);
        task.put(artifact("a", "one"), false);
        task.put(artifact("b", "other"), true);
        task.put(artifact("a", "two"), true);
        let texts: Vec<_> = task.artifacts.iter().map(|artifact| text(&artifact.parts)).collect();
        assert_eq!(texts, ["one\ntwo", "other"]);
        task.put(artifact("a", "anew"), false);
        assert_eq!(text(&task.artifacts[0].parts), "anew");
    }

    #[test]
    fn a_null_is_data_and_nothing_is_not() {
        let part: Part = serde_json::from_str(r#"{"data":null}"#).expect("a part");
        assert_eq!((part.data, part.text), (Some(Value::Null), None));
        let part: Part = serde_json::from_str(r#"{"text":"x"}"#).expect("a part");
        assert_eq!(part.contents(), 1);
    }
}
