//! A host whose time of day is wrong, or jumps while it works: it goes by Redis' clock.

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

/// The host has worked since: whatever it does of itself when it claims is done.
async fn worked_on(redis: &RedisServer) {
    let id = add(redis, "echo", json!({}), json!({})).await;
    wait_for(redis, &id, "completed").await;
}

#[tokio::test]
async fn what_is_delayed_starts_when_it_is_due_and_not_by_a_clock_that_is_fast() {
    let (redis, clock) = (RedisServer::start().await, Clock::new());
    let _toril = host(&redis, &clock).await;
    let later = add(&redis, "echo", json!({}), json!({ "delay": HOUR })).await;

    clock.set_ahead(5 * HOUR);

    worked_on(&redis).await;
    assert_eq!(job(&redis, &later).await["state"], "delayed");
}

#[tokio::test]
async fn what_is_delayed_starts_when_it_is_due_though_the_clock_is_slow() {
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
async fn a_retry_that_was_put_off_while_the_clock_was_fast_is_not_hours_away_when_it_is_right_again() {
    let (redis, clock) = (RedisServer::start().await, Clock::new());
    let _toril = host(&redis, &clock).await;
    clock.set_ahead(5 * HOUR);
    let opts = json!({ "attempts": 2, "backoff": { "type": "fixed", "delay": 2_000 } });
    let id = add(&redis, "fail-times", json!({ "times": 1 }), opts).await;
    wait_until("the first attempt to fail", LONG, async || job(&redis, &id).await["attemptsMade"] == 1).await;

    clock.set_ahead(0);

    let done = wait_for(&redis, &id, "completed").await;
    assert_eq!(done["attemptsMade"], 2, "{done}");
}

#[tokio::test]
async fn a_running_job_notices_nothing_when_the_clock_jumps_and_its_times_are_right() {
    let (redis, clock) = (RedisServer::start().await, Clock::new());
    let mut toril = host(&redis, &clock).await;
    let id = add(&redis, "sleep", json!({ "ms": 4_000 }), json!({})).await;
    wait_for(&redis, &id, "active").await;

    for hours in [7, -3, 2] {
        clock.set_ahead(hours * HOUR);
        // Locks are renewed, and others looked for, under each of them.
        worked_on(&redis).await;
    }

    let done = wait_for(&redis, &id, "completed").await;
    assert_eq!((&done["attemptsMade"], &done["stalledCounter"]), (&json!(1), &json!(0)), "{done}");
    let time = |field: &str| done[field].as_i64().expect("a time");
    assert!((0..HOUR).contains(&(time("finishedOn") - time("timestamp"))), "{done}");
    assert_eq!(toril.end().await, Some(0));
}

#[tokio::test]
async fn ended_jobs_are_kept_for_as_long_as_they_say_though_the_clock_jumps() {
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
