//! BullMQ's own Node client on one side, Toril on the other: what a team sees that keeps its producers.

use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, node, wait_until};

const BASICS: &str = "[queues.work]\nplugin = \"basics\"\nconcurrency = 4\n";

async fn basics(redis: &RedisServer) -> Toril {
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(BASICS).spawn_run();
    toril.wait_ready().await;
    toril
}

/// Adds one job with Node to queue `work`, waits for its end, and returns the event that reported it.
async fn run(redis: &RedisServer, job: Value) -> Value {
    let input = json!({ "redis": redis.url(), "queue": "work", "jobs": [job], "wait": true });
    node::run("add", input).await["results"][0].clone()
}

/// What Node sees of a job afterwards.
async fn job(redis: &RedisServer, queue: &str, id: &str) -> Value {
    node::run("job", json!({ "redis": redis.url(), "queue": queue, "id": id })).await
}

async fn events(redis: &RedisServer, queue: &str, id: &str) -> Vec<Value> {
    let seen = node::run("events", json!({ "redis": redis.url(), "queue": queue, "id": id })).await;
    seen["events"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_job_added_by_node_is_processed_and_node_gets_its_result() {
    let redis = RedisServer::start().await;
    let config = "[queues.numbers]\nplugin = \"double\"\n";
    let mut toril = Toril::new().redis(redis.url()).plugin("double").config(config).spawn_run();
    toril.wait_ready().await;

    let jobs = json!([{ "name": "double", "data": { "n": 21 } }]);
    let done = node::run("add", json!({ "redis": redis.url(), "queue": "numbers", "jobs": jobs, "wait": true })).await;

    assert_eq!(done["results"][0]["value"], json!({ "doubled": 42 }));
}

#[tokio::test]
async fn attempts_are_spaced_exponentially() {
    let redis = RedisServer::start().await;
    let _toril = basics(&redis).await;
    let opts = json!({ "attempts": 3, "backoff": { "type": "exponential", "delay": 300 } });

    run(&redis, json!({ "name": "fail-times", "data": { "times": 2 }, "opts": opts })).await;

    let events = events(&redis, "work", "1").await;
    let at = |name: &str| -> Vec<u64> {
        events.iter().filter(|e| e["event"] == name).filter_map(|e| e["at"].as_u64()).collect()
    };
    let (active, delayed) = (at("active"), at("delayed"));
    assert_eq!((active.len(), delayed.len()), (3, 2), "{events:?}");
    // Only a lower bound: a busy machine may be late, and is never early by more than a rounding. The host chooses the
    // time of the next attempt before Redis writes the event `delayed`, so the bound is the start of the attempt before.
    assert!(active[1] - active[0] >= 298, "{active:?} {delayed:?}");
    assert!(active[2] - active[1] >= 598, "{active:?} {delayed:?}");
}

#[tokio::test]
async fn a_rate_limited_outcome_holds_back_the_whole_queue_and_uses_no_attempt() {
    let redis = RedisServer::start().await;
    let _toril = basics(&redis).await;
    let first = json!({ "name": "rate-limit", "data": { "ms": 800 } });
    let second = json!({ "name": "echo", "data": {} });

    run(&redis, first).await;
    let limited = job(&redis, "work", "1").await;
    run(&redis, second).await;

    assert_eq!((&limited["state"], &limited["attemptsMade"]), (&json!("completed"), &json!(1)));
    let waited = limited["finishedOn"].as_u64().expect("finished") - limited["timestamp"].as_u64().expect("added");
    assert!(waited >= 700, "{limited}");
}

#[tokio::test]
async fn progress_and_log_reach_node() {
    let redis = RedisServer::start().await;
    let _toril = basics(&redis).await;

    run(&redis, json!({ "name": "progress", "data": {} })).await;

    let events = events(&redis, "work", "1").await;
    let progress: Vec<_> = events.iter().filter(|e| e["event"] == "progress").map(|e| e["data"].clone()).collect();
    assert_eq!(progress, [json!(50), json!({ "step": "two" })]);
    let logs = job(&redis, "work", "1").await["logs"].clone();
    let expected = ["half of it is done", "[warn] the other half is slow", "[error] nothing has gone wrong"];
    assert_eq!(logs, json!(expected));
}

#[tokio::test]
async fn data_that_does_not_fit_the_schema_fails_for_good_and_names_the_field() {
    let redis = RedisServer::start().await;
    let config = "[queues.work]\nplugin = \"double\"\n";
    let mut toril = Toril::new().redis(redis.url()).plugin("double").config(config).spawn_run();
    toril.wait_ready().await;

    let wrong = json!({ "name": "double", "data": { "n": "hunter2" }, "opts": { "attempts": 5 } });
    let result = run(&redis, wrong).await;

    let error = result["error"].as_str().expect("it failed");
    assert!(error.contains("field /n") && !error.contains("hunter2"), "{error}");
    assert_eq!(job(&redis, "work", "1").await["attemptsMade"], json!(1));
    assert!(!toril.logs().contains("hunter2"), "the payload is in the host's log");
}

#[tokio::test]
async fn data_that_is_not_json_fails_for_good_with_that_reason() {
    let redis = RedisServer::start().await;
    let toril = basics(&redis).await;
    let mut connection = redis.connection().await;
    // As a client with a mistake of its own would: the hash first, then the list that workers wait on.
    let fields = ["name", "echo", "data", "{broken", "opts", "{}", "timestamp", "1"];
    redis::cmd("HSET").arg("bull:work:77").arg(&fields).exec_async(&mut connection).await.expect("HSET");
    redis::cmd("LPUSH").arg("bull:work:wait").arg("77").exec_async(&mut connection).await.expect("LPUSH");
    redis::cmd("ZADD").arg("bull:work:marker").arg(&["0", "0"]).exec_async(&mut connection).await.expect("ZADD");

    // Node's own client cannot look at such a job.
    let failed = wait_until("the job to fail", LONG, async || {
        let job = toril.cli(["job", "work", "77", "--json"]).await.succeeded().json();
        (job["state"] == "failed").then_some(job)
    })
    .await;

    assert_eq!(failed["failedReason"], json!("the job's data is not JSON (at line 1 column 2)"));
}

#[tokio::test]
async fn a_job_that_has_failed_for_good_is_in_the_dead_letter_queue() {
    let redis = RedisServer::start().await;
    let config = format!("{BASICS}dead_letter = \"work-dead\"\n");
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(config).spawn_run();
    toril.wait_ready().await;

    run(&redis, json!({ "name": "fatal", "data": { "order": 7 } })).await;

    let dead = job(&redis, "work-dead", "work-1-1").await;
    assert_eq!(dead["name"], json!("fatal"));
    assert_eq!(
        dead["data"],
        json!({ "queue": "work", "id": "1", "name": "fatal", "data": { "order": 7 }, "opts": { "attempts": 0 },
                "failedReason": "this job cannot be done", "attemptsMade": 1 })
    );
}

#[tokio::test]
async fn the_rate_limit_of_a_queue_is_kept() {
    let redis = RedisServer::start().await;
    let config = format!("{BASICS}rate_limit = {{ max = 2, per = \"1s\" }}\n");
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(config).spawn_run();
    toril.wait_ready().await;

    let jobs: Vec<_> = (0..6).map(|_| json!({ "name": "echo", "data": {} })).collect();
    node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs, "wait": true })).await;

    let started = node::starts(&redis, "work", 6).await;
    // Six jobs, two a second: the last pair cannot start before two seconds have passed.
    assert!(started[5] - started[0] >= 1900, "{started:?}");
}

#[tokio::test]
async fn a_queue_can_be_shared_with_a_worker_in_node() {
    let redis = RedisServer::start().await;
    let _toril = basics(&redis).await;
    let input = json!({ "redis": redis.url(), "queue": "work", "jobs": 10, "concurrency": 4 });
    let worker = tokio::spawn(async move { node::run("worker", input).await });

    // Until the one in Node has had its ten; the rest is Toril's.
    let mut added = 0;
    while !worker.is_finished() {
        let jobs: Vec<_> = (0..40).map(|n| json!({ "name": "echo", "data": { "n": n } })).collect();
        let done = node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs, "wait": true })).await;
        assert!(done["results"].as_array().expect("results").iter().all(|result| result["ok"] == true), "{done}");
        added += 40;
        assert!(added < 10_000, "the worker in Node never got a job");
    }
    worker.await.expect("the Node worker ends");
}
