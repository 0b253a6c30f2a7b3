//! A2A 1.0: the JSON of its protocol buffers, over JSON-RPC and HTTP+JSON.

use std::time::SystemTime;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Call, NotThis, Outgoing, Page, Route, Wire, filled, segment, set, set_list, told};
use crate::envelope::Binding;
use crate::model::{self, Event, Part, State};
use crate::push::Push;

/// Version 1.0.
pub struct V1 {
    /// The agent's tenant that every call is for.
    pub tenant: Option<String>,
    pub binding: Binding,
}

/// Number of tasks per page. The protocol allows at most 100.
const PAGE: u32 = 50;

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

    fn send(&self, outgoing: &Outgoing<'_>, streaming: bool) -> Call {
        let mut message = Map::new();
        set(&mut message, "messageId", Some(outgoing.message_id));
        set(&mut message, "role", Some("ROLE_USER"));
        set(&mut message, "parts", Some(outgoing.parts.iter().map(|part| json!(part)).collect::<Vec<_>>()));
        set(&mut message, "contextId", outgoing.context_id);
        set(&mut message, "taskId", outgoing.task_id);
        set_list(&mut message, "referenceTaskIds", outgoing.reference_task_ids);
        set_list(&mut message, "extensions", outgoing.extensions);
        let mut params = Map::from_iter([("message".to_owned(), message.into())]);
        let mut configuration = Map::new();
        set(&mut configuration, "returnImmediately", (!streaming).then_some(true));
        set_list(&mut configuration, "acceptedOutputModes", outgoing.accepted_output_modes);
        set(&mut configuration, "taskPushNotificationConfig", outgoing.push.map(told));
        set(&mut params, "configuration", (!configuration.is_empty()).then_some(configuration));
        set(&mut params, "metadata", outgoing.metadata.cloned());
        let (method, path) =
            if streaming { ("SendStreamingMessage", "/message:stream") } else { ("SendMessage", "/message:send") };
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
        let mut params = told(push);
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

    fn event(&self, result: Value) -> Result<Event, NotThis> {
        let event: Response = serde_json::from_value(result)?;
        match event {
            Response { message: Some(message), .. } => Ok(Event::Message(message.into())),
            Response { task: Some(task), .. } => Ok(Event::Task(task.into())),
            Response { status_update: Some(update), .. } => Ok(Event::Status {
                task_id: update.task_id,
                context_id: filled(update.context_id),
                status: update.status.unwrap_or_default().into(),
                metadata: said(update.metadata),
            }),
            Response { artifact_update: Some(ArtifactUpdate { task_id, context_id, artifact, append }), .. } => {
                Ok(Event::Artifact { task_id, context_id: filled(context_id), artifact: artifact.into(), append })
            }
            Response { .. } => Err(NotThis),
        }
    }

    fn task(&self, result: Value) -> Result<model::Task, NotThis> {
        Ok(serde_json::from_value::<Task>(result)?.into())
    }

    fn page(&self, result: Value) -> Result<Page, NotThis> {
        let list: List = serde_json::from_value(result)?;
        Ok(Page { tasks: list.tasks.into_iter().map(Into::into).collect(), next: filled(list.next_page_token) })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    task: Option<Task>,
    message: Option<Message>,
    status_update: Option<StatusUpdate>,
    artifact_update: Option<ArtifactUpdate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Task {
    id: String,
    context_id: Option<String>,
    status: Option<Status>,
    #[serde(default)]
    artifacts: Vec<Artifact>,
    #[serde(default)]
    history: Vec<Message>,
    metadata: Option<Map<String, Value>>,
}

#[derive(Deserialize, Default)]
struct Status {
    state: Option<String>,
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
    #[serde(default)]
    parts: Vec<AnyPart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    #[serde(default)]
    artifact_id: String,
    name: Option<String>,
    description: Option<String>,
    #[serde(default)]
    parts: Vec<AnyPart>,
    metadata: Option<Map<String, Value>>,
}

/// A part, including members that a later 1.x may add.
#[derive(Deserialize)]
struct AnyPart(Map<String, Value>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusUpdate {
    task_id: String,
    context_id: Option<String>,
    status: Option<Status>,
    metadata: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactUpdate {
    task_id: String,
    context_id: Option<String>,
    artifact: Artifact,
    #[serde(default)]
    append: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    #[serde(default)]
    tasks: Vec<Task>,
    next_page_token: Option<String>,
}

impl From<Task> for model::Task {
    fn from(task: Task) -> Self {
        Self {
            id: task.id,
            context_id: filled(task.context_id),
            status: task.status.unwrap_or_default().into(),
            artifacts: task.artifacts.into_iter().map(Into::into).collect(),
            history: task.history.into_iter().map(Into::into).collect(),
            metadata: said(task.metadata),
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
            metadata: said(artifact.metadata),
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
            Some(Value::Object(metadata)) => said(Some(metadata)),
            _ => None,
        };
        Self { text: content, data: part.remove("data"), url, raw, media_type, filename, metadata }
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

/// Empty metadata counts as missing.
fn said(metadata: Option<Map<String, Value>>) -> Option<Map<String, Value>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const WIRE: V1 = V1 { tenant: None, binding: Binding::JsonRpc };

    fn outgoing<'a>(parts: &'a [Part]) -> Outgoing<'a> {
        Outgoing { context_id: Some("c"), ..Outgoing::for_test("m", parts) }
    }

    #[test]
    fn a_message_has_the_form_of_the_version() {
        let parts = [Part::text("hi"), Part { data: Some(json!({ "a": 1 })), ..Part::default() }];
        let call = WIRE.send(&outgoing(&parts), false);
        assert_eq!(call.method, "SendMessage");
        let message = json!({
            "messageId": "m", "role": "ROLE_USER", "contextId": "c", "parts": [{ "text": "hi" }, { "data": { "a": 1 } }],
        });
        assert_eq!(call.params, json!({ "message": message, "configuration": { "returnImmediately": true } }));
        let call = V1 { tenant: Some("x".into()), ..WIRE }.send(&outgoing(&parts), true);
        assert_eq!((call.method, &call.params["tenant"]), ("SendStreamingMessage", &json!("x")));
        assert!(call.params.get("configuration").is_none());
    }

    #[test]
    fn over_http_json_the_tenant_and_the_task_are_in_the_path() {
        let wire = V1 { tenant: Some("a b".into()), binding: Binding::Rest };
        let told = |call: Call| (call.verb(), call.url("https://x/"), call.body());
        let get = "https://x/a%20b/tasks/t%2F1?historyLength=0".to_owned();
        assert_eq!(told(wire.get("t/1", Some(0))), ("GET", get, None));
        let cancel = "https://x/a%20b/tasks/t:cancel".to_owned();
        assert_eq!(told(wire.cancel("t")), ("POST", cancel, Some(json!({}))));
        let send = wire.send(&outgoing(&[Part::text("hi")]), true);
        assert_eq!((send.url("https://x"), send.params.get("tenant")), ("https://x/a%20b/message:stream".into(), None));
    }

    #[test]
    fn every_kind_of_event_is_read() {
        let event = |value| WIRE.event(value).expect("an event");
        let task =
            event(json!({ "task": { "id": "t", "contextId": "c", "status": { "state": "TASK_STATE_WORKING" } } }));
        assert!(matches!(task, Event::Task(task) if task.id == "t" && task.status.state == State::Working));
        let said = json!({ "role": "ROLE_AGENT", "messageId": "m", "parts": [{ "text": "a", "mediaType": "" }] });
        assert!(matches!(event(json!({ "message": said })), Event::Message(message) if message.text() == "a"));
        let update = json!({ "taskId": "t", "status": { "state": "TASK_STATE_INPUT_REQUIRED", "message": said } });
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
