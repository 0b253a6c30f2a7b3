//! Answers that are unusual and allowed: temporary errors, streams of tokens, long streams, events of another version.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use toril_tests::stub_agent::{AgentRequest, Answer, CARD, Step, card};

use crate::{Case, QUEUE};

fn task(state: &str) -> Value {
    json!({ "id": "t", "contextId": "c", "status": { "state": state } })
}

fn working() -> Step {
    Step::Event(json!({ "task": task("TASK_STATE_WORKING") }))
}

fn status(state: &str) -> Step {
    Step::Event(json!({ "statusUpdate": { "taskId": "t", "contextId": "c", "status": { "state": state } } }))
}

fn chunk(text: &str, append: bool) -> Step {
    let artifact = json!({ "artifactId": "a", "parts": [{ "text": text }] });
    Step::Event(
        json!({ "artifactUpdate": { "taskId": "t", "contextId": "c", "artifact": artifact, "append": append } }),
    )
}

/// An agent that answers a message with this stream, and everything else with an error.
fn streams(
    steps: impl Fn() -> Vec<Step> + Send + Sync + 'static,
) -> impl Fn(AgentRequest) -> Answer + Send + Sync + 'static {
    move |request| match request.method.as_str() {
        CARD => Answer::Result(card(&request.url, true)),
        "SendStreamingMessage" => Answer::Stream(steps()),
        _ => Answer::Error(-32601),
    }
}

#[tokio::test]
async fn a_temporary_error_while_a_task_is_polled_is_retried_within_the_attempt() {
    let case = Case::played(|request: AgentRequest| match (request.method.as_str(), request.time) {
        (CARD, _) => Answer::Result(card(&request.url, false)),
        ("SendMessage", _) => Answer::Result(json!({ "task": task("TASK_STATE_WORKING") })),
        ("GetTask", 1) => Answer::Raw(503, "text/plain", String::new()),
        ("GetTask", 2) => Answer::Error(-32050),
        ("GetTask", 3) => Answer::Raw(200, "text/html", "<html>".into()),
        ("GetTask", _) => Answer::Result(task("TASK_STATE_COMPLETED")),
        _ => Answer::Error(-32601),
    });
    let case = case.await;

    assert_eq!(case.send("hello").await["state"], "completed");

    assert_eq!(case.job("1").await["attemptsMade"], 1);
    assert_eq!(case.agent.methods(), ["SendMessage", "GetTask", "GetTask", "GetTask", "GetTask"]);
}

#[tokio::test]
async fn a_temporary_error_while_a_task_is_followed_is_retried_within_the_attempt() {
    let case = Case::played(|request: AgentRequest| match (request.method.as_str(), request.time) {
        (CARD, _) => Answer::Result(card(&request.url, true)),
        ("SendStreamingMessage", _) => Answer::Stream(vec![working()]),
        ("SubscribeToTask", 1) => Answer::Raw(503, "text/plain", String::new()),
        ("SubscribeToTask", _) => Answer::Stream(vec![status("TASK_STATE_COMPLETED")]),
        ("GetTask", time) if time < 3 => Answer::Result(task("TASK_STATE_WORKING")),
        ("GetTask", _) => Answer::Result(task("TASK_STATE_COMPLETED")),
        _ => Answer::Error(-32601),
    });
    let case = case.await;

    assert_eq!(case.send("hello").await["state"], "completed");

    assert_eq!((&case.job("1").await["attemptsMade"], case.agent.calls("SubscribeToTask")), (&json!(1), 2));
}

#[tokio::test]
async fn a_task_whose_streams_contradict_its_state_is_subscribed_to_with_pauses() {
    let subscribed = Arc::new(Mutex::new(Vec::new()));
    let times = subscribed.clone();
    let case = Case::played(move |request: AgentRequest| match (request.method.as_str(), request.time) {
        (CARD, _) => Answer::Result(card(&request.url, true)),
        ("SendStreamingMessage", _) => Answer::Stream(vec![working()]),
        ("SubscribeToTask", _) => {
            times.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
            Answer::Stream(vec![status("TASK_STATE_COMPLETED")])
        }
        ("GetTask", time) if time < 5 => Answer::Result(task("TASK_STATE_WORKING")),
        ("GetTask", _) => Answer::Result(task("TASK_STATE_COMPLETED")),
        _ => Answer::Error(-32601),
    });
    let case = case.await;

    assert_eq!(case.send("hello").await["state"], "completed");

    let times = subscribed.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(times.len() > 1, "{times:?}");
    let pauses: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.iter().all(|pause| *pause >= Duration::from_millis(250)), "{pauses:?}");
}

#[tokio::test]
async fn an_agent_that_is_out_of_reach_at_the_end_of_an_attempt_has_its_task_taken_up_by_the_next() {
    let is_back = AtomicBool::new(false);
    let case = Case::played_with("timeout = \"5s\"", "", move |request: AgentRequest| match request.method.as_str() {
        CARD => Answer::Result(card(&request.url, false)),
        "SendMessage" => Answer::Result(json!({ "task": task("TASK_STATE_WORKING") })),
        "CancelTask" => {
            is_back.store(true, Ordering::Relaxed);
            Answer::Raw(503, "text/plain", String::new())
        }
        _ if is_back.load(Ordering::Relaxed) => Answer::Result(task("TASK_STATE_COMPLETED")),
        _ => Answer::Raw(503, "text/plain", String::new()),
    });
    let case = case.await;

    assert_eq!(case.send("hello").await["state"], "completed");

    assert_eq!((&case.job("1").await["attemptsMade"], case.agent.calls("SendMessage")), (&json!(2), 1));
}

#[tokio::test]
async fn text_that_is_streamed_in_pieces_is_joined_as_it_is() {
    let steps = || {
        let pieces = [chunk("Hel", false), chunk("lo wor", true), chunk("ld", true)];
        [working()].into_iter().chain(pieces).chain([status("TASK_STATE_COMPLETED")]).collect()
    };
    let case = Case::played(streams(steps)).await;

    let result = case.send("hello").await;

    assert_eq!(result["text"], "Hello world");
    assert_eq!(result["artifacts"][0]["parts"], json!([{ "text": "Hello world" }]));
}

/// How many chunks, and the fuel for them: with work that grows with their square 24.8 G are used.
const CHUNKS: usize = 8_000;
const FUEL: u64 = 4_000_000_000;

#[tokio::test]
async fn a_long_stream_takes_work_in_proportion_to_its_length() {
    let steps = || {
        let chunks = (0..CHUNKS).map(|_| chunk("a chunk of some text ", true));
        [working()].into_iter().chain(chunks).chain([status("TASK_STATE_COMPLETED")]).collect()
    };
    let agent = toril_tests::stub_agent::StubAgent::start(streams(steps)).await;
    let redis = toril_tests::RedisServer::start().await;
    let url = agent.url();
    let plugin = format!("http = [{url:?}]\nfuel = {FUEL}\nconfig = {{ agent-url = {url:?} }}\n");
    let toril = crate::host(&redis, QUEUE, &plugin).await;
    let case = Case { agent, redis, toril };

    let result = case.send("hello").await;

    assert_eq!(result["text"].as_str().map(str::len), Some(CHUNKS * "a chunk of some text ".len()));
}

const STATUSES: usize = 3_000;

#[tokio::test]
async fn thousands_of_statuses_are_published_at_a_bounded_rate_and_all_are_counted() {
    let steps = || {
        let say = |number: usize| {
            let message =
                json!({ "messageId": number.to_string(), "role": "ROLE_AGENT", "parts": [{ "data": number }] });
            let status = json!({ "state": "TASK_STATE_WORKING", "message": message });
            Step::Event(json!({ "statusUpdate": { "taskId": "t", "status": status } }))
        };
        [working()].into_iter().chain((0..STATUSES).map(say)).chain([status("TASK_STATE_COMPLETED")]).collect()
    };
    let case = Case::played(streams(steps)).await;

    let began = std::time::Instant::now();
    case.send("hello").await;

    // One at once, one per half second, and the end.
    let most = 2 + began.elapsed().as_millis() / 500;
    let published = progress(&case).await;
    assert!((2..=most).contains(&(published.len() as u128)), "{} updates, {most} at most", published.len());
    let last = published.last().expect("an update");
    assert_eq!((&last["state"], &last["updates"]), (&json!("completed"), &json!(STATUSES + 2)));
}

/// What was published as progress.
async fn progress<A>(case: &Case<A>) -> Vec<Value> {
    let mut connection = case.redis.connection().await;
    let mut command = redis::cmd("XRANGE");
    let command = command.arg("bull:agent-commands:events").arg("-").arg("+");
    let entries: Vec<(String, HashMap<String, String>)> = command.query_async(&mut connection).await.expect("events");
    let progress = entries.into_iter().filter(|(_, fields)| fields["event"] == "progress");
    progress.map(|(_, fields)| serde_json::from_str(&fields["data"]).expect("JSON")).collect()
}

#[tokio::test]
async fn a_status_that_was_held_back_is_published_while_the_agent_is_silent() {
    let steps = || {
        let more = [status("TASK_STATE_WORKING"), Step::Pause(Duration::from_secs(20)), status("TASK_STATE_COMPLETED")];
        let submitted = Step::Event(json!({ "task": task("TASK_STATE_SUBMITTED") }));
        [submitted].into_iter().chain(more).collect()
    };
    let case = Case::played(streams(steps)).await;

    case.add("long", &json!({ "message": "hello" })).await;

    toril_tests::wait_until("the status to be published", toril_tests::wait::LONG, async || {
        let job = case.job("long").await;
        assert_ne!(job["state"], "completed", "{job}");
        job["progress"]["state"] == "working"
    })
    .await;
}

#[tokio::test]
async fn events_that_are_not_known_are_left_out_and_the_stream_goes_on() {
    let steps = || {
        let unknown = Step::Event(json!({ "weatherUpdate": { "taskId": "t" } }));
        let text = Step::Text(": a comment\n\ndata: no JSON\n\n".into());
        [unknown, working(), text, status("TASK_STATE_COMPLETED")].into_iter().collect()
    };
    let case = Case::played(streams(steps)).await;

    assert_eq!(case.send("hello").await["state"], "completed");

    assert_eq!(case.agent.methods(), ["SendStreamingMessage"]);
    assert!(case.job("1").await["logs"].to_string().contains("skipped an event"));
}

#[tokio::test]
async fn a_task_that_needs_authorization_is_waited_for_where_the_job_says_so() {
    let case = Case::played(|request: AgentRequest| match (request.method.as_str(), request.time) {
        (CARD, _) => Answer::Result(card(&request.url, false)),
        ("SendMessage", _) => Answer::Result(json!({ "task": task("TASK_STATE_AUTH_REQUIRED") })),
        // The first job asks three times, the second one as often.
        ("GetTask", 3 | 6) => Answer::Result(task("TASK_STATE_COMPLETED")),
        ("GetTask", _) => Answer::Result(task("TASK_STATE_AUTH_REQUIRED")),
        _ => Answer::Error(-32601),
    });
    let case = case.await;
    let state = async |data: Value| case.run("command", &data).await.succeeded().json()["state"].clone();

    assert_eq!(state(json!({ "message": "hello", "waitForAuthorization": true })).await, "completed");
    assert_eq!(state(json!({ "command": "follow", "taskId": "t", "waitForAuthorization": true })).await, "completed");
    assert_eq!(state(json!({ "message": "hello" })).await, "auth-required");
    assert_eq!(state(json!({ "command": "follow", "taskId": "t" })).await, "auth-required");
}

#[tokio::test]
async fn an_artifact_of_nine_hundred_thousand_characters_is_a_result() {
    let steps = || vec![working(), chunk(&"x".repeat(900_000), false), status("TASK_STATE_COMPLETED")];
    let case = Case::played(streams(steps)).await;

    let result = case.send("hello").await;

    assert_eq!(result["artifacts"][0]["parts"][0]["text"].as_str().map(str::len), Some(900_000));
    assert_eq!((&result["textCut"], result["text"].as_str().map(str::len)), (&json!(true), Some(65_536)));
}

#[tokio::test]
async fn a_task_whose_history_is_too_large_is_followed_without_it() {
    let case = Case::played(|request: AgentRequest| match request.method.as_str() {
        CARD => Answer::Result(card(&request.url, false)),
        "SendMessage" => Answer::Result(json!({ "task": task("TASK_STATE_WORKING") })),
        "GetTask" => {
            let mut task = task("TASK_STATE_COMPLETED");
            if request.params["historyLength"] != 0 {
                task["history"] = json!([{ "role": "ROLE_AGENT", "parts": [{ "text": "x".repeat(9 << 20) }] }]);
            }
            Answer::Result(task)
        }
        _ => Answer::Error(-32601),
    });
    let case = case.await;

    assert_eq!(case.send("hello").await["state"], "completed");

    assert_eq!((&case.job("1").await["attemptsMade"], case.agent.calls("GetTask")), (&json!(1), 2));
}

#[tokio::test]
async fn metadata_of_a_task_and_parts_of_an_unknown_kind_are_in_the_result() {
    let steps = || {
        let chart = json!({ "chart": { "rows": [1, 2] } });
        let artifact = json!({ "artifactId": "a", "parts": [chart] });
        let done = json!({ "id": "t", "status": { "state": "TASK_STATE_COMPLETED" }, "artifacts": [artifact], "metadata": { "cost": 3 } });
        vec![Step::Event(json!({ "task": done }))]
    };
    let case = Case::played(streams(steps)).await;

    let result = case.send("hello").await;

    assert_eq!(result["artifacts"][0]["parts"], json!([{ "data": { "chart": { "rows": [1, 2] } } }]));
    assert_eq!(result["metadata"], json!({ "cost": 3 }));
}

#[tokio::test]
async fn an_error_of_json_rpc_counts_also_where_the_status_is_one_of_failure() {
    let case = Case::played(|request: AgentRequest| match request.method.as_str() {
        CARD => Answer::Result(card(&request.url, false)),
        // An internal error under 400 may pass: the status alone would fail the job for good.
        "SendMessage" if request.time == 1 => {
            Answer::Raw(400, "application/json", json!({ "jsonrpc": "2.0", "error": { "code": -32000 } }).to_string())
        }
        "SendMessage" => Answer::Result(json!({ "task": task("TASK_STATE_COMPLETED") })),
        "ListTasks" => Answer::Error(-32601),
        _ => Answer::Error(-32601),
    });
    let case = case.await;

    assert_eq!(case.send("hello").await["state"], "completed");

    assert_eq!(case.job("1").await["attemptsMade"], 2);
}

#[tokio::test]
async fn what_a_job_says_about_outputs_references_and_extensions_reaches_the_agent() {
    let reply = || json!({ "message": { "role": "ROLE_AGENT", "parts": [{ "text": "hi" }] } });
    let case = Case::played(streams(move || vec![Step::Event(reply())])).await;
    let extensions = json!(["https://example.com/a", "https://example.com/b"]);
    let data = json!({
        "message": "hello", "extensions": extensions, "referenceTaskIds": ["t1"], "acceptedOutputModes": ["text/plain"],
    });

    case.run("send", &data).await.succeeded();

    let requests = case.agent.requests();
    let sent = requests.iter().find(|request| request.method == "POST").expect("a message");
    let params = sent.json()["params"].clone();
    assert_eq!(sent.header("a2a-extensions"), Some("https://example.com/a, https://example.com/b"));
    assert_eq!(
        (&params["message"]["extensions"], &params["message"]["referenceTaskIds"]),
        (&extensions, &json!(["t1"]))
    );
    assert_eq!(params["configuration"], json!({ "acceptedOutputModes": ["text/plain"] }));
}

#[tokio::test]
async fn a_task_that_waits_for_input_and_cannot_be_cancelled_fails_the_command() {
    let case = Case::played(|request: AgentRequest| match request.method.as_str() {
        CARD => Answer::Result(card(&request.url, false)),
        "CancelTask" => Answer::Error(-32002),
        "GetTask" => Answer::Result(task("TASK_STATE_INPUT_REQUIRED")),
        _ => Answer::Error(-32601),
    });
    let case = case.await;

    let output = case.run("command", &json!({ "command": "cancel", "taskId": "t" })).await.exited(1);

    assert!(output.stderr.contains("-32002"), "{}", output.stderr);
}

#[tokio::test]
async fn artifacts_of_a_stream_that_breaks_off_stay_if_the_task_is_then_read_without_them() {
    let case = Case::played(|request: AgentRequest| match request.method.as_str() {
        CARD => Answer::Result(card(&request.url, true)),
        "SendStreamingMessage" => Answer::Stream(vec![working(), chunk("one", false)]),
        "GetTask" => Answer::Result(task("TASK_STATE_COMPLETED")),
        _ => Answer::Error(-32601),
    });
    let case = case.await;

    let result = case.send("hello").await;

    assert_eq!((&result["state"], &result["text"]), (&json!("completed"), &json!("one")), "{result}");
}
