//! A2A 1.0: the JSON of its protocol buffers, over JSON-RPC and HTTP+JSON.

mod documents;

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::{
    AnswerForm, Call, MessageForm, Outgoing, Page, Route, UnexpectedDocument, Wire, filled, push_config, segment, set,
};
use crate::envelope::Binding;
use crate::model::{self, Event};
use crate::push::Push;
use documents::{ArtifactUpdate, List, Response, Task, non_empty};

/// Version 1.0.
pub struct V1 {
    /// The agent's tenant that every call is for.
    pub tenant: Option<String>,
    pub binding: Binding,
}

/// Number of tasks per page. The protocol allows at most 100.
const PAGE: u32 = 50;

/// How this version writes a message.
const MESSAGE: MessageForm = MessageForm {
    kind: None,
    role: "ROLE_USER",
    parts: "parts",
    part: |part| json!(part),
    immediate: ("returnImmediately", true),
    push: "taskPushNotificationConfig",
};

impl V1 {
    /// A call that is not about an existing task.
    fn call(&self, method: &'static str, mut params: Map<String, Value>, verb: &'static str, path: String) -> Call {
        let tenant = self.tenant.as_deref();
        if self.binding == Binding::JsonRpc {
            set(&mut params, "tenant", tenant);
            return Call::rpc(method, params);
        }
        let tenant = tenant.map(|tenant| format!("/{}", segment(tenant))).unwrap_or_default();
        let path = format!("{tenant}{path}");
        Call { method, params: params.into(), route: Some(Route { verb, path }) }
    }

    /// A call about a task. `action` follows the task in the path.
    fn about(
        &self,
        method: &'static str,
        task_id: &str,
        mut params: Map<String, Value>,
        verb: &'static str,
        action: &str,
    ) -> Call {
        if self.binding == Binding::JsonRpc {
            params.insert("id".to_owned(), task_id.into());
        }
        self.call(method, params, verb, format!("/tasks/{}{action}", segment(task_id)))
    }
}

impl Wire for V1 {
    fn version(&self) -> &'static str {
        "1.0"
    }

    fn binding(&self) -> Binding {
        self.binding
    }

    fn header(&self) -> Option<&'static str> {
        Some("1.0")
    }

    fn extensions_header(&self) -> &'static str {
        "a2a-extensions"
    }

    fn send(&self, outgoing: &Outgoing<'_>, form: AnswerForm) -> Call {
        let params = outgoing.params(&MESSAGE, form);
        let (method, path) = match form {
            AnswerForm::Stream => ("SendStreamingMessage", "/message:stream"),
            AnswerForm::Single => ("SendMessage", "/message:send"),
        };
        self.call(method, params, "POST", path.to_owned())
    }

    fn get(&self, task_id: &str, history: Option<u32>) -> Call {
        let mut params = Map::new();
        set(&mut params, "historyLength", history);
        self.about("GetTask", task_id, params, "GET", "")
    }

    fn cancel(&self, task_id: &str) -> Call {
        self.about("CancelTask", task_id, Map::new(), "POST", ":cancel")
    }

    fn subscribe(&self, task_id: &str) -> Call {
        self.about("SubscribeToTask", task_id, Map::new(), "POST", ":subscribe")
    }

    fn notify(&self, task_id: &str, push: &Push) -> Call {
        let mut params = push_config(push);
        set(&mut params, "taskId", Some(task_id));
        let path = format!("/tasks/{}/pushNotificationConfigs", segment(task_id));
        self.call("CreateTaskPushNotificationConfig", params, "POST", path)
    }

    fn lists(&self) -> bool {
        true
    }

    fn list(&self, context_id: Option<&str>, since: SystemTime, page: Option<&str>) -> Option<Call> {
        let mut params = Map::new();
        set(&mut params, "contextId", context_id);
        if context_id.is_none() {
            set(&mut params, "statusTimestampAfter", Some(timestamp(since)));
        }
        set(&mut params, "pageSize", Some(PAGE));
        set(&mut params, "pageToken", page);
        Some(self.call("ListTasks", params, "GET", "/tasks".to_owned()))
    }

    fn event(&self, result: Value) -> Result<Event, UnexpectedDocument> {
        let event: Response = serde_json::from_value(result)?;
        match event {
            Response { message: Some(message), .. } => Ok(Event::Message(message.into())),
            Response { task: Some(task), .. } => Ok(Event::Task(task.into())),
            Response { status_update: Some(update), .. } => Ok(Event::Status {
                task_id: update.task_id,
                context_id: filled(update.context_id),
                status: update.status.unwrap_or_default().into(),
                metadata: non_empty(update.metadata),
            }),
            Response { artifact_update: Some(ArtifactUpdate { task_id, context_id, artifact, append }), .. } => {
                Ok(Event::Artifact {
                    task_id,
                    context_id: filled(context_id),
                    artifact: artifact.into(),
                    append: append.unwrap_or(false),
                })
            }
            Response { .. } => Err(UnexpectedDocument),
        }
    }

    fn task(&self, result: Value) -> Result<model::Task, UnexpectedDocument> {
        Ok(serde_json::from_value::<Task>(result)?.into())
    }

    fn page(&self, result: Value) -> Result<Page, UnexpectedDocument> {
        let list: List = serde_json::from_value(result)?;
        Ok(Page {
            tasks: list.tasks.into_iter().flatten().map(Into::into).collect(),
            next: filled(list.next_page_token),
        })
    }
}

/// A time in the JSON format of protocol buffers, in whole seconds: `2026-01-31T08:30:00Z`.
fn timestamp(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // With years that begin in March, the leap day is the last day. All eras of 400 years have the same number of days.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let march = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * march + 2) / 5 + 1, if march < 10 { march + 3 } else { march - 9 });
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Part, State};

    const WIRE: V1 = V1 { tenant: None, binding: Binding::JsonRpc };

    fn outgoing<'a>(parts: &'a [Part]) -> Outgoing<'a> {
        Outgoing { context_id: Some("c"), ..Outgoing::for_test("m", parts) }
    }

    #[test]
    fn a_message_has_the_form_of_the_version() {
        let parts = [Part::text("hi"), Part { data: Some(json!({ "a": 1 })), ..Part::default() }];
        let call = WIRE.send(&outgoing(&parts), AnswerForm::Single);
        assert_eq!(call.method, "SendMessage");
        let message = json!({
            "messageId": "m", "role": "ROLE_USER", "contextId": "c", "parts": [{ "text": "hi" }, { "data": { "a": 1 } }],
        });
        assert_eq!(call.params, json!({ "message": message, "configuration": { "returnImmediately": true } }));
        let call = V1 { tenant: Some("x".into()), ..WIRE }.send(&outgoing(&parts), AnswerForm::Stream);
        assert_eq!((call.method, &call.params["tenant"]), ("SendStreamingMessage", &json!("x")));
        assert!(call.params.get("configuration").is_none());
    }

    #[test]
    fn over_http_json_the_tenant_and_the_task_are_in_the_path() {
        let wire = V1 { tenant: Some("a b".into()), binding: Binding::Rest };
        let sent = |call: Call| (call.verb(), call.url("https://x/"), call.body());
        let get = "https://x/a%20b/tasks/t%2F1?historyLength=0".to_owned();
        assert_eq!(sent(wire.get("t/1", Some(0))), ("GET", get, None));
        let cancel = "https://x/a%20b/tasks/t:cancel".to_owned();
        assert_eq!(sent(wire.cancel("t")), ("POST", cancel, Some(json!({}))));
        let send = wire.send(&outgoing(&[Part::text("hi")]), AnswerForm::Stream);
        assert_eq!((send.url("https://x"), send.params.get("tenant")), ("https://x/a%20b/message:stream".into(), None));
    }

    #[test]
    fn every_kind_of_event_is_read() {
        let event = |value| WIRE.event(value).expect("an event");
        let task =
            event(json!({ "task": { "id": "t", "contextId": "c", "status": { "state": "TASK_STATE_WORKING" } } }));
        assert!(matches!(task, Event::Task(task) if task.id == "t" && task.status.state == State::Working));
        let message = json!({ "role": "ROLE_AGENT", "messageId": "m", "parts": [{ "text": "a", "mediaType": "" }] });
        assert!(matches!(event(json!({ "message": message })), Event::Message(message) if message.text() == "a"));
        let update = json!({ "taskId": "t", "status": { "state": "TASK_STATE_INPUT_REQUIRED", "message": message } });
        let Event::Status { status, .. } = event(json!({ "statusUpdate": update })) else { panic!("a status") };
        assert_eq!((status.state, status.message.map(|message| message.by_agent)), (State::InputRequired, Some(true)));
        let artifact = json!({ "artifactId": "a", "parts": [{ "raw": "AAA=", "filename": "f" }] });
        let update = json!({ "taskId": "t", "artifact": artifact, "append": true, "lastChunk": true });
        let Event::Artifact { artifact, append: true, .. } = event(json!({ "artifactUpdate": update })) else {
            panic!("an artifact")
        };
        assert_eq!(artifact.parts[0].raw.as_deref(), Some("AAA="));
        assert!(WIRE.event(json!({ "kind": "task", "id": "t" })).is_err());
    }

    #[test]
    fn null_stands_for_a_missing_list() {
        let task = json!({ "id": "t", "artifacts": null, "history": null, "status": { "message": { "parts": null } } });
        assert!(WIRE.task(task).is_ok_and(|task| task.artifacts.is_empty() && task.history.is_empty()));
    }

    #[test]
    fn a_part_of_an_unknown_kind_is_data_and_metadata_is_kept() {
        let part = json!({ "chart": { "rows": [1] }, "mediaType": "x/y" });
        let artifact = json!({ "artifactId": "a", "parts": [part, { "text": "" }] });
        let task = json!({ "id": "t", "artifacts": [artifact], "metadata": { "cost": 3 } });
        let task = WIRE.task(task).expect("a task");
        assert_eq!(task.artifacts[0].parts, [Part { data: Some(part), ..Part::default() }, Part::text("")]);
        assert_eq!(task.metadata, json!({ "cost": 3 }).as_object().cloned());
        let update = json!({ "statusUpdate": { "taskId": "t", "metadata": { "cost": 4 } } });
        assert!(matches!(WIRE.event(update), Ok(Event::Status { metadata: Some(more), .. }) if more["cost"] == 4));
    }

    #[test]
    fn a_moment_is_written_in_the_calendar() {
        let at = |seconds| timestamp(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_700_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(at(4_107_542_399), "2100-02-28T23:59:59Z");
        assert_eq!(at(4_107_542_400), "2100-03-01T00:00:00Z");
    }

    #[test]
    fn a_page_says_where_the_next_one_begins() {
        let page = WIRE.page(json!({ "tasks": [{ "id": "t" }], "nextPageToken": "" })).expect("a page");
        assert_eq!((page.tasks.len(), page.next), (1, None));
        let page = WIRE.page(json!({ "nextPageToken": "n" })).expect("a page");
        assert_eq!((page.tasks.len(), page.next.as_deref()), (0, Some("n")));
    }
}
