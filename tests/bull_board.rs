//! Bull Board on the same Redis: what Toril does shows there, and the other way round.

use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, browser, http, node, wait_until};

const CONFIG: &str = "[queues.work]\nplugin = \"basics\"\ndead_letter = \"work-dead\"\n";

async fn host(redis: &RedisServer) -> Toril {
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(CONFIG).spawn_run();
    toril.wait_ready().await;
    toril
}

/// Bull Board's answers to some requests on one queue.
async fn board(redis: &RedisServer, queue: &str, requests: Value) -> Vec<Value> {
    let argument = json!({ "redis": redis.url(), "queue": queue, "requests": requests });
    let said = browser::run_plain("bull-board", argument).await;
    said["answers"].as_array().cloned().expect("answers")
}

fn on(queue: &str, id: &str, method: &str, route: &str) -> Value {
    json!({ "method": method, "route": route, "params": { "queueName": queue, "jobId": id, "queueStatus": "failed" } })
}

async fn details(toril: &Toril, path: &str) -> Value {
    http::get(&toril.url(&format!("/api/v1/queues/{path}"))).await.expect("an answer").json()
}

async fn add(redis: &RedisServer, queue: &str, jobs: Value) {
    node::run("add", json!({ "redis": redis.url(), "queue": queue, "jobs": jobs })).await;
}

async fn wait_for(toril: &Toril, path: &str, state: &str) {
    wait_until(&format!("{path} to be {state}"), LONG, async || details(toril, path).await["state"] == state).await;
}

#[tokio::test]
async fn what_toril_runs_is_shown_by_bull_board() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    let jobs = json!([{ "name": "echo", "data": { "n": 1 }, "opts": { "jobId": "good" } }, { "name": "fatal", "data": {}, "opts": { "jobId": "bad" } }]);
    add(&redis, "work", jobs).await;
    wait_for(&toril, "work/jobs/good", "completed").await;
    wait_for(&toril, "work/jobs/bad", "failed").await;

    let shown = board(&redis, "work", json!([
        { "method": "get", "route": "/api/queues", "query": { "activeQueue": "work", "status": "failed", "page": "1" } },
        on("work", "good", "get", "/api/queues/:queueName/:jobId"),
    ]))
    .await;
    let queue = &shown[0]["body"]["queues"][0];
    assert_eq!((&queue["counts"]["completed"], &queue["counts"]["failed"]), (&json!(1), &json!(1)), "{queue}");
    assert_eq!(
        (&queue["jobs"][0]["id"], &queue["jobs"][0]["failedReason"]),
        (&json!("bad"), &json!("this job cannot be done"))
    );
    let job = &shown[1]["body"];
    assert_eq!((&job["status"], &job["job"]["returnValue"]), (&json!("completed"), &json!({ "n": 1 })), "{job}");
}

#[tokio::test]
async fn what_is_done_in_bull_board_shows_in_toril() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    let jobs = json!([
        { "name": "echo", "data": {}, "opts": { "jobId": "later", "delay": 3_600_000 } },
        { "name": "fatal", "data": {}, "opts": { "jobId": "bad" } },
        { "name": "echo", "data": {}, "opts": { "jobId": "away", "delay": 3_600_000 } },
    ]);
    add(&redis, "work", jobs).await;
    wait_for(&toril, "work/jobs/bad", "failed").await;
    let first = details(&toril, "work/jobs/bad").await["finishedOn"].clone();

    let done = board(
        &redis,
        "work",
        json!([
            on("work", "later", "put", "/api/queues/:queueName/:jobId/promote"),
            on("work", "bad", "put", "/api/queues/:queueName/:jobId/retry"),
            on("work", "away", "put", "/api/queues/:queueName/:jobId/clean"),
            on("work", "", "put", "/api/queues/:queueName/pause"),
        ]),
    )
    .await;
    assert!(done.iter().all(|answer| answer["status"].as_u64().is_some_and(|status| status < 300)), "{done:?}");
    assert_eq!(details(&toril, "work").await["paused"], true);
    assert_eq!(details(&toril, "work/jobs/away").await["status"], 404);

    board(&redis, "work", json!([on("work", "", "put", "/api/queues/:queueName/resume")])).await;
    assert_eq!(details(&toril, "work").await["paused"], false);
    wait_for(&toril, "work/jobs/later", "completed").await;
    wait_until("the retried job to fail again", LONG, async || {
        let job = details(&toril, "work/jobs/bad").await;
        job["state"] == "failed" && job["finishedOn"] != first
    })
    .await;
}

#[tokio::test]
async fn what_is_done_in_toril_shows_in_bull_board() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    add(
        &redis,
        "work-dead",
        json!([
            { "name": "echo", "data": {}, "opts": { "jobId": "first" } },
            { "name": "echo", "data": {}, "opts": { "jobId": "second", "delay": 3_600_000 } },
            { "name": "echo", "data": {}, "opts": { "jobId": "third" } },
        ]),
    )
    .await;
    for (path, form) in [
        ("/queues/work-dead/pause", ""),
        ("/queues/work-dead/jobs/first/priority", "priority=3"),
        ("/queues/work-dead/jobs/second/promote", ""),
        ("/queues/work-dead/jobs/third/remove", ""),
    ] {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let done = http::request("POST", &toril.url(path), &[kind], form).await.expect("an answer");
        assert_eq!(done.status, 303, "{path}: {}", done.body);
    }
    let shown = board(&redis, "work-dead", json!([
        { "method": "get", "route": "/api/queues", "query": { "activeQueue": "work-dead", "status": "latest", "page": "1" } },
        on("work-dead", "first", "get", "/api/queues/:queueName/:jobId"),
        on("work-dead", "third", "get", "/api/queues/:queueName/:jobId"),
    ]))
    .await;
    let queue = &shown[0]["body"]["queues"][0];
    assert_eq!(
        (&queue["isPaused"], &queue["counts"]["delayed"], &queue["counts"]["prioritized"]),
        (&json!(true), &json!(0), &json!(1)),
        "{queue}"
    );
    assert_eq!(shown[1]["body"]["job"]["priority"], 3, "{}", shown[1]);
    assert_eq!(shown[2]["status"], 404);
}
