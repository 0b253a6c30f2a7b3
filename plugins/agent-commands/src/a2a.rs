//! The documents of A2A 0.3 over JSON-RPC, as far as sending one message needs them.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use toril_plugin::Job;

use crate::data::Command;

/// A call of `message/send`.
#[derive(Debug, Serialize)]
pub struct Request {
    jsonrpc: &'static str,
    id: String,
    method: &'static str,
    params: Params,
}

#[derive(Debug, Serialize)]
struct Params {
    message: UserMessage,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Map<String, Value>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UserMessage {
    kind: &'static str,
    role: &'static str,
    message_id: String,
    parts: [TextPart; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    context_id: Option<String>,
}

#[derive(Debug, Serialize)]
struct TextPart {
    kind: &'static str,
    text: String,
}

impl Request {
    /// The call that a job asks for.
    pub fn new(job: Job<Command>) -> Self {
        let message_id = message_id(&job);
        let message = UserMessage {
            kind: "message",
            role: "user",
            message_id: message_id.clone(),
            parts: [TextPart { kind: "text", text: job.data.message }],
            context_id: job.data.context_id,
        };
        let params = Params { message, metadata: job.data.metadata };
        Self { jsonrpc: "2.0", id: message_id, method: "message/send", params }
    }

    /// The message's length in bytes.
    pub fn text_len(&self) -> usize {
        self.params.message.parts.iter().map(|part| part.text.len()).sum()
    }
}

/// Names the message. The same on every attempt of a job, so that an agent can tell a repetition from a new message;
/// another for a later job that got the same id.
fn message_id(job: &Job<Command>) -> String {
    let added = job.added_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("toril:{}:{}:{}", job.queue, job.id, added.as_millis())
}

/// What a call is answered with: one of the two.
#[derive(Deserialize)]
pub struct Answer {
    pub result: Option<Reply>,
    pub error: Option<RpcError>,
}

/// Why a call was refused. Its message is the agent's text, and is left where it is.
#[derive(Deserialize)]
pub struct RpcError {
    pub code: i64,
}

/// What an agent makes of a message.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Reply {
    Message(Message),
    Task(Task),
}

/// Something that the agent says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    pub parts: Vec<Part>,
    pub context_id: Option<String>,
    pub task_id: Option<String>,
}

/// Work that the agent does, or has done.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    pub id: String,
    pub context_id: Option<String>,
    pub status: Status,
    pub artifacts: Option<Vec<Artifact>>,
}

/// How far a task is.
#[derive(Deserialize)]
pub struct Status {
    pub state: String,
    pub message: Option<Message>,
}

/// Something that a task has brought forth.
#[derive(Deserialize)]
pub struct Artifact {
    pub parts: Vec<Part>,
}

/// A piece of a message or artifact: text, a file or data. Only text is used here.
#[derive(Deserialize)]
pub struct Part {
    pub text: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(data: Value) -> Job<Command> {
        let Ok(data) = serde_json::from_value(data) else { panic!("it is the data of a job") };
        Job::for_test("send", data)
    }

    #[test]
    fn a_call_has_the_form_of_the_protocol() {
        let data = json!({ "message": "hello", "contextId": "c1", "metadata": { "a": 1 } });
        let id = "toril:test:1:0";
        let expected = json!({
            "jsonrpc": "2.0",
            "id": id,
            "method": "message/send",
            "params": {
                "message": {
                    "kind": "message",
                    "role": "user",
                    "messageId": id,
                    "parts": [{ "kind": "text", "text": "hello" }],
                    "contextId": "c1",
                },
                "metadata": { "a": 1 },
            },
        });
        assert_eq!(json!(Request::new(job(data))), expected);
    }

    #[test]
    fn what_a_job_does_not_give_is_not_sent() {
        let call = json!(Request::new(job(json!({ "message": "hello" }))));
        assert!(call["params"].get("metadata").is_none());
        assert!(call["params"]["message"].get("contextId").is_none());
    }

    #[test]
    fn the_message_has_the_same_id_on_every_attempt() {
        let first = job(json!({ "message": "hello" }));
        let mut second = job(json!({ "message": "hello" }));
        second.attempt = 2;
        assert_eq!(message_id(&first), message_id(&second));
        second.id = "2".into();
        assert_ne!(message_id(&first), message_id(&second));
    }
}
