//! A host whose clock is wrong, or jumps while it runs. The host must use Redis's clock.

use serde_json::{Value, json};
use toril_tests::clock::Clock;
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, node, wait_until};

const HOUR: i64 = 3_600_000;
const WORK: &str = "[queues.work]\nplugin = \"basics\"\nconcurrency = 4\nlock_duration = \"1s\"\ntimeout = \"10m\"\n\
                    stalled_interval = \"500ms\"\n";

async fn host(redis: &RedisServer, clock: &Clock) -> Toril {
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").clock(clock).config(WORK).spawn_run();
    toril.wait_ready().await;
    toril
}

async fn add(redis: &RedisServer, name: &str, data: Value, opts: Value) -> String {
    let jobs = [json!({ "name": name, "data": data, "opts": opts })];
    let added = node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs })).await;
    added["ids"][0].as_str().expect("an id").to_owned()
}

async fn job(redis: &RedisServer, id: &str) -> Value {
    node::run("job", json!({ "redis": redis.url(), "queue": "work", "id": id })).await
}

async fn wait_for(redis: &RedisServer, id: &str, state: &str) -> Value {
    wait_until(&format!("job {id} to be {state}"), LONG, async || {
        Some(job(redis, id).await).filter(|job| job["state"] == state)
    })
    .await
}

/// Runs another job, so that the host has done everything that it does when it claims jobs.
async fn worked_on(redis: &RedisServer) {
    let id = add(redis, "echo", json!({}), json!({})).await;
    wait_for(redis, &id, "completed").await;
}

#[tokio::test]
async fn a_delayed_job_does_not_start_early_if_the_hosts_clock_is_fast() {
    let (redis, clock) = (RedisServer::start().await, Clock::new());
    let _toril = host(&redis, &clock).await;
    let later = add(&redis, "echo", json!({}), json!({ "delay": HOUR })).await;

    clock.set_ahead(5 * HOUR);

    worked_on(&redis).await;
    assert_eq!(job(&redis, &later).await["state"], "delayed");
}

#[tokio::test]
async fn a_delayed_job_starts_on_time_if_the_hosts_clock_is_slow() {
    let (redis, clock) = (RedisServer::start().await, Clock::new());
    clock.set_ahead(-5 * HOUR);
    let _toril = host(&redis, &clock).await;

    let soon = add(&redis, "echo", json!({}), json!({ "delay": 500 })).await;
    wait_for(&redis, &soon, "completed").await;

    clock.set_ahead(-9 * HOUR);
    let soon = add(&redis, "echo", json!({}), json!({ "delay": 500 })).await;
    wait_for(&redis, &soon, "completed").await;
}

#[tokio::test]
async fn a_retry_from_a_fast_clock_is_on_time_after_the_clock_is_corrected() {
    let (redis, clock) = (RedisServer::start().await, Clock::new());
    let _toril = host(&redis, &clock).await;
    clock.set_ahead(5 * HOUR);
    let opts = json!({ "attempts": 2, "backoff": { "type": "fixed", "delay": 5_000 } });
    let id = add(&redis, "fail-times", json!({ "times": 1 }), opts).await;
    // On a busy machine, the second attempt may have ended before the first look.
    wait_until("the first attempt to fail", LONG, async || job(&redis, &id).await["attemptsMade"].as_u64() >= Some(1))
        .await;

    clock.set_ahead(0);

    let done = wait_for(&redis, &id, "completed").await;
    assert_eq!(done["attemptsMade"], 2, "{done}");
}

#[tokio::test]
async fn a_clock_jump_affects_neither_a_running_job_nor_its_times() {
    let (redis, clock) = (RedisServer::start().await, Clock::new());
    let mut toril = host(&redis, &clock).await;
    let id = add(&redis, "sleep", json!({ "ms": 4_000 }), json!({})).await;
    wait_for(&redis, &id, "active").await;

    for hours in [7, -3, 2] {
        clock.set_ahead(hours * HOUR);
        // The host renews locks, and checks for stalled jobs, with each of them.
        worked_on(&redis).await;
    }

    let done = wait_for(&redis, &id, "completed").await;
    assert_eq!((&done["attemptsMade"], &done["stalledCounter"]), (&json!(1), &json!(0)), "{done}");
    let time = |field: &str| done[field].as_i64().expect("a time");
    assert!((0..HOUR).contains(&(time("finishedOn") - time("timestamp"))), "{done}");
    assert_eq!(toril.end().await, Some(0));
}

#[tokio::test]
async fn finished_jobs_are_kept_for_their_age_despite_a_clock_jump() {
    let (redis, clock) = (RedisServer::start().await, Clock::new());
    let _toril = host(&redis, &clock).await;
    let keep = json!({ "removeOnComplete": { "age": 3_600 } });
    let kept = add(&redis, "echo", json!({}), keep.clone()).await;
    wait_for(&redis, &kept, "completed").await;

    clock.set_ahead(5 * HOUR);

    let next = add(&redis, "echo", json!({}), keep).await;
    wait_for(&redis, &next, "completed").await;
    assert_eq!(job(&redis, &kept).await["state"], "completed");
}
