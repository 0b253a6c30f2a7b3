//! Push notifications: a job is deferred while the agent works on its task, and runs again when the agent notifies the
//! host. Most tests use `toril promote` instead of a notification, which has the same effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use toril_tests::stub_agent::{AgentRequest, Answer, CARD, Step, StubAgent, card};
use toril_tests::{RedisServer, http};

use crate::{Case, QUEUE, host_with};

/// HMAC-SHA256 of `agent-commands`, a line break and `long`, with the key `hunter2`.
const TOKEN: &str = "42fce2ff7978434723ce5bec9128c3d2a0e8b80210a46461ccce436b42aba4e8";
const URL: &str = "https://toril.example.com/callbacks/agent-commands/long";

/// How far the agent is with its task.
#[derive(Clone, Default)]
struct At(Arc<AtomicUsize>);

impl At {
    const STATES: [&str; 3] = ["TASK_STATE_WORKING", "TASK_STATE_COMPLETED", "TASK_STATE_CANCELED"];

    fn task(&self) -> Value {
        let message = json!({ "messageId": "at-it", "role": "ROLE_AGENT", "parts": [{ "text": "at-it" }] });
        let state = Self::STATES[self.0.load(Ordering::SeqCst)];
        json!({ "id": "t", "contextId": "c", "status": { "state": state, "message": message } })
    }

    fn is(&self, state: &str) {
        let at = Self::STATES.iter().position(|known| *known == state).expect("a state");
        self.0.store(at, Ordering::SeqCst);
    }
}

/// A host that an agent with such a task notifies. `play` answers requests that this agent answers differently.
async fn case(
    queue: &str,
    streaming: bool,
    at: &At,
    play: impl Fn(&AgentRequest) -> Option<Answer> + Send + Sync + 'static,
) -> Case<StubAgent> {
    case_with("hunter2", "", queue, streaming, at, play).await
}

/// The same with this secret, and with further tables in `queues.toml`.
async fn case_with(
    secret: &str,
    tables: &str,
    queue: &str,
    streaming: bool,
    at: &At,
    play: impl Fn(&AgentRequest) -> Option<Answer> + Send + Sync + 'static,
) -> Case<StubAgent> {
    let at = at.clone();
    let agent = StubAgent::start(move |request: AgentRequest| match (play(&request), request.method.as_str()) {
        (Some(answer), _) => answer,
        (_, CARD) => {
            let mut card = card(&request.url, streaming);
            card["capabilities"]["pushNotifications"] = json!(true);
            Answer::Result(card)
        }
        (_, "SendMessage") => Answer::Result(json!({ "task": at.task() })),
        (_, "SendStreamingMessage" | "SubscribeToTask") => {
            let silence = Step::Pause(Duration::from_secs(600));
            Answer::Stream(vec![Step::Event(json!({ "task": at.task() })), silence])
        }
        (_, "GetTask") => Answer::Result(at.task()),
        (_, "CreateTaskPushNotificationConfig") => Answer::Result(request.params),
        (_, "CancelTask") => {
            at.is("TASK_STATE_CANCELED");
            Answer::Result(at.task())
        }
        _ => Answer::Error(-32601),
    });
    let agent = agent.await;
    let redis = RedisServer::start().await;
    let url = agent.url();
    let plugin = format!(
        "http = [{url:?}]\nsecrets = {{ push-secret = \"env:PUSH_SECRET\" }}\n\
         config = {{ agent-url = {url:?}, push-url = \"https://toril.example.com/\", push-after-seconds = 1 }}\n\
         {tables}"
    );
    let toril = host_with(&redis, queue, &plugin, &[("PUSH_SECRET", secret)]).await;
    Case { agent, redis, toril }
}

fn usual(_: &AgentRequest) -> Option<Answer> {
    None
}

/// The parameters of the first call of that method.
fn params(case: &Case<StubAgent>, method: &str) -> Value {
    let calls = case.agent.requests().into_iter().map(|request| request.json());
    calls.into_iter().find(|call| call["method"] == method).expect("it was called")["params"].clone()
}

async fn promote(case: &Case<StubAgent>) {
    case.toril.cli(["promote", "agent-commands", "long"]).await.succeeded();
}

#[tokio::test]
async fn a_job_is_deferred_and_is_completed_after_the_notification() {
    for streaming in [false, true] {
        let at = At::default();
        let case = case(QUEUE, streaming, &at, usual).await;
        case.add("long", &json!({ "message": "hello" })).await;

        let job = case.wait_for("long", "delayed").await;
        assert_eq!(job["attemptsMade"], 0, "{job}");
        at.is("TASK_STATE_COMPLETED");
        promote(&case).await;

        let job = case.wait_for("long", "completed").await;
        assert_eq!((&job["returnvalue"]["state"], &job["attemptsMade"]), (&json!("completed"), &json!(1)), "{job}");
        let method = if streaming { "SendStreamingMessage" } else { "SendMessage" };
        assert_eq!(case.agent.calls(method), 1, "{streaming}");
        let registered = &params(&case, method)["configuration"]["taskPushNotificationConfig"];
        assert_eq!((&registered["url"], &registered["token"]), (&json!(URL), &json!(TOKEN)), "{registered}");
        assert_eq!(
            case.agent.calls("CreateTaskPushNotificationConfig"),
            0,
            "notifications were requested with the message"
        );
        for secret in ["hunter2", TOKEN] {
            assert!(!case.toril.logs().contains(secret) && !job.to_string().contains(secret), "{job}");
        }
    }
}

#[tokio::test]
async fn the_notification_that_the_agent_was_asked_for_wakes_the_job() {
    let at = At::default();
    let callbacks = "[callbacks]\nsecret = \"env:PUSH_SECRET\"\n";
    let case = case_with("a-secret-of-25-characters", callbacks, QUEUE, false, &at, usual).await;
    case.add("long", &json!({ "message": "hello" })).await;
    case.wait_for("long", "delayed").await;
    at.is("TASK_STATE_COMPLETED");

    let registered = params(&case, "SendMessage")["configuration"]["taskPushNotificationConfig"].clone();
    let path = registered["url"].as_str().and_then(|url| url.strip_prefix("https://toril.example.com")).expect("a URL");
    let token = registered["token"].as_str().expect("a token");
    let headers = [("x-a2a-notification-token", token), ("content-type", "application/json")];
    let body = json!({ "statusUpdate": { "taskId": "t" } }).to_string();
    let answer = http::request("POST", &case.toril.url(path), &headers, &body).await.expect("an answer");

    assert_eq!(answer.status, 204);
    let job = case.wait_for("long", "completed").await;
    assert_eq!((&job["attemptsMade"], case.agent.calls("SendMessage")), (&json!(1), 1), "{job}");
}

#[tokio::test]
async fn a_job_that_is_run_again_too_early_is_deferred_again_and_repeats_nothing() {
    let at = At::default();
    let case = case(QUEUE, false, &at, usual).await;
    case.add("long", &json!({ "message": "hello" })).await;
    case.wait_for("long", "delayed").await;

    promote(&case).await;
    toril_tests::wait_until("the job to be deferred again", toril_tests::wait::LONG, async || {
        let job = case.job("long").await;
        job["state"] == "delayed" && job["attemptsStarted"] == 2
    })
    .await;
    at.is("TASK_STATE_COMPLETED");
    promote(&case).await;

    let job = case.wait_for("long", "completed").await;
    assert_eq!(job["logs"].to_string().matches("message from the agent: at-it").count(), 1, "{job}");
    assert_eq!((case.agent.calls("SendMessage"), &job["attemptsMade"]), (1, &json!(1)));
}

#[tokio::test]
async fn a_task_of_an_earlier_attempt_is_registered_for() {
    let at = At::default();
    let case = case(QUEUE, false, &at, usual).await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_millis();
    let now = u64::try_from(now).expect("a time");
    let delivery = json!({ "number": 1, "step": "taken", "sentAt": now, "taskId": "t" });
    case.add("long", &json!({ "message": "hello", "delivery": delivery })).await;

    case.wait_for("long", "delayed").await;

    let registered = params(&case, "CreateTaskPushNotificationConfig");
    assert_eq!(
        (&registered["taskId"], &registered["url"], &registered["token"]),
        (&json!("t"), &json!(URL), &json!(TOKEN))
    );
    assert_eq!(case.agent.calls("SendMessage"), 0);
}

#[tokio::test]
async fn an_agent_that_takes_no_registration_is_sent_the_message_without_and_the_job_keeps_its_place() {
    let at = At::default();
    let of_agent = at.clone();
    let case = case(QUEUE, false, &at, move |request| match request.method.as_str() {
        "SendMessage" if request.params["configuration"]["taskPushNotificationConfig"].is_object() => {
            Some(Answer::Error(-32003))
        }
        "CreateTaskPushNotificationConfig" => Some(Answer::Error(-32003)),
        "GetTask" if request.time == 5 => {
            of_agent.is("TASK_STATE_COMPLETED");
            None
        }
        _ => None,
    });
    let case = case.await;

    assert_eq!(case.send("hello").await["state"], "completed");

    assert_eq!(case.agent.calls("SendMessage"), 2, "the first was refused");
    assert_eq!(case.job("1").await["attemptsStarted"], 1);
}

#[tokio::test]
async fn the_time_of_a_deferred_job_ends_without_a_notification_and_its_task_is_cancelled() {
    for (queue, data, expected) in [
        (QUEUE, json!({ "message": "hello", "timeoutMs": 8000 }), "`timeoutMs`"),
        ("timeout = \"15s\"", json!({ "message": "hello" }), "the queue's `timeout`"),
    ] {
        let case = case(queue, false, &At::default(), usual).await;
        case.add("long", &data).await;

        let job = case.wait_for("long", "failed").await;

        let reason = job["failedReason"].as_str().unwrap_or_default();
        assert!(reason.contains(expected) && reason.contains("is canceled"), "{reason}");
        assert_eq!((case.agent.calls("SendMessage"), case.agent.calls("CancelTask")), (1, 1));
        assert!(job["attemptsStarted"].as_u64() > Some(1), "it was deferred: {job}");
    }
}

#[tokio::test]
async fn a_deferred_job_can_be_cancelled() {
    let case = case(QUEUE, false, &At::default(), usual).await;
    case.add("long", &json!({ "message": "hello" })).await;
    case.wait_for("long", "delayed").await;

    case.toril
        .cli(["cancel", "agent-commands", "long", "--reason", "enough", "--wait-timeout", "50s"])
        .await
        .succeeded();

    let job = case.wait_for("long", "failed").await;
    let reason = job["failedReason"].as_str().unwrap_or_default();
    assert!(reason.contains("cancelled: enough") && reason.contains("is canceled"), "{reason}");
    assert_eq!((case.agent.calls("SendMessage"), case.agent.calls("CancelTask")), (1, 1));
}
