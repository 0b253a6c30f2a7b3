//! A2A 0.3 over JSON-RPC: documents with a `kind` member.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{AnswerForm, Call, MessageForm, Outgoing, UnexpectedDocument, Wire, filled, push_config, set};
use crate::envelope::Binding;
use crate::model::{self, Event, Part, State};
use crate::push::Push;

/// Version 0.3.
pub struct V03;

/// How this version writes a message.
const MESSAGE: MessageForm = MessageForm {
    kind: Some("message"),
    role: "user",
    parts: "parts",
    part: written,
    immediate: ("blocking", false),
    push: "pushNotificationConfig",
};

fn about(method: &'static str, task_id: &str) -> Call {
    Call::rpc(method, json!({ "id": task_id }))
}

impl Wire for V03 {
    fn version(&self) -> &'static str {
        "0.3"
    }

    fn binding(&self) -> Binding {
        Binding::JsonRpc
    }

    fn extensions_header(&self) -> &'static str {
        "x-a2a-extensions"
    }

    fn send(&self, outgoing: &Outgoing<'_>, form: AnswerForm) -> Call {
        let params = outgoing.params(&MESSAGE, form);
        Call::rpc(
            match form {
                AnswerForm::Stream => "message/stream",
                AnswerForm::Single => "message/send",
            },
            params,
        )
    }

    fn get(&self, task_id: &str, history: Option<u32>) -> Call {
        let mut params = Map::from_iter([("id".to_owned(), task_id.into())]);
        set(&mut params, "historyLength", history);
        Call::rpc("tasks/get", params)
    }

    fn cancel(&self, task_id: &str) -> Call {
        about("tasks/cancel", task_id)
    }

    fn subscribe(&self, task_id: &str) -> Call {
        about("tasks/resubscribe", task_id)
    }

    fn notify(&self, task_id: &str, push: &Push) -> Call {
        let params = json!({ "taskId": task_id, "pushNotificationConfig": push_config(push) });
        Call::rpc("tasks/pushNotificationConfig/set", params)
    }

    fn event(&self, result: Value) -> Result<Event, UnexpectedDocument> {
        Ok(match serde_json::from_value(result)? {
            Document::Message(message) => Event::Message(message.into()),
            Document::Task(task) => Event::Task(task.into()),
            Document::StatusUpdate(StatusUpdate { task_id, context_id, status, metadata }) => {
                Event::Status { task_id, context_id: filled(context_id), status: status.into(), metadata }
            }
            Document::ArtifactUpdate(ArtifactUpdate { task_id, context_id, artifact, append }) => Event::Artifact {
                task_id,
                context_id: filled(context_id),
                artifact: artifact.into(),
                append: append.unwrap_or(false),
            },
        })
    }

    fn task(&self, result: Value) -> Result<model::Task, UnexpectedDocument> {
        Ok(serde_json::from_value::<Task>(result)?.into())
    }
}

/// A part in this version's form.
fn written(part: &Part) -> Value {
    let mut object = Map::new();
    if let Some(text) = &part.text {
        set(&mut object, "kind", Some("text"));
        set(&mut object, "text", Some(text.as_str()));
    } else if let Some(data) = &part.data {
        set(&mut object, "kind", Some("data"));
        set(&mut object, "data", Some(data_object(data)));
    } else {
        set(&mut object, "kind", Some("file"));
        set(&mut object, "file", Some(file(part, "uri", "bytes")));
    }
    set(&mut object, "metadata", part.metadata.clone());
    object.into()
}

/// Data that is not an object is wrapped in one, because 0.3 allows only objects.
pub(super) fn data_object(data: &Value) -> Value {
    if data.is_object() { data.clone() } else { json!({ "value": data }) }
}

/// The file of a part. The names of the members with its URL and its content depend on the transport.
pub(super) fn file(part: &Part, url: &str, content: &str) -> Map<String, Value> {
    let mut file = Map::new();
    set(&mut file, url, part.url.as_deref());
    set(&mut file, content, part.raw.as_deref());
    set(&mut file, "name", part.filename.as_deref());
    set(&mut file, "mimeType", part.media_type.as_deref());
    file
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Document {
    Message(Message),
    Task(Task),
    StatusUpdate(StatusUpdate),
    ArtifactUpdate(ArtifactUpdate),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Task {
    id: String,
    context_id: Option<String>,
    status: Status,
    artifacts: Option<Vec<Artifact>>,
    history: Option<Vec<Message>>,
    metadata: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Status {
    state: String,
    message: Option<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[serde(default)]
    message_id: String,
    context_id: Option<String>,
    task_id: Option<String>,
    role: Option<String>,
    parts: Vec<AnyPart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    #[serde(default)]
    artifact_id: String,
    name: Option<String>,
    description: Option<String>,
    parts: Vec<AnyPart>,
    metadata: Option<Map<String, Value>>,
}

/// A part of any kind.
#[derive(Deserialize)]
struct AnyPart(Map<String, Value>);

/// A part of a kind that the version defines.
#[derive(Deserialize)]
struct KnownPart {
    text: Option<String>,
    data: Option<Value>,
    file: Option<File>,
    metadata: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    uri: Option<String>,
    bytes: Option<String>,
    name: Option<String>,
    mime_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusUpdate {
    task_id: String,
    context_id: Option<String>,
    status: Status,
    metadata: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactUpdate {
    task_id: String,
    context_id: Option<String>,
    artifact: Artifact,
    append: Option<bool>,
}

impl From<Task> for model::Task {
    fn from(task: Task) -> Self {
        Self {
            id: task.id,
            context_id: filled(task.context_id),
            status: task.status.into(),
            artifacts: task.artifacts.into_iter().flatten().map(Into::into).collect(),
            history: task.history.into_iter().flatten().map(Into::into).collect(),
            metadata: task.metadata,
        }
    }
}

impl From<Status> for model::Status {
    fn from(status: Status) -> Self {
        Self { state: state(&status.state), message: status.message.map(Into::into) }
    }
}

impl From<Message> for model::Message {
    fn from(message: Message) -> Self {
        Self {
            message_id: message.message_id,
            context_id: filled(message.context_id),
            task_id: filled(message.task_id),
            by_agent: message.role.as_deref() != Some("user"),
            parts: message.parts.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Artifact> for model::Artifact {
    fn from(artifact: Artifact) -> Self {
        Self {
            artifact_id: artifact.artifact_id,
            name: filled(artifact.name),
            description: filled(artifact.description),
            parts: artifact.parts.into_iter().map(Into::into).collect(),
            metadata: artifact.metadata,
        }
    }
}

impl From<AnyPart> for Part {
    fn from(AnyPart(part): AnyPart) -> Self {
        let is_known = ["text", "data", "file"].iter().any(|name| part.contains_key(*name));
        if !is_known && part.keys().any(|name| name != "kind" && name != "metadata") {
            return Self::unknown(part);
        }
        let Ok(KnownPart { text, data, file, metadata }) = serde_json::from_value(part.clone().into()) else {
            return Self::unknown(part);
        };
        let mut part = Self { text, data, metadata, ..Self::default() };
        if let Some(file) = file {
            part.url = file.uri;
            part.raw = file.bytes;
            part.filename = filled(file.name);
            part.media_type = filled(file.mime_type);
        }
        part
    }
}

fn state(name: &str) -> State {
    match name {
        "submitted" => State::Submitted,
        "working" => State::Working,
        "input-required" => State::InputRequired,
        "auth-required" => State::AuthRequired,
        "completed" => State::Completed,
        "failed" => State::Failed,
        "canceled" => State::Canceled,
        "rejected" => State::Rejected,
        _ => State::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_form_of_the_version() {
        let file = Part { url: Some("https://x".into()), media_type: Some("a/b".into()), ..Part::default() };
        let parts = [Part::text("hi"), Part { data: Some(json!(7)), ..Part::default() }, file];
        let outgoing = Outgoing { task_id: Some("t"), ..Outgoing::for_test("m", &parts) };
        let call = V03.send(&outgoing, AnswerForm::Single);
        assert_eq!(call.method, "message/send");
        let parts = json!([
            { "kind": "text", "text": "hi" },
            { "kind": "data", "data": { "value": 7 } },
            { "kind": "file", "file": { "uri": "https://x", "mimeType": "a/b" } },
        ]);
        let message = json!({ "kind": "message", "role": "user", "messageId": "m", "taskId": "t", "parts": parts });
        assert_eq!(call.params, json!({ "message": message, "configuration": { "blocking": false } }));
        assert_eq!(V03.send(&outgoing, AnswerForm::Stream).method, "message/stream");
    }

    #[test]
    fn every_kind_of_event_is_read() {
        let event = |value| V03.event(value).expect("an event");
        let status = json!({ "state": "auth-required" });
        let task = event(json!({ "kind": "task", "id": "t", "contextId": "c", "status": status, "history": null }));
        assert!(matches!(task, Event::Task(task) if task.status.state == State::AuthRequired));
        let message =
            json!({ "kind": "message", "role": "agent", "messageId": "m", "parts": [{ "kind": "text", "text": "a" }] });
        assert!(matches!(event(message), Event::Message(message) if message.by_agent && message.text() == "a"));
        let update =
            json!({ "kind": "status-update", "taskId": "t", "contextId": "c", "status": status, "final": false });
        assert!(matches!(event(update), Event::Status { .. }));
        let file = json!({ "kind": "file", "file": { "bytes": "AAA=", "name": "f" } });
        let artifact = json!({ "artifactId": "a", "parts": [file] });
        let update = json!({ "kind": "artifact-update", "taskId": "t", "contextId": "c", "artifact": artifact });
        let Event::Artifact { artifact, append: false, .. } = event(update) else { panic!("an artifact") };
        assert_eq!(artifact.parts[0].raw.as_deref(), Some("AAA="));
        assert!(V03.event(json!({ "task": { "id": "t" } })).is_err());
    }

    #[test]
    fn a_part_of_an_unknown_kind_is_data_and_metadata_is_kept() {
        let part = json!({ "kind": "chart", "chart": { "rows": [1] } });
        let artifact = json!({ "artifactId": "a", "parts": [part, { "kind": "text", "text": "" }] });
        let status = json!({ "state": "working" });
        let task = json!({ "id": "t", "status": status, "artifacts": [artifact], "metadata": { "cost": 3 } });
        let task = V03.task(task).expect("a task");
        assert_eq!(task.artifacts[0].parts, [Part { data: Some(part), ..Part::default() }, Part::text("")]);
        assert_eq!(task.metadata, json!({ "cost": 3 }).as_object().cloned());
        let update = json!({ "kind": "status-update", "taskId": "t", "status": status, "metadata": { "cost": 4 } });
        assert!(matches!(V03.event(update), Ok(Event::Status { metadata: Some(more), .. }) if more["cost"] == 4));
    }
}
