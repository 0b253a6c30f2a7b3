//! Time that is up, a host that shuts down, an agent that has too much to do.

use serde_json::json;
use toril_tests::a2a::Options;
use toril_tests::wait::LONG;

use crate::Case;

#[tokio::test]
async fn when_the_jobs_own_time_is_up_the_task_is_cancelled_and_the_job_fails_for_good() {
    for streaming in [true, false] {
        let case = Case::of(Options { streaming, ..Options::default() }).await;

        let output = case.run("send", &json!({ "message": "forever", "timeoutMs": 1500 })).await.exited(1);

        assert!(output.stderr.contains("`timeoutMs`") && output.stderr.contains("is canceled"), "{}", output.stderr);
        assert_eq!((case.agent.executed().len(), case.agent.cancelled().len()), (1, 1), "streaming: {streaming}");
        assert_eq!(case.job("1").await["attemptsMade"], 1);
    }
}

#[tokio::test]
async fn when_the_attempts_time_is_up_the_task_is_cancelled_and_the_job_fails_for_good() {
    let case = Case::with_queue(Options::default(), "timeout = \"10s\"").await;

    let output = case.run("send", &json!({ "message": "forever" })).await.exited(1);

    assert!(output.stderr.contains("the attempt's time") && output.stderr.contains("is canceled"), "{}", output.stderr);
    assert_eq!((case.agent.executed().len(), case.agent.cancelled().len()), (1, 1));
}

#[tokio::test]
async fn a_host_that_shuts_down_gives_the_job_back_and_the_next_one_follows_the_same_task() {
    let mut case = Case::of(Options::default()).await;
    // It takes so long that a slow host still shuts down before its end.
    case.add("long", &json!({ "message": "task 30 500" })).await;
    let task = case.wait_for_task("long").await;

    assert_eq!(case.toril.end().await, Some(0));

    let given_back = case.job("long").await;
    assert_eq!(given_back["attemptsMade"], 0, "{given_back}");
    case.toril.start(["run"]);
    case.toril.wait_ready().await;
    let job = case.wait_for("long", "completed").await;
    assert_eq!((&job["returnvalue"]["taskId"], &job["attemptsMade"]), (&json!(task), &json!(1)), "{job}");
    assert_eq!((case.agent.executed().len(), case.agent.cancelled().len()), (1, 0));
}

#[tokio::test]
async fn an_agent_that_has_too_much_to_do_pauses_the_queue_and_uses_up_no_attempt() {
    for versions in [&["1.0"], &["0.3"]] {
        let case = Case::of(Options { versions, refuse: 2, ..Options::default() }).await;

        case.send("task 1 10").await;

        let job = case.job("1").await;
        assert_eq!((&job["attemptsMade"], &job["attemptsStarted"]), (&json!(1), &json!(3)), "{job}");
        assert_eq!(case.agent.executed().len(), 1);
        assert!(!case.agent.methods().contains(&"ListTasks".to_owned()), "a refused message need not be looked for");
    }
}

#[tokio::test]
async fn an_agent_that_is_not_there_is_tried_again() {
    let mut case = Case::of(Options::default()).await;
    case.agent.kill();

    let output = case.run("send", &json!({ "message": "quick hello" })).await.exited(1);

    assert!(output.stderr.contains("the connection to"), "{}", output.stderr);
    assert_eq!(case.job("1").await["attemptsMade"], 3);
}

#[tokio::test]
async fn a_cancel_is_heard_while_the_agent_does_not_answer() {
    let mut case = Case::of(Options::default()).await;
    case.add("first", &json!({ "message": "forever" })).await;
    case.wait_for_task("first").await;
    // It takes connections, and answers none.
    case.agent.pause();

    case.toril.cli(["cancel", "agent-commands", "first", "--reason", "enough"]).await.succeeded();

    let job = case.wait_for("first", "failed").await;
    let reason = job["failedReason"].as_str().unwrap_or_default();
    assert!(reason.contains("cancelled: enough. Its task could not be cancelled"), "{reason}");
    toril_tests::wait_until("the host to be ready", LONG, async || case.toril.is_running()).await;
}
