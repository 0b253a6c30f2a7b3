//! A task that wants to know more, tasks that come to nothing, and the commands that are about a task.

use serde_json::{Value, json};
use toril_tests::a2a::{Options, Sdk};

use crate::Case;

#[tokio::test]
async fn a_task_that_needs_input_is_a_result_and_another_job_answers_it() {
    for sdk in [Sdk::Python, Sdk::Node] {
        let case = Case::of(Options { sdk, ..Options::default() }).await;
        let question = case.send("ask").await;
        assert_eq!(
            (&question["state"], &question["text"]),
            (&json!("input-required"), &json!("which one?")),
            "{sdk:?}: {question}"
        );

        let answer =
            json!({ "message": "the blue one", "taskId": question["taskId"], "contextId": question["contextId"] });
        let result = case.run("send", &answer).await.succeeded().json();

        assert_eq!(
            (&result["state"], &result["taskId"]),
            (&json!("completed"), &question["taskId"]),
            "{sdk:?}: {result}"
        );
        assert_eq!(result["text"], "answered: the blue one\nthank you", "{sdk:?}");
    }
}

#[tokio::test]
async fn an_answer_needs_only_the_task_also_in_the_older_version() {
    let case = Case::of(Options { versions: &["0.3"], streaming: false, ..Options::default() }).await;
    let question = case.send("ask").await;

    let result = case.run("send", &json!({ "message": "blue", "taskId": question["taskId"] })).await.succeeded().json();

    assert_eq!((&result["state"], &result["contextId"]), (&json!("completed"), &question["contextId"]), "{result}");
}

#[tokio::test]
async fn a_task_that_needs_authorization_is_a_result() {
    let case = Case::of(Options::default()).await;
    assert_eq!(case.send("login").await["state"], "auth-required");
}

#[tokio::test]
async fn structured_parts_arrive_as_they_are() {
    for versions in [&["1.0"], &["0.3"]] {
        let case = Case::of(Options { versions, ..Options::default() }).await;
        let parts = json!([
            { "text": "quick look" },
            { "data": { "rows": [1, 2] } },
            { "url": "https://example.com/a.pdf", "mediaType": "application/pdf", "filename": "a.pdf" },
            { "raw": "AAEC", "mediaType": "application/octet-stream" },
        ]);

        case.run("send", &json!({ "message": parts, "metadata": { "a": 1 } })).await.succeeded();

        assert_eq!(case.agent.executed()[0]["parts"], 4, "{versions:?}");
    }
}

#[tokio::test]
async fn a_failed_task_is_sent_again_as_another_message_while_attempts_remain() {
    let case = Case::of(Options::default()).await;

    let output = case.run("send", &json!({ "message": "fail" })).await.exited(1);

    assert!(output.stderr.contains("the task of the agent failed"), "{}", output.stderr);
    let ids: Vec<_> = case.agent.executed().into_iter().map(|message| message["messageId"].clone()).collect();
    assert_eq!(ids.len(), 3, "the queue has 3 attempts: {ids:?}");
    assert!(ids[0] != ids[1] && ids[1] != ids[2], "{ids:?}");
}

#[tokio::test]
async fn a_rejected_message_fails_for_good_and_the_agents_text_is_in_no_error() {
    let case = Case::of(Options::default()).await;

    let output = case.run("send", &json!({ "message": "reject" })).await.exited(1);

    assert!(output.stderr.contains("rejected the message"), "{}", output.stderr);
    assert_eq!(case.agent.executed().len(), 1);
    let job = case.job("1").await;
    assert!(!job["failedReason"].to_string().contains("secret") && !case.toril.logs().contains("secret"), "{job}");
    assert!(job["logs"].to_string().contains("a secret reason"), "the job's own log has it: {job}");
}

#[tokio::test]
async fn a_task_is_looked_at_and_cancelled_and_followed_by_jobs_of_their_own() {
    let case = Case::of(Options { streaming: false, ..Options::default() }).await;
    case.add("long", &json!({ "message": "forever" })).await;
    let task = case.wait_for_task("long").await;
    let command = async |command: &str| {
        let data = json!({ "command": command, "taskId": task });
        case.run("command", &data).await.succeeded().json()
    };

    let working = toril_tests::wait_until("the task to be worked on", toril_tests::wait::LONG, async || {
        Some(command("status").await).filter(|result| result["state"] == "working")
    });
    assert_eq!(working.await["taskId"], json!(task));
    assert_eq!(command("cancel").await["state"], "canceled");
    assert_eq!(command("cancel").await["state"], "canceled", "once more changes nothing");
    assert_eq!(case.agent.cancelled().len(), 1);
    let followed = case.run("command", &json!({ "command": "follow", "taskId": task })).await.exited(1);
    assert!(followed.stderr.contains("was cancelled"), "{}", followed.stderr);
    let sender = case.wait_for("long", "failed").await;
    assert!(sender["failedReason"].to_string().contains("was cancelled"), "{sender}");
}

#[tokio::test]
async fn a_task_of_another_job_is_followed_to_its_end() {
    let case = Case::of(Options::default()).await;
    case.add("long", &json!({ "message": "task 20 500" })).await;
    let task = case.wait_for_task("long").await;

    let result = case.run("command", &json!({ "command": "follow", "taskId": task })).await.succeeded().json();

    assert_eq!((&result["state"], &result["text"]), (&json!("completed"), &json!("onetwo")), "{result}");
    assert!(case.agent.methods().contains(&"SubscribeToTask".to_owned()), "{:?}", case.agent.methods());
    assert_eq!(case.agent.executed().len(), 1);
}

#[tokio::test]
async fn a_task_that_the_agent_does_not_know_and_a_command_that_lacks_something_fail_for_good() {
    let case = Case::of(Options::default()).await;
    let fails = async |name: &str, data: Value| case.run(name, &data).await.exited(1).stderr;

    assert!(fails("command", json!({ "command": "status", "taskId": "nothing" })).await.contains("-32001"));
    assert!(fails("command", json!({ "command": "status" })).await.contains("needs a `taskId`"));
    assert!(fails("command", json!({})).await.contains("needs a `message`"));
    assert!(fails("send", json!({ "message": [{ "text": "a", "data": 1 }] })).await.contains("exactly one of"));
}
