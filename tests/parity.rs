//! Compares Toril with BullMQ's own sandbox. The same job runs in a plugin and in a sandboxed processor in Node (a
//! child process), and both must leave the same data in Redis.

use serde_json::{Value, json};
use toril_tests::{RedisServer, Toril, node};

/// The parts of a job that a client can see, without times, ids of workers, and stack traces, of which only the
/// number is compared.
fn left(job: &Value) -> Value {
    let fields = [
        "name",
        "data",
        "opts",
        "state",
        "attemptsMade",
        "attemptsStarted",
        "stalledCounter",
        "failedReason",
        "returnvalue",
        "progress",
        "delay",
        "priority",
    ];
    let mut left: serde_json::Map<_, _> = fields.iter().map(|field| (field.to_string(), job[*field].clone())).collect();
    left.insert("stacktraces".into(), job["stacktrace"].as_array().map(Vec::len).into());
    left.into()
}

/// Runs the same job on both, and returns the data that each left.
async fn side_by_side(spec: Value) -> (Value, Value) {
    let redis = RedisServer::start().await;
    let config = "[queues.work]\nplugin = \"basics\"\nconcurrency = 4\n";
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(config).spawn_run();
    toril.wait_ready().await;
    let input = json!({ "redis": redis.url(), "queue": "node", "jobs": 1, "sandbox": true });
    let worker = tokio::spawn(async move { node::run("worker", input).await });
    let add = |queue: &str| json!({ "redis": redis.url(), "queue": queue, "jobs": [spec.clone()], "wait": true });
    let ours = node::run("add", add("work")).await;
    let theirs = node::run("add", add("node")).await;
    worker.await.expect("the Node worker ends");
    assert_eq!(ours["results"][0]["ok"], theirs["results"][0]["ok"], "{ours} {theirs}");
    let job = async |queue: &str| node::run("job", json!({ "redis": redis.url(), "queue": queue, "id": "1" })).await;
    (job("work").await, job("node").await)
}

#[tokio::test]
async fn a_completed_job_leaves_the_same() {
    let (ours, theirs) = side_by_side(json!({ "name": "echo", "data": { "a": [1, null, "ü"] } })).await;

    assert_eq!(left(&ours), left(&theirs));
    assert_eq!(ours["state"], "completed");
}

#[tokio::test]
async fn a_job_that_fails_twice_and_then_completes_leaves_the_same() {
    let opts = json!({ "attempts": 3, "backoff": { "type": "exponential", "delay": 100 } });
    let (ours, theirs) = side_by_side(json!({ "name": "fail-times", "data": { "times": 2 }, "opts": opts })).await;

    assert_eq!(left(&ours), left(&theirs));
    assert_eq!((&ours["attemptsMade"], &ours["state"]), (&json!(3), &json!("completed")));
}

#[tokio::test]
async fn a_job_without_attempts_left_leaves_the_same() {
    let spec = json!({ "name": "fail-times", "data": { "times": 5 }, "opts": { "attempts": 2 } });
    let (ours, theirs) = side_by_side(spec).await;

    assert_eq!(left(&ours), left(&theirs));
    assert_eq!((&ours["state"], &ours["failedReason"]), (&json!("failed"), &json!("attempt 2 failed")));
}

#[tokio::test]
async fn an_unrecoverable_failure_leaves_the_same() {
    let (ours, theirs) = side_by_side(json!({ "name": "fatal", "data": {}, "opts": { "attempts": 5 } })).await;

    assert_eq!(left(&ours), left(&theirs));
    assert_eq!((&ours["state"], &ours["attemptsMade"]), (&json!("failed"), &json!(1)));
}

#[tokio::test]
async fn a_deferred_job_leaves_the_same() {
    let spec = json!({ "name": "defer-once", "data": {}, "opts": { "attempts": 2 } });
    let (ours, theirs) = side_by_side(spec).await;

    assert_eq!(left(&ours), left(&theirs));
    assert_eq!((&ours["state"], &ours["attemptsMade"]), (&json!("completed"), &json!(1)));
    assert_eq!(ours["attemptsStarted"], 2);
}

#[tokio::test]
async fn a_requeued_job_leaves_the_same() {
    let spec = json!({ "name": "give-back", "data": {}, "opts": { "attempts": 2 } });
    let (ours, theirs) = side_by_side(spec).await;

    assert_eq!(left(&ours), left(&theirs));
    assert_eq!((&ours["state"], &ours["attemptsMade"]), (&json!("completed"), &json!(1)));
}

#[tokio::test]
async fn steps_that_survive_a_retry_leave_the_same() {
    let (ours, theirs) = side_by_side(json!({ "name": "checkpoint", "data": {}, "opts": { "attempts": 2 } })).await;

    assert_eq!(left(&ours), left(&theirs));
    assert_eq!(ours["data"], json!({ "step": 2, "from": 1 }));
}

#[tokio::test]
async fn progress_leaves_the_same_and_the_log_the_same_lines_with_their_levels() {
    let (ours, theirs) = side_by_side(json!({ "name": "progress", "data": {} })).await;

    assert_eq!(left(&ours), left(&theirs));
    // Node's `job.log` has no levels.
    let without_level = |line: &Value| {
        let line = line.as_str().unwrap_or_default();
        line.trim_start_matches("[warn] ").trim_start_matches("[error] ").to_owned()
    };
    let lines = |job: &Value| job["logs"].as_array().map(|lines| lines.iter().map(without_level).collect::<Vec<_>>());
    assert_eq!(lines(&ours), lines(&theirs));
}

#[tokio::test]
async fn a_crash_fails_the_attempt_on_both_and_the_job_is_tried_again() {
    let (ours, theirs) = side_by_side(json!({ "name": "panic", "data": {}, "opts": { "attempts": 2 } })).await;

    for job in [&ours, &theirs] {
        assert_eq!((&job["state"], &job["attemptsMade"]), (&json!("failed"), &json!(2)), "{job}");
    }
}
