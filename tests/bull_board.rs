//! Bull Board on the same Redis: what Toril does shows there, and the other way round. Each test runs with BullMQ 5 and 6, on
//! Valkey 9 and on Redis 7.0.

use std::path::PathBuf;

use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, browser, http, node, redis_server, wait_until};

const CONFIG: &str =
    "[queues.work]\nplugin = \"basics\"\ndead_letter = \"work-dead\"\n[queues.numbers]\nplugin = \"double\"\n";

/// The tests of this file with one version of BullMQ, on one server.
macro_rules! cells {
    ($($cell:ident: BullMQ $bullmq:literal on $server:ident;)*) => {$(
        mod $cell {
            use super::*;

            async fn start() -> Cell {
                cell($bullmq, redis_server::$server()).await
            }

            #[tokio::test]
            async fn what_toril_runs_is_shown_by_bull_board() {
                super::what_toril_runs_is_shown_by_bull_board(start().await).await;
            }

            #[tokio::test]
            async fn a_schema_error_and_a_dead_letter_are_shown_by_bull_board() {
                super::a_schema_error_and_a_dead_letter_are_shown_by_bull_board(start().await).await;
            }

            #[tokio::test]
            async fn what_is_done_in_bull_board_shows_in_toril() {
                super::what_is_done_in_bull_board_shows_in_toril(start().await).await;
            }

            #[tokio::test]
            async fn what_is_done_in_toril_shows_in_bull_board() {
                super::what_is_done_in_toril_shows_in_bull_board(start().await).await;
            }
        }
    )*};
}

cells! {
    bullmq_5_on_valkey_9: BullMQ "5" on valkey_9;
    bullmq_6_on_valkey_9: BullMQ "6" on valkey_9;
    bullmq_5_on_redis_7_0: BullMQ "5" on redis_7_0;
    bullmq_6_on_redis_7_0: BullMQ "6" on redis_7_0;
}

/// A server, and the BullMQ that Bull Board and the producer use on it.
struct Cell {
    bullmq: &'static str,
    redis: RedisServer,
}

async fn cell(bullmq: &'static str, server: anyhow::Result<PathBuf>) -> Cell {
    let program = server.unwrap_or_else(|error| panic!("{error:#}"));
    Cell { bullmq, redis: RedisServer::start_program(program).await }
}

async fn host(redis: &RedisServer) -> Toril {
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").plugin("double").config(CONFIG).spawn_run();
    toril.wait_ready().await;
    toril
}

/// Bull Board's answers to some requests on one queue.
async fn board(cell: &Cell, queue: &str, requests: Value) -> Vec<Value> {
    let argument = json!({ "redis": cell.redis.url(), "queue": queue, "requests": requests });
    let said = browser::run_plain("bull-board", argument, &[("TORIL_BULLMQ", cell.bullmq)]).await;
    said["answers"].as_array().cloned().expect("answers")
}

fn on(queue: &str, id: &str, method: &str, route: &str) -> Value {
    json!({ "method": method, "route": route, "params": { "queueName": queue, "jobId": id, "queueStatus": "failed" } })
}

async fn details(toril: &Toril, path: &str) -> Value {
    http::get(&toril.url(&format!("/api/v1/queues/{path}"))).await.expect("an answer").json()
}

async fn add(cell: &Cell, queue: &str, jobs: Value) {
    let argument = json!({ "redis": cell.redis.url(), "queue": queue, "jobs": jobs });
    node::run_with_env("add", argument, &[("TORIL_BULLMQ", cell.bullmq)]).await;
}

async fn wait_for(toril: &Toril, path: &str, state: &str) {
    wait_until(&format!("{path} to be {state}"), LONG, async || details(toril, path).await["state"] == state).await;
}

async fn what_toril_runs_is_shown_by_bull_board(cell: Cell) {
    let toril = host(&cell.redis).await;
    let jobs = json!([{ "name": "echo", "data": { "n": 1 }, "opts": { "jobId": "good" } }, { "name": "fatal", "data": {}, "opts": { "jobId": "bad" } }]);
    add(&cell, "work", jobs).await;
    wait_for(&toril, "work/jobs/good", "completed").await;
    wait_for(&toril, "work/jobs/bad", "failed").await;

    let shown = board(&cell, "work", json!([
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

async fn a_schema_error_and_a_dead_letter_are_shown_by_bull_board(cell: Cell) {
    let toril = host(&cell.redis).await;
    add(&cell, "numbers", json!([{ "name": "double", "data": { "n": "one" }, "opts": { "jobId": "odd" } }])).await;
    add(&cell, "work", json!([{ "name": "fatal", "data": { "n": 1 }, "opts": { "jobId": "bad" } }])).await;
    wait_for(&toril, "numbers/jobs/odd", "failed").await;
    wait_for(&toril, "work-dead/jobs/work-bad-1", "waiting").await;

    let odd = board(&cell, "numbers", json!([on("numbers", "odd", "get", "/api/queues/:queueName/:jobId")])).await;
    let job = &odd[0]["body"]["job"];
    assert!(job["failedReason"].as_str().is_some_and(|reason| reason.contains("field /n")), "{job}");
    let letter = on("work-dead", "work-bad-1", "get", "/api/queues/:queueName/:jobId");
    let letter = board(&cell, "work-dead", json!([letter])).await;
    let job = &letter[0]["body"]["job"];
    assert_eq!((&job["data"]["id"], &job["data"]["failedReason"]), (&json!("bad"), &json!("this job cannot be done")));
}

async fn what_is_done_in_bull_board_shows_in_toril(cell: Cell) {
    let toril = host(&cell.redis).await;
    let jobs = json!([
        { "name": "echo", "data": {}, "opts": { "jobId": "later", "delay": 3_600_000 } },
        { "name": "fatal", "data": {}, "opts": { "jobId": "bad" } },
        { "name": "echo", "data": {}, "opts": { "jobId": "away", "delay": 3_600_000 } },
    ]);
    add(&cell, "work", jobs).await;
    wait_for(&toril, "work/jobs/bad", "failed").await;
    let first = details(&toril, "work/jobs/bad").await["finishedOn"].clone();

    let done = board(
        &cell,
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

    board(&cell, "work", json!([on("work", "", "put", "/api/queues/:queueName/resume")])).await;
    assert_eq!(details(&toril, "work").await["paused"], false);
    wait_for(&toril, "work/jobs/later", "completed").await;
    wait_until("the retried job to fail again", LONG, async || {
        let job = details(&toril, "work/jobs/bad").await;
        job["state"] == "failed" && job["finishedOn"] != first
    })
    .await;
}

async fn what_is_done_in_toril_shows_in_bull_board(cell: Cell) {
    let toril = host(&cell.redis).await;
    add(
        &cell,
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
    let shown = board(&cell, "work-dead", json!([
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
