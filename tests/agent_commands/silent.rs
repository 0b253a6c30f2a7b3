//! Agents that say nothing for a long time, or that do not say what became of a message: it is not sent again.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use toril_tests::stub_agent::{AgentRequest, Answer, CARD, Step, card};
use toril_tests::wait::{LONG, within};

use crate::Case;

/// Longer than the plugin waits before it has a look at a silent stream.
const SILENCE: Duration = Duration::from_secs(64);
/// Longer than the plugin looks for a message that the agent has answered somehow.
const LATE: Duration = Duration::from_secs(14);

const PATIENT: &str = "timeout = \"3m\"\nconcurrency = 4";

fn task(id: &str, state: &str, history: &Value) -> Value {
    json!({ "id": id, "contextId": "c", "status": { "state": state }, "history": [history] })
}

fn completed() -> Value {
    json!({ "task": task("t", "TASK_STATE_COMPLETED", &json!({})) })
}

/// Waits for the end of a job that takes its time.
async fn ended<A>(case: &Case<A>, id: &str) -> Value {
    let job = within(LONG, async || {
        Some(case.job(id).await).filter(|job| job["state"] == "completed" || job["state"] == "failed")
    });
    job.await.unwrap_or_else(|| panic!("job {id} has not ended: {}", case.toril.logs()))
}

#[tokio::test]
async fn an_agent_that_is_silent_for_a_minute_before_its_first_event_is_waited_for() {
    let case = Case::played_with(PATIENT, "", |request: AgentRequest| match request.method.as_str() {
        CARD => Answer::Result(card(&request.url, true)),
        "SendStreamingMessage" => {
            let events = |pause| Answer::Stream(vec![Step::Pause(pause), Step::Event(completed())]);
            match request.params["message"]["parts"][0]["text"].as_str() {
                Some("begin") => events(SILENCE),
                _ => Answer::After(SILENCE, Box::new(events(Duration::ZERO))),
            }
        }
        _ => Answer::Result(json!({ "tasks": [] })),
    });
    let case = case.await;

    // A stream that begins at once and stays silent, and an answer that does not begin.
    case.add("begin", &json!({ "message": "begin" })).await;
    case.add("nothing", &json!({ "message": "nothing" })).await;

    for id in ["begin", "nothing"] {
        let job = ended(&case, id).await;
        assert_eq!((&job["state"], &job["attemptsMade"]), (&json!("completed"), &json!(1)), "{job}");
    }
    assert_eq!(case.agent.calls("SendStreamingMessage"), 2);
}

#[tokio::test]
async fn a_silent_stream_whose_task_is_there_is_left_for_the_task() {
    let case = Case::played_with(PATIENT, "", |request: AgentRequest| match request.method.as_str() {
        CARD => Answer::Result(card(&request.url, true)),
        "SendStreamingMessage" => Answer::Stream(vec![Step::Pause(10 * SILENCE)]),
        "ListTasks" => Answer::Result(json!({ "tasks": [{ "id": "t" }] })),
        _ => Answer::Result(completed()["task"].clone()),
    });
    let case = case.await;

    case.add("dead", &json!({ "message": "hello" })).await;

    let job = ended(&case, "dead").await;
    assert_eq!((&job["state"], &job["attemptsMade"]), (&json!("completed"), &json!(1)), "{job}");
    assert_eq!(case.agent.calls("SendStreamingMessage"), 1);
}

/// How the first sending breaks off. Each leaves open whether the agent has the message.
fn breaks_off(text: &str) -> Answer {
    match text {
        "stream" => Answer::Stream(vec![]),
        _ => Answer::Raw(504, "text/html", "<html>".into()),
    }
}

#[tokio::test]
async fn a_task_that_appears_late_is_found_and_the_message_is_not_sent_again() {
    let sent = Mutex::new(None);
    let case = Case::played_with(PATIENT, "", move |request: AgentRequest| match request.method.as_str() {
        CARD => Answer::Result(card(&request.url, true)),
        "SendStreamingMessage" => {
            sent.lock().expect("a lock").get_or_insert_with(Instant::now);
            breaks_off(request.params["message"]["parts"][0]["text"].as_str().unwrap_or_default())
        }
        "ListTasks" => {
            let is_late = sent.lock().expect("a lock").is_some_and(|sent: Instant| sent.elapsed() > LATE);
            let tasks = if is_late { json!([{ "id": "t" }]) } else { json!([]) };
            Answer::Result(json!({ "tasks": tasks }))
        }
        _ => Answer::Result(completed()["task"].clone()),
    });
    let case = case.await;

    case.add("stream", &json!({ "message": "stream" })).await;
    case.add("gateway", &json!({ "message": "gateway" })).await;

    for id in ["stream", "gateway"] {
        let job = ended(&case, id).await;
        assert_eq!((&job["state"], &job["attemptsMade"]), (&json!("completed"), &json!(2)), "{job}");
    }
    assert_eq!(case.agent.calls("SendStreamingMessage"), 2, "each was sent once");
}

#[tokio::test]
async fn in_a_conversation_that_the_agent_begins_the_message_is_looked_for_by_its_id() {
    let sent = Mutex::new(Value::Null);
    let case = Case::played_with(crate::QUEUE, ", job-context = false", move |request: AgentRequest| {
        match request.method.as_str() {
            CARD => Answer::Result(card(&request.url, true)),
            "SendStreamingMessage" => {
                sent.lock().expect("a lock").clone_from(&request.params["message"]);
                Answer::Stream(vec![])
            }
            // The task shows for the second attempt alone: the first one has looked at once.
            "ListTasks" if request.time > 1 => {
                let mut tasks = vec![task("other", "TASK_STATE_COMPLETED", &json!({ "messageId": "other" }))];
                tasks.push(task("t", "TASK_STATE_COMPLETED", &sent.lock().expect("a lock")));
                Answer::Result(json!({ "tasks": tasks }))
            }
            "ListTasks" => Answer::Result(json!({ "tasks": [] })),
            _ => Answer::Result(task(
                request.params["id"].as_str().unwrap_or_default(),
                "TASK_STATE_COMPLETED",
                &json!({}),
            )),
        }
    });
    let case = case.await;

    let result = case.send("hello").await;

    assert_eq!((&result["taskId"], case.agent.calls("SendStreamingMessage")), (&json!("t"), 1), "{result}");
    let listed: Vec<_> = case.agent.requests().iter().map(|request| request.json()).collect();
    let listed = listed.iter().find(|call| call["method"] == "ListTasks").expect("tasks were listed");
    assert!(listed["params"].get("contextId").is_none() && listed["params"]["statusTimestampAfter"].is_string());
}

#[tokio::test]
async fn a_message_that_is_not_found_in_time_is_sent_again_with_the_same_id() {
    let case = Case::played_with(crate::QUEUE, ", lookup-seconds = 1", |request: AgentRequest| {
        match request.method.as_str() {
            CARD => Answer::Result(card(&request.url, true)),
            "SendStreamingMessage" if request.time == 1 => Answer::Stream(vec![]),
            "SendStreamingMessage" => Answer::Stream(vec![Step::Event(completed())]),
            _ => Answer::Result(json!({ "tasks": [] })),
        }
    });
    let case = case.await;

    assert_eq!(case.send("hello").await["state"], "completed");

    let sent: Vec<_> =
        case.agent.requests().iter().map(|request| request.json()["params"]["message"].clone()).collect();
    let ids: Vec<_> = sent.iter().map(|message| &message["messageId"]).filter(|id| id.is_string()).collect();
    assert!(ids.len() == 2 && ids[0] == ids[1], "{ids:?}");
}
