//! What a plugin can do with its job: checkpoints, more jobs, children, and cancellation.

use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, node, wait_until};

const WORK: &str =
    "[queues.work]\nplugin = \"basics\"\nconcurrency = 4\nattempts = 2\n[plugins.basics]\nadd_to = [\"work\"]\n";

async fn host(redis: &RedisServer) -> Toril {
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(WORK).spawn_run();
    toril.wait_ready().await;
    toril
}

async fn run(toril: &Toril, name: &str, data: Value) -> Value {
    let data = data.to_string();
    toril.cli(["add", "work", name, "--data", &data, "--wait"]).await.succeeded().json()
}

async fn job(redis: &RedisServer, id: &str) -> Value {
    node::run("job", json!({ "redis": redis.url(), "queue": "work", "id": id })).await
}

async fn wait_for_active(redis: &RedisServer, id: &str) {
    wait_until("the job to run", LONG, async || job(redis, id).await["state"] == "active").await;
}

#[tokio::test]
async fn a_checkpoint_survives_the_attempt_that_wrote_it() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    let result = run(&toril, "checkpoint", json!({ "step": 1 })).await;

    assert_eq!(result["data"]["step"], 2, "{result}");
    let seen = job(&redis, "1").await;
    assert_eq!((&seen["data"]["step"], &seen["attemptsMade"]), (&json!(2), &json!(2)), "{seen}");
}

#[tokio::test]
async fn a_plugin_adds_a_job_with_the_defaults_of_its_queue() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    let added = run(&toril, "add", json!({ "queue": "work", "name": "echo", "data": { "a": 1 }, "id": "mine" })).await;

    assert_eq!(added["id"], "mine");
    wait_until("the added job to complete", LONG, async || job(&redis, "mine").await["state"] == "completed").await;
    let seen = job(&redis, "mine").await;
    assert_eq!((&seen["data"], &seen["opts"]["attempts"]), (&json!({ "a": 1 }), &json!(2)), "{seen}");
}

#[tokio::test]
async fn a_plugin_waits_for_children_that_it_added_and_reads_their_values() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    let result = run(&toril, "flow", json!({ "queue": "work", "count": 3 })).await;

    assert_eq!(result["values"].as_array().map(Vec::len), Some(3), "{result}");
    let parent = job(&redis, "1").await;
    assert_eq!((&parent["state"], &parent["attemptsMade"]), (&json!("completed"), &json!(1)), "{parent}");
}

#[tokio::test]
async fn a_parent_sees_the_ignored_failure_of_its_child() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    let result = run(&toril, "flow-failing", json!({ "queue": "work" })).await;

    assert!(result.to_string().contains("this job cannot be done"), "{result}");
}

#[tokio::test]
async fn a_child_of_a_flow_that_node_added_sees_its_queue_and_parent_and_the_parent_counts_it() {
    let redis = RedisServer::start().await;
    let _toril = host(&redis).await;

    let flow = json!({ "name": "dependencies", "queueName": "work", "data": {},
        "children": [{ "name": "who", "queueName": "work", "data": {} }] });
    let done = node::run("flow", json!({ "redis": redis.url(), "flow": flow })).await;

    assert_eq!(done["value"]["processed"], 1, "{done}");
    let (parent, child) = (done["id"].as_str().expect("an id"), done["children"][0].as_str().expect("an id"));
    let who = job(&redis, child).await["returnvalue"].clone();
    assert_eq!((&who["queue"], &who["parent"]), (&json!("work"), &json!(format!("work/{parent}"))), "{who}");
}

#[tokio::test]
async fn awaiting_children_without_any_fails_for_good_and_says_why() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    let output = toril.cli(["add", "work", "await", "--wait"]).await.exited(1);

    assert!(output.stderr.contains("awaits children, but the job has none"), "{}", output.stderr);
}

#[tokio::test]
async fn a_cancelled_job_gets_the_reason_and_ends_by_itself() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    toril.cli(["add", "work", "sleep-until-cancelled"]).await.succeeded();
    wait_for_active(&redis, "1").await;

    let output = toril.cli(["cancel", "work", "1", "--reason", "no longer needed"]).await.succeeded();

    assert!(output.stdout.contains("is completed"), "{}", output.stdout);
    assert_eq!(job(&redis, "1").await["returnvalue"], json!({ "cancelled": "no longer needed" }));
}

#[tokio::test]
async fn a_cancelled_job_that_does_not_listen_is_interrupted_and_fails_for_good() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    toril.cli(["add", "work", "ignore-cancel"]).await.succeeded();
    wait_for_active(&redis, "1").await;

    let output = toril.cli(["cancel", "work", "1", "--reason", "enough", "--wait-timeout", "50s"]).await.succeeded();

    assert!(output.stdout.contains("is failed"), "{}", output.stdout);
    let seen = job(&redis, "1").await;
    assert!(seen["failedReason"].as_str().is_some_and(|why| why.starts_with("cancelled: enough")), "{seen}");
    assert_eq!(seen["attemptsMade"], 1, "it is not retried");
}

#[tokio::test]
async fn cancelling_all_ends_every_job_of_the_queue_on_every_host() {
    let redis = RedisServer::start().await;
    let (first, _second) = (host(&redis).await, host(&redis).await);
    let jobs: Vec<_> = (0..6).map(|_| json!({ "name": "sleep-until-cancelled", "data": {} })).collect();
    node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs })).await;
    wait_for_active(&redis, "6").await;

    first.cli(["cancel", "work", "--all", "--reason", "all"]).await.succeeded();

    for id in 1..=6 {
        wait_until("every job to end", LONG, async || job(&redis, &id.to_string()).await["state"] == "completed").await;
    }
}

#[tokio::test]
async fn cancelling_a_job_that_does_not_run_is_an_error() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    toril.cli(["add", "work", "echo", "--delay", "1h"]).await.succeeded();

    let output = toril.cli(["cancel", "work", "1"]).await.exited(1);

    assert!(output.stderr.contains("does not run: it is delayed"), "{}", output.stderr);
}

#[tokio::test]
async fn the_keep_logs_option_of_node_is_respected() {
    let redis = RedisServer::start().await;
    let _toril = host(&redis).await;

    let jobs = json!([{ "name": "progress", "data": {}, "opts": { "keepLogs": 1 } }]);
    node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs, "wait": true })).await;

    assert_eq!(job(&redis, "1").await["logs"], json!(["[error] nothing has gone wrong"]));
}
