//! Schedules of BullMQ's clients: job schedulers with every kind of pattern, and the repeatable jobs of BullMQ 5.

#[path = "../host/crates/cron/src/case.rs"]
mod case;

use redis::aio::MultiplexedConnection;
use redis::cmd;
use serde_json::{Value, json};
use toril::cron::{CronError, Occurrences};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, contents, node, wait_until};

/// An interval that is longer than any test.
const AGES: u64 = 10_000_000_000;

async fn host(redis: &RedisServer, queue: &str) -> Toril {
    host_with(Toril::new(), redis, queue).await
}

async fn host_with(toril: Toril, redis: &RedisServer, queue: &str) -> Toril {
    let config = format!("[queues.{queue}]\nplugin = \"basics\"\nconcurrency = 1\n");
    let mut toril = toril.redis(redis.url()).plugin("basics").config(config).spawn_run();
    toril.wait_ready().await;
    toril
}

async fn repeat(redis: &RedisServer, argument: Value) -> Value {
    repeat_in(redis, argument, &[]).await
}

async fn repeat_in(redis: &RedisServer, mut argument: Value, env: &[(&str, &str)]) -> Value {
    argument["redis"] = json!(redis.url());
    node::run_with_env("repeat", argument, env).await
}

async fn ids(redis: &mut MultiplexedConnection, key: &str) -> Vec<(String, f64)> {
    cmd("ZRANGE").arg(key).arg(0).arg(-1).arg("WITHSCORES").query_async(redis).await.expect("a sorted set")
}

async fn wait_for_completed(redis: &mut MultiplexedConnection, queue: &str, count: usize) {
    let key = format!("bull:{queue}:completed");
    let connection = redis.clone();
    wait_until(&format!("{count} completed jobs of {queue}"), LONG, async || {
        ids(&mut connection.clone(), &key).await.len() == count
    })
    .await;
}

/// Runs the first jobs of these schedules in Node and in Toril, and compares all data that they leave.
async fn compare(schedules: Value, version: u32, jobs: usize, env: &[(&str, &str)]) {
    let redis = RedisServer::start().await;
    let mut connection = redis.connection().await;
    let of = |queue: &str, work: usize| {
        let mut argument = schedules.clone();
        argument["queue"] = json!(queue);
        argument["version"] = json!(version);
        argument["promote"] = json!(true);
        argument["work"] = json!(work);
        argument
    };
    repeat_in(&redis, of("node", jobs), env).await;
    repeat_in(&redis, of("toril", 0), env).await;
    let mut toril = env.iter().fold(Toril::new(), |toril, (name, value)| toril.env(*name, *value));
    toril = host_with(toril, &redis, "toril").await;
    wait_for_completed(&mut connection, "toril", jobs).await;
    toril.end().await;

    for key in ["repeat", "delayed"] {
        let names = |entries: Vec<(String, f64)>| entries.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        let (theirs, ours) = (
            ids(&mut connection, &format!("bull:node:{key}")).await,
            ids(&mut connection, &format!("bull:toril:{key}")).await,
        );
        assert!(!theirs.is_empty(), "Node has left nothing in {key}");
        match key {
            "repeat" => assert_eq!(theirs, ours),
            // Their scores have bits that count jobs.
            _ => assert_eq!(names(theirs), names(ours)),
        }
    }
    let left = async |queue: &str| {
        let mut left = contents::of(&mut connection.clone(), &format!("bull:{queue}")).await;
        left.retain(|name, _| !name.starts_with("metrics:") && !["events", "meta"].contains(&&**name));
        // A field that only BullMQ 5 writes to a finished job, and never reads.
        for value in left.values_mut().filter_map(Value::as_array_mut).flatten().filter_map(Value::as_object_mut) {
            value.shift_remove("nrjid");
            value.shift_remove("pb");
        }
        left
    };
    assert_eq!(left("toril").await, left("node").await);
}

#[tokio::test]
async fn a_repeatable_job_of_bullmq_5_continues_as_with_a_node_worker() {
    let repeatables = json!([
        { "name": "echo", "data": { "to": "you", "id": 7 }, "opts": { "repeat": { "every": AGES }, "attempts": 2,
            "backoff": { "type": "fixed", "delay": 50 }, "removeOnFail": 5, "keepLogs": 3 } },
        { "name": "echo", "data": { "n": 1 }, "opts": { "jobId": "mine", "backoff": 70,
            "repeat": { "pattern": "0 0 1 1 *", "tz": "Europe/Madrid", "limit": 5, "endDate": "2099-01-01T00:00:00Z" } } },
        { "name": "echo", "data": {}, "opts": { "repeat": { "pattern": "0 30 4 29 2 *", "key": "a-key" }, "priority": 3 } },
    ]);
    compare(json!({ "repeatables": repeatables }), 5, 3, &[]).await;
}

#[tokio::test]
async fn a_repeatable_job_under_a_key_of_five_parts_continues_as_with_a_node_worker() {
    let repeatables = json!([
        { "fiveParts": true, "name": "echo", "data": { "id": "x", "n": 1 },
            "opts": { "repeat": { "every": AGES }, "attempts": 4, "backoff": 90, "lifo": true } },
        { "fiveParts": true, "name": "echo", "data": { "n": 2 }, "opts": { "jobId": "mine", "priority": 2,
            "repeat": { "pattern": "15 10 1 1 *", "tz": "America/New_York", "endDate": "2099-01-01T00:00:00Z" } } },
    ]);
    compare(json!({ "repeatables": repeatables }), 5, 2, &[]).await;
}

#[tokio::test]
async fn a_job_scheduler_continues_as_with_a_node_worker() {
    let schedulers = json!([
        { "id": "zone", "repeat": { "pattern": "30 2 * 3 0L", "tz": "Europe/Madrid" }, "template": { "name": "echo", "data": { "n": 1 } } },
        { "id": "here", "repeat": { "pattern": "0 12 1 1 ?" }, "template": { "name": "echo", "opts": { "attempts": 3 } } },
        { "id": "seeded", "repeat": { "pattern": "H H H 1 *", "hashSeed": "me" }, "template": { "name": "echo" } },
        { "id": "long", "repeat": { "every": AGES, "offset": 7, "limit": 9 }, "template": { "name": "echo", "data": { "n": 2 } } },
        { "id": "a:b:c:d:e f", "repeat": { "pattern": "@yearly" }, "template": { "name": "echo" } },
    ]);
    // Without `tz`, a pattern uses the time zone of the process.
    compare(json!({ "schedulers": schedulers }), 6, 5, &[("TZ", "America/New_York")]).await;
}

#[tokio::test]
async fn a_job_scheduler_of_bullmq_5_continues_as_with_a_node_worker() {
    let schedulers = json!([
        { "id": "zone", "repeat": { "pattern": "0 0 29 2 *", "tz": "Asia/Tokyo" }, "template": { "name": "echo", "data": { "n": 1 } } },
        { "id": "utc", "repeat": { "pattern": "0 12 1 1 *", "utc": true, "limit": 4 }, "template": { "name": "echo" } },
        { "id": "long", "repeat": { "every": AGES, "offset": 7 }, "template": { "name": "echo", "opts": { "backoff": 9 } } },
    ]);
    compare(json!({ "schedulers": schedulers }), 5, 3, &[("TZ", "America/New_York")]).await;
}

#[tokio::test]
async fn a_repeatable_job_of_bullmq_5_keeps_its_data_in_every_run() {
    let redis = RedisServer::start().await;
    let mut connection = redis.connection().await;
    let repeatables = json!([
        { "name": "echo", "data": { "n": 1 }, "opts": { "repeat": { "every": 200, "limit": 4 } } },
        { "fiveParts": true, "name": "echo", "data": { "n": 2 }, "opts": { "repeat": { "every": 250, "limit": 4 } } },
    ]);
    repeat(&redis, json!({ "queue": "work", "version": 5, "repeatables": repeatables })).await;
    let _toril = host(&redis, "work").await;
    wait_for_completed(&mut connection, "work", 8).await;
    let mut seen = Vec::new();
    for (id, _) in ids(&mut connection, "bull:work:completed").await {
        let value: String = cmd("HGET")
            .arg(format!("bull:work:{id}"))
            .arg("returnvalue")
            .query_async(&mut connection)
            .await
            .expect("a value");
        seen.push(value);
    }
    seen.sort();
    assert_eq!(seen, [[r#"{"n":1}"#; 4], [r#"{"n":2}"#; 4]].concat());
}

#[tokio::test]
async fn a_removed_repeatable_job_does_not_continue() {
    let redis = RedisServer::start().await;
    let mut connection = redis.connection().await;
    let repeatables =
        json!([{ "fiveParts": true, "name": "echo", "data": {}, "opts": { "repeat": { "every": AGES } } }]);
    repeat(&redis, json!({ "queue": "work", "version": 5, "repeatables": repeatables, "promote": true })).await;
    let _: () = cmd("DEL").arg("bull:work:repeat").query_async(&mut connection).await.expect("deleted");
    let _toril = host(&redis, "work").await;
    wait_for_completed(&mut connection, "work", 1).await;
    assert!(ids(&mut connection, "bull:work:delayed").await.is_empty());
}

#[tokio::test]
async fn a_schedule_runs_repeatedly_with_any_form_of_pattern() {
    let redis = RedisServer::start().await;
    let mut connection = redis.connection().await;
    let patterns = ["0/1 * * * * *", "@secondly", "? * * * * ?", "*/1 * * * * 0-7", "H/1 * * * * *"];
    let schedulers: Vec<_> = patterns
        .iter()
        .map(|pattern| json!({ "id": format!("id {pattern}"), "repeat": { "pattern": pattern, "limit": 3 }, "template": { "name": "echo" } }))
        .collect();
    repeat(&redis, json!({ "queue": "work", "version": 6, "schedulers": schedulers })).await;
    let _toril = host(&redis, "work").await;
    wait_for_completed(&mut connection, "work", 3 * patterns.len()).await;
}

#[tokio::test]
async fn a_schedule_with_a_custom_repeat_strategy_waits_for_such_a_worker() {
    let redis = RedisServer::start().await;
    let mut connection = redis.connection().await;
    let schedulers = json!([{ "id": "theirs", "repeat": { "pattern": "RRULE:FREQ=SECONDLY" }, "template": { "name": "echo", "data": { "n": 1 } } }]);
    let argument = json!({ "queue": "work", "version": 6, "schedulers": schedulers, "strategy": 100 });
    let made = repeat(&redis, argument).await;
    let mut toril = host(&redis, "work").await;
    let line = toril.wait_for_log("cannot compute the next time of the schedule", LONG).await;
    assert!(line.contains("theirs") && line.contains("RRULE:FREQ=SECONDLY") && line.contains("work"), "{line}");
    wait_until("the job is delayed", LONG, async || {
        let delayed = ids(&mut connection.clone(), "bull:work:delayed").await;
        delayed.iter().any(|(id, _)| made["ids"][0] == **id)
    })
    .await;
    toril.end().await;
    assert!(ids(&mut connection, "bull:work:completed").await.is_empty());

    let finished = repeat(&redis, json!({ "queue": "work", "version": 6, "work": 3, "strategy": 100 })).await;
    let data: Vec<_> = finished["finished"].as_array().expect("jobs").iter().map(|job| job["data"].clone()).collect();
    assert_eq!(data[..3], [json!({ "n": 1 }), json!({ "n": 1 }), json!({ "n": 1 })]);
}

#[tokio::test]
async fn a_job_with_the_largest_attempts_of_javascript_is_retried() {
    let redis = RedisServer::start().await;
    let _toril = host(&redis, "work").await;
    let jobs = [json!(9_007_199_254_740_991_u64), json!("3"), json!(2.5)]
        .map(|attempts| json!({ "name": "fail-times", "data": { "times": 2 }, "opts": { "attempts": attempts } }));
    let argument = json!({ "redis": redis.url(), "queue": "work", "jobs": jobs, "wait": true });
    let done = node::run("add", argument).await;
    for result in done["results"].as_array().expect("results") {
        assert_eq!(result["value"], json!({ "attempts": 3 }), "{result}");
    }
}

#[tokio::test]
async fn a_pattern_has_the_same_times_as_in_node() {
    let redis = RedisServer::start().await;
    let toril = Toril::new().redis(redis.url()).config("[queues.work]\nplugin = \"basics\"\n");
    for (id, pattern) in [("days", "@weekdays"), ("step", "5/15 * * * *"), ("last", "0 0 * * 5L"), ("few", "1")] {
        toril.cli(["schedulers", "set", "work", id, "--pattern", pattern, "--tz", "Asia/Tokyo"]).await.succeeded();
        let theirs = json!([{ "id": format!("{id} of Node"), "repeat": { "pattern": pattern, "tz": "Asia/Tokyo" } }]);
        repeat(&redis, json!({ "queue": "work", "version": 6, "schedulers": theirs })).await;
        let next = async |id: &str| {
            let mut connection = redis.connection().await;
            let next: Option<f64> =
                cmd("ZSCORE").arg("bull:work:repeat").arg(id).query_async(&mut connection).await.expect("a score");
            next.expect("a scheduler")
        };
        assert_eq!(next(id).await, next(&format!("{id} of Node")).await, "{pattern}");
    }
}

/// `TORIL_SEED` selects the patterns.
#[tokio::test]
async fn random_patterns_have_the_same_times_as_in_node() {
    let seed = std::env::var("TORIL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u32(..));
    let made = node::run("cron", json!({ "seed": seed, "random": 1500 })).await;
    let cases = made["cases"].as_array().expect("cases");
    let mut compared = 0;
    for case in cases {
        let Some(expected) = case::expected(case) else { continue };
        assert_eq!(case::times(case), Ok(expected), "{case} (TORIL_SEED={seed})");
        compared += 1;
    }
    assert!(compared > 1100, "{compared} of {} patterns were accepted by Node", cases.len());
}
