//! A2A 0.3 over HTTP+JSON: the JSON of its protocol buffers. A few names differ from 1.0's.

use serde_json::{Map, Value, json};

use super::v03::{data_object, file};
use super::{
    AnswerForm, Call, MessageForm, Outgoing, Route, UnexpectedDocument, V1, V03, Wire, push_config, segment, set,
};
use crate::envelope::Binding;
use crate::model::{Event, Part, Task};
use crate::push::Push;

/// Version 0.3.
pub struct V03Rest;

/// Reads the results after their names have been changed to 1.0's.
const NEWER: V1 = V1 { tenant: None, binding: Binding::Rest };

/// How this version writes a message.
const MESSAGE: MessageForm = MessageForm {
    kind: None,
    role: "ROLE_USER",
    parts: "content",
    part: written,
    immediate: ("blocking", false),
    push: "pushNotification",
};

fn about(method: &'static str, verb: &'static str, task_id: &str, action: &str, params: Map<String, Value>) -> Call {
    let path = format!("/v1/tasks/{}{action}", segment(task_id));
    Call { method, params: params.into(), route: Some(Route { verb, path }) }
}

impl Wire for V03Rest {
    fn version(&self) -> &'static str {
        "0.3"
    }

    fn binding(&self) -> Binding {
        Binding::Rest
    }

    fn extensions_header(&self) -> &'static str {
        V03.extensions_header()
    }

    fn send(&self, outgoing: &Outgoing<'_>, form: AnswerForm) -> Call {
        let params = outgoing.params(&MESSAGE, form);
        let (method, path) = match form {
            AnswerForm::Stream => ("message/stream", "/v1/message:stream"),
            AnswerForm::Single => ("message/send", "/v1/message:send"),
        };
        Call { method, params: params.into(), route: Some(Route { verb: "POST", path: path.into() }) }
    }

    fn get(&self, task_id: &str, history: Option<u32>) -> Call {
        let mut params = Map::new();
        set(&mut params, "historyLength", history);
        about("tasks/get", "GET", task_id, "", params)
    }

    fn cancel(&self, task_id: &str) -> Call {
        about("tasks/cancel", "POST", task_id, ":cancel", Map::new())
    }

    fn subscribe(&self, task_id: &str) -> Call {
        about("tasks/resubscribe", "POST", task_id, ":subscribe", Map::new())
    }

    fn notify(&self, task_id: &str, push: &Push) -> Call {
        let parent = format!("tasks/{task_id}");
        let name = format!("{parent}/pushNotificationConfigs/{}", push.id);
        let config = json!({ "name": name, "pushNotificationConfig": push_config(push) });
        // The protocol's definition expects the configuration itself as the body. Python's SDK expects the request
        // around it. Both ignore unknown members, so the body contains both.
        let mut params = Map::from_iter([("parent".to_owned(), parent.into()), ("config".to_owned(), config.clone())]);
        set(&mut params, "configId", Some(push.id.as_str()));
        if let Value::Object(config) = config {
            params.extend(config);
        }
        about("tasks/pushNotificationConfig/set", "POST", task_id, "/pushNotificationConfigs", params)
    }

    fn event(&self, result: Value) -> Result<Event, UnexpectedDocument> {
        // Some servers return the documents of JSON-RPC here.
        if result.get("kind").is_some() {
            return V03.event(result);
        }
        let Value::Object(mut result) = result else { return Err(UnexpectedDocument) };
        rename(&mut result, "msg", "message");
        change(&mut result, "task", task);
        change(&mut result, "message", message);
        change(&mut result, "statusUpdate", |update| change(update, "status", status));
        change(&mut result, "artifactUpdate", |update| change(update, "artifact", artifact));
        NEWER.event(result.into())
    }

    fn task(&self, result: Value) -> Result<Task, UnexpectedDocument> {
        if result.get("kind").is_some() {
            return V03.task(result);
        }
        let Value::Object(mut result) = result else { return Err(UnexpectedDocument) };
        task(&mut result);
        NEWER.task(result.into())
    }
}

/// A part in this version's form.
fn written(part: &Part) -> Value {
    let mut object = Map::new();
    if let Some(text) = &part.text {
        set(&mut object, "text", Some(text.as_str()));
    } else if let Some(data) = &part.data {
        set(&mut object, "data", Some(json!({ "data": data_object(data) })));
    } else {
        set(&mut object, "file", Some(file(part, "fileWithUri", "fileWithBytes")));
    }
    set(&mut object, "metadata", part.metadata.clone());
    object.into()
}

fn task(task: &mut Map<String, Value>) {
    change(task, "status", status);
    each(task, "artifacts", artifact);
    each(task, "history", message);
}

fn status(status: &mut Map<String, Value>) {
    rename(status, "update", "message");
    change(status, "message", message);
}

fn message(message: &mut Map<String, Value>) {
    rename(message, "content", "parts");
    each(message, "parts", part);
}

fn artifact(artifact: &mut Map<String, Value>) {
    each(artifact, "parts", part);
}

fn part(part: &mut Map<String, Value>) {
    if let Some(Value::Object(data)) = part.get_mut("data")
        && let Some(inner) = data.remove("data")
    {
        part.insert("data".into(), inner);
    }
    let Some(Value::Object(mut file)) = part.remove("file") else { return };
    let names = [("fileWithUri", "url"), ("fileWithBytes", "raw"), ("mimeType", "mediaType"), ("name", "filename")];
    for (older, newer) in names {
        if let Some(value) = file.remove(older) {
            part.insert(newer.into(), value);
        }
    }
}

fn rename(object: &mut Map<String, Value>, older: &str, newer: &str) {
    if let Some(value) = object.remove(older) {
        object.insert(newer.into(), value);
    }
}

fn change(object: &mut Map<String, Value>, name: &str, change: impl FnOnce(&mut Map<String, Value>)) {
    if let Some(Value::Object(inner)) = object.get_mut(name) {
        change(inner);
    }
}

fn each(object: &mut Map<String, Value>, name: &str, change: impl Fn(&mut Map<String, Value>)) {
    if let Some(Value::Array(list)) = object.get_mut(name) {
        list.iter_mut().filter_map(Value::as_object_mut).for_each(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::State;

    #[test]
    fn a_message_has_the_form_of_the_version() {
        let parts = [
            Part::text("hi"),
            Part { data: Some(json!(1)), ..Part::default() },
            Part { url: Some("https://a".into()), media_type: Some("a/b".into()), ..Part::default() },
        ];
        let outgoing = Outgoing { context_id: Some("c"), ..Outgoing::for_test("m", &parts) };
        let call = V03Rest.send(&outgoing, AnswerForm::Single);
        let content = json!([
            { "text": "hi" }, { "data": { "data": { "value": 1 } } },
            { "file": { "fileWithUri": "https://a", "mimeType": "a/b" } },
        ]);
        let message = json!({ "messageId": "m", "role": "ROLE_USER", "content": content, "contextId": "c" });
        assert_eq!(call.params, json!({ "message": message, "configuration": { "blocking": false } }));
        assert_eq!(call.route.map(|route| route.path).as_deref(), Some("/v1/message:send"));
    }

    #[test]
    fn a_task_is_read_with_the_names_of_the_version() {
        let message =
            json!({ "messageId": "m", "role": "ROLE_AGENT", "content": [{ "data": { "data": { "a": 1 } } }] });
        let file = json!({ "file": { "fileWithBytes": "AAA=", "name": "f" } });
        let task = json!({
            "id": "t", "status": { "state": "TASK_STATE_CANCELLED", "message": message },
            "artifacts": [{ "artifactId": "a", "parts": [file] }], "history": [message],
        });
        let task = V03Rest.task(task).expect("a task");
        assert_eq!((task.status.state, task.history.len()), (State::Canceled, 1));
        let data = Part { data: Some(json!({ "a": 1 })), ..Part::default() };
        assert_eq!(task.status.message.map(|message| message.parts), Some(vec![data]));
        let raw = Part { raw: Some("AAA=".into()), filename: Some("f".into()), ..Part::default() };
        assert_eq!(task.artifacts[0].parts, [raw]);
    }

    #[test]
    fn replies_and_the_documents_of_json_rpc_are_read() {
        for name in ["msg", "message"] {
            let reply = json!({ name: { "messageId": "m", "role": "ROLE_AGENT", "content": [{ "text": "a" }] } });
            assert!(matches!(V03Rest.event(reply), Ok(Event::Message(message)) if message.text() == "a"), "{name}");
        }
        let older = json!({ "kind": "task", "id": "t", "status": { "state": "working" } });
        assert!(matches!(V03Rest.event(older), Ok(Event::Task(task)) if task.status.state == State::Working));
    }
}
