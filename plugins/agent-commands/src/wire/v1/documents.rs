//! The documents of A2A 1.0 that an agent returns.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::filled;
use crate::model::{self, Part, State};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    pub(super) task: Option<Task>,
    pub(super) message: Option<Message>,
    pub(super) status_update: Option<StatusUpdate>,
    pub(super) artifact_update: Option<ArtifactUpdate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Task {
    pub(super) id: String,
    pub(super) context_id: Option<String>,
    pub(super) status: Option<Status>,
    pub(super) artifacts: Option<Vec<Artifact>>,
    pub(super) history: Option<Vec<Message>>,
    pub(super) metadata: Option<Map<String, Value>>,
}

#[derive(Deserialize, Default)]
pub(super) struct Status {
    pub(super) state: Option<String>,
    pub(super) message: Option<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    #[serde(default)]
    pub(super) message_id: String,
    pub(super) context_id: Option<String>,
    pub(super) task_id: Option<String>,
    pub(super) role: Option<String>,
    pub(super) parts: Option<Vec<AnyPart>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Artifact {
    #[serde(default)]
    pub(super) artifact_id: String,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) parts: Option<Vec<AnyPart>>,
    pub(super) metadata: Option<Map<String, Value>>,
}

/// A part, including members that a later 1.x may add.
#[derive(Deserialize)]
pub(super) struct AnyPart(Map<String, Value>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusUpdate {
    pub(super) task_id: String,
    pub(super) context_id: Option<String>,
    pub(super) status: Option<Status>,
    pub(super) metadata: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactUpdate {
    pub(super) task_id: String,
    pub(super) context_id: Option<String>,
    pub(super) artifact: Artifact,
    pub(super) append: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    pub(super) tasks: Option<Vec<Task>>,
    pub(super) next_page_token: Option<String>,
}

impl From<Task> for model::Task {
    fn from(task: Task) -> Self {
        Self {
            id: task.id,
            context_id: filled(task.context_id),
            status: task.status.unwrap_or_default().into(),
            artifacts: task.artifacts.into_iter().flatten().map(Into::into).collect(),
            history: task.history.into_iter().flatten().map(Into::into).collect(),
            metadata: non_empty(task.metadata),
        }
    }
}

impl From<Status> for model::Status {
    fn from(status: Status) -> Self {
        Self { state: state(status.state.as_deref()), message: status.message.map(Into::into) }
    }
}

impl From<Message> for model::Message {
    fn from(message: Message) -> Self {
        Self {
            message_id: message.message_id,
            context_id: filled(message.context_id),
            task_id: filled(message.task_id),
            by_agent: message.role.as_deref() != Some("ROLE_USER"),
            parts: message.parts.into_iter().flatten().map(Into::into).collect(),
        }
    }
}

impl From<Artifact> for model::Artifact {
    fn from(artifact: Artifact) -> Self {
        Self {
            artifact_id: artifact.artifact_id,
            name: filled(artifact.name),
            description: filled(artifact.description),
            parts: artifact.parts.into_iter().flatten().map(Into::into).collect(),
            metadata: non_empty(artifact.metadata),
        }
    }
}

impl From<AnyPart> for Part {
    fn from(AnyPart(mut part): AnyPart) -> Self {
        const KNOWN: [&str; 4] = ["text", "data", "url", "raw"];
        const MORE: [&str; 3] = ["mediaType", "filename", "metadata"];
        let is_known = KNOWN.iter().any(|name| part.contains_key(*name));
        if !is_known && part.keys().any(|name| !MORE.contains(&name.as_str())) {
            return Self::unknown(part);
        }
        let mut text = |name: &str| match part.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let [content, url, raw] = ["text", "url", "raw"].map(&mut text);
        let [media_type, filename] = ["mediaType", "filename"].map(|name| filled(text(name)));
        let metadata = match part.remove("metadata") {
            Some(Value::Object(metadata)) => non_empty(Some(metadata)),
            _ => None,
        };
        Self { text: content, data: part.remove("data"), url, raw, media_type, filename, metadata }
    }
}

/// Empty metadata counts as missing.
pub(super) fn non_empty(metadata: Option<Map<String, Value>>) -> Option<Map<String, Value>> {
    metadata.filter(|metadata| !metadata.is_empty())
}

fn state(name: Option<&str>) -> State {
    match name.unwrap_or_default() {
        "TASK_STATE_SUBMITTED" => State::Submitted,
        "TASK_STATE_WORKING" => State::Working,
        "TASK_STATE_INPUT_REQUIRED" => State::InputRequired,
        "TASK_STATE_AUTH_REQUIRED" => State::AuthRequired,
        "TASK_STATE_COMPLETED" => State::Completed,
        "TASK_STATE_FAILED" => State::Failed,
        // The second spelling comes from 0.3.
        "TASK_STATE_CANCELED" | "TASK_STATE_CANCELLED" => State::Canceled,
        "TASK_STATE_REJECTED" => State::Rejected,
        _ => State::Unknown,
    }
}
