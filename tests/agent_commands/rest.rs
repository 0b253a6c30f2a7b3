//! HTTP+JSON: its errors, its paths, and what servers leave out.

use serde_json::{Value, json};
use toril_tests::stub_agent::{AgentRequest, Answer, CARD, Step, card};

use crate::Case;

fn rest(request: &AgentRequest, streaming: bool) -> Value {
    let mut card = card(&request.url, streaming);
    let interface = |binding: &str| json!({ "url": request.url, "protocolBinding": binding, "protocolVersion": "1.0" });
    card["supportedInterfaces"] = json!([interface("GRPC"), interface("HTTP+JSON"), interface("JSONRPC")]);
    card
}

fn task(state: &str) -> Value {
    json!({ "id": "t", "contextId": "c", "status": { "state": state } })
}

/// An error as 1.0 has it.
fn status(http: u16, reason: &str) -> Answer {
    let info = json!({ "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason });
    let error = json!({ "code": http, "message": "a secret reason", "details": [info] });
    Answer::Raw(http, "application/json", json!({ "error": error }).to_string())
}

fn plain(http: u16) -> Answer {
    Answer::Raw(http, "application/json", r#"{"detail":"a secret reason"}"#.into())
}

#[tokio::test]
async fn the_interface_that_the_agent_prefers_is_used() {
    let case = Case::played(|request: AgentRequest| match (request.method.as_str(), request.header("a2a-version")) {
        (CARD, _) => Answer::Result(rest(&request, false)),
        ("POST /message:send", "1.0") => Answer::Result(json!({ "task": task("TASK_STATE_WORKING") })),
        ("GET /tasks/t", "1.0") => Answer::Result(task("TASK_STATE_COMPLETED")),
        _ => plain(404),
    });
    let case = case.await;

    assert_eq!(case.send("hello").await["state"], "completed");

    assert_eq!(case.agent.methods(), ["POST /message:send", "GET /tasks/t"]);
}

#[tokio::test]
async fn an_agent_without_streaming_and_lists_is_sent_the_message_once_and_polled() {
    for missing in [404, 405, 501] {
        let case = Case::played(move |request: AgentRequest| match (request.method.as_str(), request.time) {
            (CARD, _) => Answer::Result(rest(&request, true)),
            ("POST /message:send", _) => Answer::Result(json!({ "task": task("TASK_STATE_WORKING") })),
            ("GET /tasks/t", time) if time > 1 => Answer::Result(task("TASK_STATE_COMPLETED")),
            ("GET /tasks/t", _) => Answer::Result(task("TASK_STATE_WORKING")),
            _ => plain(missing),
        });
        let case = case.await;

        assert_eq!(case.send("hello").await["state"], "completed", "{missing}");

        assert_eq!(case.agent.calls("POST /message:send"), 1, "{missing}");
    }
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_subscribed_to_with_the_verb_that_the_server_has() {
    let case = Case::played(|request: AgentRequest| match (request.method.as_str(), request.time) {
        (CARD, _) => Answer::Result(rest(&request, true)),
        ("POST /message:stream", _) => Answer::Stream(vec![Step::Event(json!({ "task": task("TASK_STATE_WORKING") }))]),
        ("GET /tasks/t", 1) => Answer::Result(task("TASK_STATE_WORKING")),
        ("GET /tasks/t", _) => Answer::Result(task("TASK_STATE_COMPLETED")),
        ("GET /tasks/t:subscribe", _) => {
            let status = json!({ "state": "TASK_STATE_COMPLETED" });
            let update = json!({ "statusUpdate": { "taskId": "t", "contextId": "c", "status": status } });
            Answer::Stream(vec![Step::Event(json!({ "task": task("TASK_STATE_WORKING") })), Step::Event(update)])
        }
        _ => plain(405),
    });
    let case = case.await;

    assert_eq!(case.send("hello").await["state"], "completed");

    let subscribed: Vec<_> = case.agent.methods().into_iter().filter(|method| method.ends_with("subscribe")).collect();
    assert_eq!(subscribed, ["POST /tasks/t:subscribe", "GET /tasks/t:subscribe"]);
}

/// How a job ends whose message is answered like this, and how often the message was sent.
async fn answered(answer: impl Fn() -> Answer + Send + Sync + 'static) -> (Value, usize) {
    let case = Case::played(move |request: AgentRequest| match request.method.as_str() {
        CARD => Answer::Result(rest(&request, false)),
        "POST /message:send" => answer(),
        "GET /tasks" => Answer::Result(json!({ "tasks": [] })),
        _ => plain(404),
    });
    let case = case.await;
    let opts = [
        "add",
        "agent-commands",
        "send",
        "--data",
        r#"{"message":"hello","contextId":"c"}"#,
        "--attempts",
        "1",
        "--wait",
    ];
    let error = case.toril.cli(opts).await.exited(1).stderr;
    assert!(!error.contains("secret"), "{error}");
    (case.job("1").await, case.agent.calls("POST /message:send"))
}

#[tokio::test]
async fn errors_in_every_form_have_the_codes_of_json_rpc() {
    for (http, body, expected) in [
        (400, json!({ "type": "https://a2a-protocol.org/errors/content-type-not-supported" }), "A2A error -32005"),
        (400, json!({ "type": "InvalidParamsError", "message": "a secret reason" }), "A2A error -32602"),
        (422, json!({ "detail": "a secret reason" }), "(422)"),
    ] {
        let (job, sent) = answered(move || Answer::Raw(http, "application/problem+json", body.to_string())).await;
        let reason = job["failedReason"].to_string();
        assert!(reason.contains(expected), "{reason}");
        assert_eq!((&job["attemptsMade"], sent), (&json!(1), 1), "{reason}");
        assert_eq!(job["data"]["delivery"]["step"], "refused", "{reason}");
    }
    let (job, _) = answered(|| status(400, "EXTENSION_SUPPORT_REQUIRED")).await;
    assert!(job["failedReason"].to_string().contains("requires an extension"), "{job}");
    let (job, _) = answered(|| status(500, "INTERNAL_ERROR")).await;
    assert_eq!(job["data"]["delivery"]["step"], "sending", "it may have arrived: {job}");
}

#[tokio::test]
async fn a_task_that_the_agent_does_not_know_any_more_fails_the_job_for_good() {
    let case = Case::played(|request: AgentRequest| match request.method.as_str() {
        CARD => Answer::Result(rest(&request, false)),
        "POST /message:send" => Answer::Result(json!({ "task": task("TASK_STATE_WORKING") })),
        _ => status(404, "TASK_NOT_FOUND"),
    });
    let case = case.await;

    let output = case.run("send", &json!({ "message": "hello" })).await.exited(1);

    assert!(output.stderr.contains("no longer knows the task"), "{}", output.stderr);
    assert_eq!(case.job("1").await["attemptsMade"], 1);
}

#[tokio::test]
async fn an_address_in_the_settings_is_used_instead_of_the_cards() {
    let case =
        Case::played_with(crate::QUEUE, ", rest-url = \"{url}/behind/proxy/\"", |request: AgentRequest| match request
            .method
            .as_str()
        {
            CARD => Answer::Result(rest(&request, false)),
            "POST /behind/proxy/message:send" => Answer::Result(json!({ "task": task("TASK_STATE_COMPLETED") })),
            _ => plain(404),
        });

    assert_eq!(case.await.send("hello").await["state"], "completed");
}
