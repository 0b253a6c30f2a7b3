//! How a host handles an outage, fault by fault. `faults` checks the outcomes, and these tests check how they come
//! about.

use std::time::{Duration, Instant};

use redis::{RedisResult, cmd};
use serde_json::{Value, json};
use toril_tests::proxy::Proxy;
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, node, wait_until};

/// No lock expires in these tests, so no job is recovered that way.
const LOCKED: &str = "lock_duration = \"1h\"\nstalled_interval = \"500ms\"\ntimeout = \"1h\"";

/// A host with its own network that has run a job: its connections are open, and it waits for jobs.
async fn host(redis: &RedisServer, queue: &str) -> (Toril, Proxy) {
    let network = Proxy::start(redis.port()).await;
    let config = format!("[queues.work]\nplugin = \"basics\"\n{queue}\n");
    let url = format!("redis://127.0.0.1:{}", network.port());
    let mut toril = Toril::new().redis(url).plugin("basics").config(config).spawn_run();
    toril.wait_ready().await;
    let ids = add(redis, &[json!({ "name": "echo", "data": {} })]).await;
    wait_for_state(redis, &ids[0], "completed").await;
    (toril, network)
}

async fn add(redis: &RedisServer, jobs: &[Value]) -> Vec<String> {
    let added = node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs })).await;
    let ids = added["ids"].as_array().into_iter().flatten();
    ids.filter_map(Value::as_str).map(str::to_owned).collect()
}

async fn ask<T: redis::FromRedisValue>(redis: &RedisServer, words: &[&str]) -> RedisResult<T> {
    cmd(words[0]).arg(&words[1..]).query_async(&mut redis.connection().await).await
}

async fn is_in(redis: &RedisServer, id: &str, set: &str) -> bool {
    let found = match set {
        "active" | "wait" => ask::<Option<usize>>(redis, &["LPOS", &format!("bull:work:{set}"), id]).await,
        _ => {
            ask::<Option<f64>>(redis, &["ZSCORE", &format!("bull:work:{set}"), id]).await.map(|score| score.map(|_| 0))
        }
    };
    found.is_ok_and(|place| place.is_some())
}

async fn wait_for_state(redis: &RedisServer, id: &str, set: &str) {
    wait_until(&format!("job {id} to be {set}"), LONG, async || is_in(redis, id, set).await).await;
}

/// A counter of BullMQ in a job: its starts (`ats`), or its attempts (`atm`).
async fn count(redis: &RedisServer, id: &str, field: &str) -> u32 {
    ask::<Option<u32>>(redis, &["HGET", &format!("bull:work:{id}"), field]).await.expect("a count").unwrap_or(0)
}

/// How often each of these jobs has an event of this name.
async fn events(redis: &RedisServer, name: &str, ids: &[String]) -> Vec<usize> {
    let entries: Vec<(String, Vec<(String, String)>)> =
        ask(redis, &["XRANGE", "bull:work:events", "-", "+"]).await.expect("events");
    let holds =
        |fields: &[(String, String)], key: &str, value: &str| fields.iter().any(|(k, v)| k == key && v == value);
    let of = |id: &String| {
        entries.iter().filter(|(_, fields)| holds(fields, "event", name) && holds(fields, "jobId", id)).count()
    };
    ids.iter().map(of).collect()
}

#[tokio::test]
async fn jobs_of_a_lost_answer_run_once_and_at_once() {
    let redis = RedisServer::start().await;
    let (_toril, network) = host(&redis, &format!("concurrency = 4\n{LOCKED}")).await;
    // Only the claim of jobs names this key.
    network.lose_answer_to("bull:work:limiter");

    let (job, long) = (json!({ "name": "echo", "data": {} }), "x".repeat(10_000));
    let long = json!({ "name": "echo", "data": long });
    let ids = add(&redis, &[job.clone(), long.clone(), job, long.clone()]).await;

    for id in &ids {
        wait_for_state(&redis, id, "completed").await;
        assert_eq!(count(&redis, id, "ats").await, 1);
    }
    let returned: String = ask(&redis, &["HGET", &format!("bull:work:{}", ids[1]), "returnvalue"]).await.expect("it");
    assert_eq!((network.lost(), returned), (1, long["data"].to_string()));
}

#[tokio::test]
async fn a_claim_that_arrives_after_the_host_gave_up_takes_no_job() {
    let redis = RedisServer::start().await;
    let (_toril, network) = host(&redis, &format!("concurrency = 1\n{LOCKED}")).await;
    network.keep_request("bull:work:limiter");
    let first = add(&redis, &[json!({ "name": "sleep", "data": { "ms": 3_000 } })]).await;
    wait_for_state(&redis, &first[0], "active").await;
    assert!(network.has_kept());
    let second = add(&redis, &[json!({ "name": "echo", "data": {} })]).await;

    network.deliver().await;

    // Otherwise it would stay locked by nobody.
    wait_for_state(&redis, &second[0], "completed").await;
    assert_eq!(count(&redis, &second[0], "ats").await, 1);
}

#[tokio::test]
async fn an_outcome_whose_answer_was_lost_is_written_once_and_the_next_job_runs() {
    let redis = RedisServer::start().await;
    let (_toril, network) = host(&redis, &format!("concurrency = 1\n{LOCKED}")).await;
    let ids =
        add(&redis, &[json!({ "name": "sleep", "data": { "ms": 500 } }), json!({ "name": "echo", "data": {} })]).await;
    wait_for_state(&redis, &ids[0], "active").await;
    network.lose_answer_to("bull:work:completed");

    for id in &ids {
        wait_for_state(&redis, id, "completed").await;
        assert_eq!((count(&redis, id, "ats").await, count(&redis, id, "atm").await), (1, 1));
    }
    assert_eq!((network.lost(), events(&redis, "completed", &ids).await), (1, vec![1, 1]));
}

#[tokio::test]
async fn an_outcome_by_bullmqs_own_script_whose_answer_was_lost_is_written_once() {
    let redis = RedisServer::start().await;
    let (_toril, network) = host(&redis, LOCKED).await;
    let opts = json!({ "deduplication": { "id": "one" } });
    let ids = add(&redis, &[json!({ "name": "sleep", "data": { "ms": 500 }, "opts": opts })]).await;
    wait_for_state(&redis, &ids[0], "active").await;
    network.lose_answer_to("bull:work:completed");

    wait_for_state(&redis, &ids[0], "completed").await;

    // The host continues, and ends the job only once.
    let next = add(&redis, &[json!({ "name": "echo", "data": {} })]).await;
    wait_for_state(&redis, &next[0], "completed").await;
    assert_eq!((network.lost(), events(&redis, "completed", &ids).await), (1, vec![1]));
    assert_eq!((count(&redis, &ids[0], "ats").await, count(&redis, &ids[0], "atm").await), (1, 1));
}

#[tokio::test]
async fn a_retry_whose_answer_was_lost_counts_one_attempt() {
    let redis = RedisServer::start().await;
    let (_toril, network) = host(&redis, LOCKED).await;
    network.lose_answer_to("failedReason");

    let opts = json!({ "attempts": 3 });
    let ids = add(&redis, &[json!({ "name": "fail-times", "data": { "times": 1 }, "opts": opts })]).await;

    wait_for_state(&redis, &ids[0], "completed").await;
    assert_eq!(network.lost(), 1);
    assert_eq!((count(&redis, &ids[0], "ats").await, count(&redis, &ids[0], "atm").await), (2, 2));
}

#[tokio::test]
async fn an_attempt_whose_lock_has_another_owner_is_interrupted_and_writes_nothing() {
    let redis = RedisServer::start().await;
    let (mut toril, _network) = host(&redis, "concurrency = 1\nlock_duration = \"1s\"\ntimeout = \"1h\"").await;
    let ids = add(&redis, &[json!({ "name": "sleep", "data": { "ms": 600_000 } })]).await;
    wait_for_state(&redis, &ids[0], "active").await;

    ask::<()>(&redis, &["SET", &format!("bull:work:{}:lock", ids[0]), "another"]).await.expect("the lock is another's");

    toril.wait_for_log("outcome=\"lock-lost\"", LONG).await;
    // Its slot is free again.
    let next = add(&redis, &[json!({ "name": "echo", "data": {} })]).await;
    wait_for_state(&redis, &next[0], "completed").await;
    assert!(is_in(&redis, &ids[0], "active").await);
    let holder: String = ask(&redis, &["GET", &format!("bull:work:{}:lock", ids[0])]).await.expect("a lock");
    assert_eq!(holder, "another");
}

#[tokio::test]
async fn a_result_is_written_although_its_job_was_requeued_meanwhile() {
    let mut redis = RedisServer::start().await;
    let (mut toril, _network) = host(&redis, "concurrency = 1\nlock_duration = \"1s\"").await;
    let ids = add(&redis, &[json!({ "name": "sleep", "data": { "ms": 1_000 } })]).await;
    wait_for_state(&redis, &ids[0], "active").await;
    redis.stop().await;
    toril.wait_for_log(&ended(&ids[0]), LONG).await;
    toril.pause();
    redis.restart().await;

    // The lock has expired, and another worker has noticed that and put the job back.
    ask::<u32>(&redis, &["DEL", &format!("bull:work:{}:lock", ids[0])]).await.expect("a number");
    ask::<u32>(&redis, &["LREM", "bull:work:active", "0", &ids[0]]).await.expect("a number");
    ask::<u32>(&redis, &["RPUSH", "bull:work:wait", &ids[0]]).await.expect("a number");
    ask::<u32>(&redis, &["HINCRBY", &format!("bull:work:{}", ids[0]), "stc", "1"]).await.expect("a number");
    toril.resume();

    wait_for_state(&redis, &ids[0], "completed").await;
    let runs = toril.logs().lines().filter(|line| line.contains(&ended(&ids[0]))).count();
    assert_eq!((runs, count(&redis, &ids[0], "ats").await, count(&redis, &ids[0], "atm").await), (1, 1, 1));
}

/// The beginning of the log line about the end of an attempt.
fn ended(id: &str) -> String {
    format!("attempt ended queue=\"work\" job_id=\"{id}\"")
}

#[tokio::test]
async fn a_silent_connection_is_replaced() {
    let redis = RedisServer::start().await;
    let (_toril, network) = host(&redis, LOCKED).await;

    network.freeze();

    let ids = add(&redis, &[json!({ "name": "echo", "data": {} })]).await;
    wait_for_state(&redis, &ids[0], "completed").await;
}

#[tokio::test]
async fn a_cancel_request_reaches_a_host_with_silent_connections() {
    let redis = RedisServer::start().await;
    let (toril, network) = host(&redis, LOCKED).await;
    let ids = add(&redis, &[json!({ "name": "sleep-until-cancelled", "data": {} })]).await;
    wait_for_state(&redis, &ids[0], "active").await;

    network.freeze();

    wait_until("the job to see the cancellation", LONG, async || {
        toril.cli(["cancel", "work", &ids[0]]).await;
        is_in(&redis, &ids[0], "completed").await
    })
    .await;
}

#[tokio::test]
async fn a_shutdown_writes_its_last_outcomes_despite_silent_connections() {
    let redis = RedisServer::start().await;
    let network = Proxy::start(redis.port()).await;
    let url = format!("redis://127.0.0.1:{}", network.port());
    let queue = format!("[queues.work]\nplugin = \"basics\"\n{LOCKED}\n");
    // Longer than a busy machine takes to notice, and shorter than the test's time limit.
    let toril = Toril::new().redis(url).plugin("basics").host("shutdown_timeout = \"2m\"").config(queue);
    let mut toril = toril.spawn_run();
    toril.wait_ready().await;
    let ids = add(&redis, &[json!({ "name": "sleep", "data": { "ms": 2_000 } })]).await;
    wait_for_state(&redis, &ids[0], "active").await;

    toril.terminate();
    network.freeze();

    wait_for_state(&redis, &ids[0], "completed").await;
    assert_eq!(toril.wait_exit(LONG).await.code(), Some(0));
}

#[tokio::test]
async fn an_outage_is_one_line_of_the_log_however_many_jobs_run() {
    let mut redis = RedisServer::start().await;
    let (mut toril, network) =
        host(&redis, "concurrency = 8\nlock_duration = \"1s\"\nstalled_interval = \"500ms\"").await;
    let opts = json!({ "deduplication": { "id": "one" } });
    let mut jobs = vec![json!({ "name": "sleep", "data": { "ms": 1_500 }, "opts": opts })];
    jobs.extend((0..7).map(|_| json!({ "name": "sleep", "data": { "ms": 1_500 } })));
    let ids = add(&redis, &jobs).await;
    for id in &ids {
        wait_for_state(&redis, id, "active").await;
    }
    let before = toril.logs().lines().count();
    let connections = network.connections();

    redis.stop().await;
    for id in &ids {
        toril.wait_for_log(&ended(id), LONG).await;
    }
    // Every part has tried, and more than once.
    wait_until("repeated attempts", LONG, async || network.connections() > connections + 6).await;
    redis.restart().await;
    for id in &ids {
        wait_for_state(&redis, id, "completed").await;
    }

    let logs = toril.logs();
    let is_told = |line: &&str| {
        // Lines about the outcome of a job are about that job.
        (line.contains("WARN") || line.contains("ERROR")) && !line.contains("job stalled")
    };
    let lines: Vec<_> = logs.lines().skip(before).filter(is_told).collect();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    toril.wait_for_log("Redis is available again", LONG).await;
}

#[tokio::test]
async fn the_host_pauses_between_attempts_to_reach_redis() {
    let mut redis = RedisServer::start().await;
    let (_toril, network) = host(&redis, LOCKED).await;

    redis.stop().await;
    let (before, since) = (network.connections(), Instant::now());
    wait_until("repeated attempts", LONG, async || network.connections() >= before + 20).await;

    // Without pauses, this would take no time.
    assert!(since.elapsed() > Duration::from_secs(1), "{:?}", since.elapsed());
}
