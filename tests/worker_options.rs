//! BullMQ's worker options in a queue's table. `same_bytes/worker_options.rs` compares them with Node's.

use redis::AsyncCommands;
use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, http, node, wait_until};

const WORK: &str = "[queues.work]\nplugin = \"basics\"\n";

async fn host(redis: &RedisServer, lines: &str) -> Toril {
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(format!("{WORK}{lines}\n")).spawn_run();
    toril.wait_ready().await;
    toril
}

/// Adds a job with Node's client, so that its options contain nothing from the queue's table.
async fn add_by_node(redis: &RedisServer, id: &str, name: &str, mut opts: Value) {
    opts["jobId"] = json!(id);
    let jobs = json!([{ "name": name, "data": { "times": 9 }, "opts": opts }]);
    node::run("fill", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs })).await;
}

async fn field(redis: &RedisServer, id: &str, field: &str) -> Option<String> {
    redis.connection().await.hget(format!("bull:work:{id}"), field).await.expect("HGET")
}

async fn members(redis: &RedisServer, set: &str) -> Vec<String> {
    redis.connection().await.zrange(format!("bull:work:{set}"), 0, -1).await.expect("ZRANGE")
}

async fn wait_for(redis: &RedisServer, set: &str, ids: &[&str]) {
    wait_until(&format!("{ids:?} in {set}"), LONG, async || members(redis, set).await == ids).await;
}

/// The delay of the next attempt of a job that has just failed, in seconds.
async fn waits(redis: &RedisServer, id: &str) -> u64 {
    wait_for(redis, "delayed", &[id]).await;
    let delay = field(redis, id, "delay").await.expect("a delay");
    delay.parse::<u64>().expect("milliseconds") / 1000
}

fn retried(backoff: &Value) -> Value {
    json!({ "attempts": 5, "backoff": backoff })
}

#[tokio::test]
async fn a_job_waits_as_its_named_backoff_strategy_says() {
    let redis = RedisServer::start().await;
    let lines = "backoff_strategies.stairs = { type = \"list\", delays = [\"2h\"], max = \"1h\" }";
    let _toril = host(&redis, lines).await;

    add_by_node(&redis, "a", "fail-times", retried(&json!({ "type": "stairs" }))).await;

    assert_eq!(waits(&redis, "a").await, 3600);
}

const POLITE: &str = "backoff_strategies.polite = { type = \"fixed\", delay = \"1h\" }";

#[tokio::test]
async fn a_job_of_the_command_line_and_of_the_api_may_name_a_strategy_and_its_delay() {
    for (suffix, strategy, seconds) in
        [("", json!({ "type": "polite" }), 3600), (":2h", json!({ "type": "polite", "delay": 7_200_000 }), 7200)]
    {
        let redis = RedisServer::start().await;
        let toril = host(&redis, POLITE).await;
        let (backoff, data) = (format!("polite{suffix}"), r#"{"times":9}"#);
        let arguments = ["add", "work", "fail-times", "--data", data, "--attempts", "5", "--id", "c", "--backoff"];
        toril.cli(arguments.into_iter().chain([backoff.as_str()])).await.succeeded();
        assert_eq!(waits(&redis, "c").await, seconds);
        toril.cli(["remove", "work", "c"]).await.succeeded();

        let mut opts = retried(&strategy);
        opts["jobId"] = json!("h");
        let body = json!({ "name": "fail-times", "data": { "times": 9 }, "opts": opts }).to_string();
        let kind = [("content-type", "application/json")];
        let added = http::request("POST", &toril.url("/api/v1/queues/work/jobs"), &kind, &body).await;
        assert_eq!(added.map(|answer| answer.status).ok(), Some(201));
        assert_eq!(waits(&redis, "h").await, seconds);
    }
}

#[tokio::test]
async fn a_strategy_that_the_queue_does_not_have_is_refused_with_the_names_of_those_that_it_has() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, POLITE).await;
    let refused = toril.cli(["add", "work", "echo", "--backoff", "expontial:2s"]).await.exited(2);
    let says = |text: &str| ["work", "expontial", "polite", "exponential"].iter().all(|word| text.contains(word));
    assert!(says(&refused.stderr), "{}", refused.stderr);

    let opts = json!({ "backoff": { "type": "expontial", "delay": 5 } });
    let job = json!({ "name": "echo", "opts": opts });
    let flow = json!({ "name": "echo", "queueName": "work", "children": [{ "name": "echo", "queueName": "work", "opts": opts }] });
    let scheduler = json!({ "every": 60_000, "opts": opts });
    let kind = [("content-type", "application/json")];
    for (method, path, body) in [
        ("POST", "/queues/work/jobs", &job),
        ("POST", "/queues/work/bulk", &json!({ "jobs": [job] })),
        ("POST", "/flows", &flow),
        ("PUT", "/queues/work/schedulers/s", &scheduler),
    ] {
        let answer = http::request(method, &toril.url(&format!("/api/v1{path}")), &kind, &body.to_string()).await;
        let answer = answer.expect("an answer");
        assert!(answer.status == 422 && says(&answer.body), "{path}: {} {}", answer.status, answer.body);
    }
    // A queue without an entry may have workers elsewhere that know the strategy.
    toril.cli(["add", "elsewhere", "echo", "--backoff", "expontial:2s"]).await.succeeded();
}

#[tokio::test]
async fn a_jobs_own_delay_is_the_base_of_the_strategy() {
    let redis = RedisServer::start().await;
    let _toril = host(&redis, "backoff_strategies.line = { type = \"linear\", delay = \"1s\" }").await;

    add_by_node(&redis, "a", "fail-times", retried(&json!({ "type": "line", "delay": 7_200_000 }))).await;

    assert_eq!(waits(&redis, "a").await, 7200);
}

#[tokio::test]
async fn strategies_are_changed_while_the_host_runs() {
    let redis = RedisServer::start().await;
    let lines = |delay: &str| format!("backoff_strategies.mine = {{ type = \"fixed\", delay = \"{delay}\" }}");
    let mut toril = host(&redis, &lines("1h")).await;

    toril.rewrite_config(format!("{WORK}{}\n", lines("3h")));
    toril.wait_for_log("configuration reloaded", LONG).await;
    add_by_node(&redis, "a", "fail-times", retried(&json!({ "type": "mine" }))).await;

    assert_eq!(waits(&redis, "a").await, 3 * 3600);
}

#[tokio::test]
async fn a_job_that_toril_adds_gets_the_queues_backoff_strategy() {
    let redis = RedisServer::start().await;
    let lines =
        "attempts = 2\nbackoff = { type = \"mine\" }\nbackoff_strategies.mine = { type = \"fixed\", delay = \"1h\" }";
    let toril = host(&redis, lines).await;

    toril.cli(["add", "work", "fail-times", "--id", "a", "--data", "{\"times\": 9}"]).await.succeeded();

    assert_eq!(waits(&redis, "a").await, 3600);
    let opts: Value = serde_json::from_str(&field(&redis, "a", "opts").await.expect("options")).expect("JSON");
    assert_eq!(opts["backoff"]["type"], "mine");
}

#[tokio::test]
async fn a_job_with_an_unknown_strategy_fails_with_its_name_and_the_error() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, "").await;

    add_by_node(&redis, "a", "fail-times", retried(&json!({ "type": "mine" }))).await;
    wait_for(&redis, "failed", &["a"]).await;

    let reason = field(&redis, "a", "failedReason").await.expect("a reason");
    assert!(reason.contains("Unknown backoff strategy mine") && reason.contains("attempt 1 failed"), "{reason}");
    assert!(reason.contains("backoff_strategies of [queues.work]"), "{reason}");
    assert_eq!(field(&redis, "a", "atm").await.as_deref(), Some("1"));
    let line = toril.wait_for_log("unknown backoff strategy", LONG).await;
    assert!(line.contains("ERROR") && line.contains("mine") && !line.contains("attempt 1 failed"), "{line}");
}

#[tokio::test]
async fn a_backoff_of_minus_one_prevents_retries() {
    let redis = RedisServer::start().await;
    let _toril = host(&redis, "").await;

    add_by_node(&redis, "a", "fail-times", retried(&json!(-1))).await;

    wait_for(&redis, "failed", &["a"]).await;
    assert_eq!(field(&redis, "a", "failedReason").await.as_deref(), Some("attempt 1 failed"));
}

#[tokio::test]
async fn the_retention_of_finished_jobs_is_changed_while_the_host_runs() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, "").await;
    for id in ["a", "b", "c"] {
        add_by_node(&redis, id, "echo", json!({})).await;
        wait_until("it to complete", LONG, async || members(&redis, "completed").await.contains(&id.to_owned())).await;
    }

    toril.rewrite_config(format!("{WORK}remove_on_complete = 1\n"));
    toril.wait_for_log("configuration reloaded", LONG).await;
    add_by_node(&redis, "d", "echo", json!({})).await;

    wait_for(&redis, "completed", &["d"]).await;
    assert_eq!(field(&redis, "a", "name").await, None);
}

#[tokio::test]
async fn nodes_client_lists_the_worker_with_its_name_from_the_environment() {
    let redis = RedisServer::start().await;
    let toril = Toril::new().redis(redis.url()).plugin("basics").config(WORK).env("TORIL_NAME", "eu-1");
    let mut toril = toril.spawn_run();
    toril.wait_ready().await;

    wait_until("the worker to be listed", LONG, async || {
        let input = json!({ "redis": redis.url(), "queue": "work", "steps": [{ "do": "workers" }] });
        let workers = node::run("manage", input).await["results"][0].clone();
        workers[0].as_str().is_some_and(|name| name.ends_with(":w:eu-1"))
    })
    .await;
    add_by_node(&redis, "a", "echo", json!({})).await;
    wait_for(&redis, "completed", &["a"]).await;
    assert_eq!(field(&redis, "a", "pb").await.as_deref(), Some("eu-1"));
}
