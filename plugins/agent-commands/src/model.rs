//! Agents and tasks, independent of the protocol version. This module knows no version's JSON: `wire` translates.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The state of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The agent has accepted it, and has not started.
    Submitted,
    /// The agent works on it.
    Working,
    /// The agent needs more input: send a message with this `taskId`.
    InputRequired,
    /// The agent needs an authorization.
    AuthRequired,
    /// The agent has completed it.
    Completed,
    /// The agent failed to do it.
    Failed,
    /// It was cancelled.
    Canceled,
    /// The agent refused it.
    Rejected,
    /// The agent reports a state that the protocol does not define.
    Unknown,
}

impl State {
    /// Whether nothing more happens by itself: the task has ended, or waits for input.
    pub fn is_settled(self) -> bool {
        !matches!(self, Self::Submitted | Self::Working | Self::Unknown)
    }

    /// Whether the task has ended. A task that waits for input has not.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Canceled | Self::Rejected)
    }

    /// Its name in results.
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
    /// In results also a part of a kind that this plugin does not know, as the agent wrote it.
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
    /// Further metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

/// An explicit `null` is a value too.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Part {
    /// A text part.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// A part of a kind that this plugin does not know, as data.
    pub fn unknown(part: Map<String, Value>) -> Self {
        Self { data: Some(part.into()), ..Self::default() }
    }

    /// Whether `next` continues the text of this part: both are plain text of the same type and have no other members.
    fn continues_with(&self, next: &Self) -> bool {
        let is_text = |part: &Self| part.text.is_some() && part.contents() == 1;
        let is_bare = |part: &Self| part.filename.is_none() && part.metadata.is_none();
        is_text(self) && is_text(next) && is_bare(self) && is_bare(next) && self.media_type == next.media_type
    }

    /// Number of content members. A valid part has exactly one.
    pub fn contents(&self) -> usize {
        [self.text.is_some(), self.data.is_some(), self.url.is_some(), self.raw.is_some()]
            .iter()
            .filter(|is| **is)
            .count()
    }
}

/// An output of a task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// Its id within its task.
    pub artifact_id: String,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its parts.
    pub parts: Vec<Part>,
    /// Further metadata from the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

impl Artifact {
    /// The concatenated texts of its parts. Agents that stream text send each piece as a part.
    pub fn text(&self) -> String {
        self.parts.iter().filter_map(|part| part.text.as_deref()).collect()
    }

    /// Appends parts. Text that continues the last text part is merged into it.
    pub fn append(&mut self, parts: impl IntoIterator<Item = Part>) {
        for part in parts {
            match (self.parts.last_mut(), &part.text) {
                (Some(last), Some(more)) if last.continues_with(&part) => {
                    last.text.get_or_insert_default().push_str(more)
                }
                _ => self.parts.push(part),
            }
        }
    }

    /// The same artifact, with consecutive pieces of text merged.
    pub fn joined(mut self) -> Self {
        let parts = std::mem::take(&mut self.parts);
        self.append(parts);
        self
    }
}

/// A message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    pub message_id: String,
    pub context_id: Option<String>,
    pub task_id: Option<String>,
    /// Whether the agent sent it. Otherwise the user did.
    pub by_agent: bool,
    pub parts: Vec<Part>,
}

impl Message {
    /// The texts of its parts, separated by line breaks.
    pub fn text(&self) -> String {
        let texts: Vec<_> = self.parts.iter().filter_map(|part| part.text.as_deref()).collect();
        texts.join("\n")
    }
}

/// The state of a task, and the agent's message about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    pub state: State,
    pub message: Option<Message>,
}

/// A task of the agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    pub id: String,
    pub context_id: Option<String>,
    pub status: Status,
    pub artifacts: Vec<Artifact>,
    /// The messages so far. Agents may omit them.
    pub history: Vec<Message>,
    /// Metadata from the agent.
    pub metadata: Option<Map<String, Value>>,
}

/// The answer to a message, or an event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Message(Message),
    Task(Task),
    Status {
        task_id: String,
        context_id: Option<String>,
        status: Status,
        /// Merged into the task's metadata.
        metadata: Option<Map<String, Value>>,
    },
    Artifact {
        task_id: String,
        context_id: Option<String>,
        artifact: Artifact,
        append: bool,
    },
}

impl Task {
    /// A task of which only the id and the conversation are known.
    pub fn begun(id: String, context_id: Option<String>) -> Self {
        let status = Status { state: State::Submitted, message: None };
        Self { id, context_id, status, artifacts: Vec::new(), history: Vec::new(), metadata: None }
    }

    /// A task that could not be read yet.
    pub fn unknown(id: String, context_id: Option<String>) -> Self {
        let status = Status { state: State::Unknown, message: None };
        Self { status, ..Self::begun(id, context_id) }
    }

    /// Adds an artifact, replaces the one with the same id, or appends to it. Returns whether this changed anything.
    pub fn put(&mut self, artifact: Artifact, append: bool) -> bool {
        // Searched from the end: a streamed artifact is nearly always the last one.
        match self.artifacts.iter_mut().rev().find(|known| known.artifact_id == artifact.artifact_id) {
            Some(known) if append => {
                let brought = !artifact.parts.is_empty();
                known.append(artifact.parts);
                brought
            }
            Some(known) if *known == artifact => false,
            Some(known) => {
                *known = artifact;
                true
            }
            None => {
                self.artifacts.push(artifact);
                true
            }
        }
    }

    /// Replaces the task with a newer state. Returns whether this changed anything. Some agents omit artifacts that
    /// they have already sent, so these are kept.
    pub fn replace(&mut self, task: Self) -> bool {
        if task.artifacts.is_empty() {
            // The artifacts are excluded from the comparison, because they may have megabytes.
            let artifacts = std::mem::take(&mut self.artifacts);
            let changed = *self != task;
            *self = Self { artifacts, ..task };
            return changed;
        }
        let changed = *self != task;
        *self = task;
        changed
    }

    /// Applies a new status. Returns whether this changed anything.
    pub fn update(&mut self, context_id: Option<String>, status: Status, metadata: Option<Map<String, Value>>) -> bool {
        self.context_id = self.context_id.take().or(context_id);
        if let Some(metadata) = metadata {
            self.metadata.get_or_insert_default().extend(metadata);
        }
        let changed = self.status != status;
        self.status = status;
        changed
    }

    /// Whether the history contains a message with this id.
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
        let texts: Vec<_> = task.artifacts.iter().map(Artifact::text).collect();
        assert_eq!(texts, ["onetwo", "other"]);
        assert!(task.put(artifact("a", "anew"), false) && !task.put(artifact("a", "anew"), false));
        assert_eq!(task.artifacts[0].text(), "anew");
    }

    #[test]
    fn text_continues_in_one_part_and_a_part_with_more_than_text_stays_separate() {
        let named = Part { filename: Some("f".into()), ..Part::text("c") };
        let data = Part { data: Some(Value::Null), ..Part::default() };
        let parts = vec![Part::text("a"), Part::text("b"), named.clone(), data.clone(), Part::text("d")];
        let joined = Artifact { parts, ..Artifact::default() }.joined();
        assert_eq!(joined.parts, [Part::text("ab"), named, data, Part::text("d")]);
        assert_eq!(joined.text(), "abcd");
    }

    #[test]
    fn a_task_that_leaves_out_its_artifacts_keeps_them() {
        let mut task = Task::begun("t".into(), None);
        task.put(artifact("a", "one"), false);
        let before = task.clone();
        assert!(!task.replace(Task::begun("t".into(), None)));
        assert_eq!(task, before);
        let working = Status { state: State::Working, message: None };
        assert!(task.replace(Task { status: working.clone(), ..Task::begun("t".into(), None) }));
        assert_eq!((task.artifacts.len(), &task.status), (1, &working));
    }

    #[test]
    fn a_null_is_data_and_nothing_is_not() {
        let part: Part = serde_json::from_str(r#"{"data":null}"#).expect("a part");
        assert_eq!((part.data, part.text), (Some(Value::Null), None));
        let part: Part = serde_json::from_str(r#"{"text":"x"}"#).expect("a part");
        assert_eq!(part.contents(), 1);
    }
}
