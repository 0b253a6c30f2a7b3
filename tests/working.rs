//! A queue under load, shared, and with a Redis that goes down and comes back. Each job runs exactly once, within the
//! limits of all workers together.

use std::collections::HashMap;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::cmd;
use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, node, wait_until};

/// Enough for many jobs on a busy machine.
const MINUTES: Duration = Duration::from_secs(180);

/// Blocks Redis for a tenth of a second.
const BUSY: &str = "local from = os.clock() while os.clock() < from + 0.1 do end";

async fn host(redis: &RedisServer, queue: &str) -> Toril {
    let config = format!("[queues.work]\nplugin = \"basics\"\n{queue}\n[plugins.basics]\nkeyvalue = true\n");
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(config).spawn_run();
    toril.wait_ready().await;
    toril
}

async fn add(redis: &RedisServer, jobs: Vec<Value>) {
    node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs })).await;
}

fn many(count: usize, name: &str, data: &Value) -> Vec<Value> {
    (0..count).map(|_| json!({ "name": name, "data": data })).collect()
}

async fn completed(connection: &MultiplexedConnection) -> usize {
    cmd("ZCARD").arg("bull:work:completed").query_async(&mut connection.clone()).await.unwrap_or(0)
}

async fn wait_for_completed(redis: &RedisServer, count: usize) {
    let connection = redis.connection().await;
    let what = format!("{count} completed jobs");
    wait_until(&what, MINUTES, async || completed(&connection).await == count).await;
}

/// The completed jobs by the number of times that they were started.
async fn started(redis: &RedisServer) -> HashMap<u32, usize> {
    let mut connection = redis.connection().await;
    let ids: Vec<String> =
        cmd("ZRANGE").arg("bull:work:completed").arg(0).arg(-1).query_async(&mut connection).await.expect("ids");
    let mut pipe = redis::pipe();
    for id in ids {
        pipe.cmd("HGET").arg(format!("bull:work:{id}")).arg("ats");
    }
    let started: Vec<u32> = pipe.query_async(&mut connection).await.expect("numbers");
    started.into_iter().fold(HashMap::new(), |mut counts, started| {
        *counts.entry(started).or_default() += 1;
        counts
    })
}

/// The events that begin and end an attempt, with Redis's time in milliseconds.
async fn events(redis: &RedisServer) -> Vec<(u64, String)> {
    let mut connection = redis.connection().await;
    let entries: Vec<(String, HashMap<String, String>)> =
        cmd("XRANGE").arg("bull:work:events").arg("-").arg("+").query_async(&mut connection).await.expect("events");
    let event = |(id, fields): (String, HashMap<String, String>)| {
        let at = id.split('-').next().and_then(|at| at.parse().ok()).unwrap_or(0);
        let name = fields.get("event").cloned().unwrap_or_default();
        matches!(name.as_str(), "active" | "completed").then_some((at, name))
    };
    entries.into_iter().filter_map(event).collect()
}

#[tokio::test]
async fn two_thousand_jobs_at_concurrency_100_run_once_each() {
    let redis = RedisServer::start().await;
    add(&redis, many(2_000, "echo", &json!({}))).await;

    let _toril = host(&redis, "concurrency = 100").await;

    wait_for_completed(&redis, 2_000).await;
    assert_eq!(started(&redis).await, HashMap::from([(1, 2_000)]));
    let mut most = 0;
    let mut running = 0;
    for (_, event) in events(&redis).await {
        running += if event == "active" { 1 } else { -1 };
        most = most.max(running);
    }
    assert!((50..=100).contains(&most), "{most} jobs at once");
}

#[tokio::test]
async fn two_hosts_and_a_node_worker_share_the_queues_own_concurrency() {
    let redis = RedisServer::start().await;
    let mut connection = redis.connection().await;
    add(&redis, many(120, "sleep", &json!({ "ms": 20 }))).await;
    let set = cmd("HSET").arg("bull:work:meta").arg("concurrency").arg(3).query_async::<()>(&mut connection).await;
    set.expect("the queue's concurrency is set");

    let input = json!({ "redis": redis.url(), "queue": "work", "jobs": 1_000_000, "concurrency": 8 });
    let mut node = node::spawn("worker", input, &[]);
    node.wait_ready().await;
    let _hosts = (host(&redis, "concurrency = 8").await, host(&redis, "concurrency = 8").await);

    wait_for_completed(&redis, 120).await;
    let mut running = 0;
    for (at, event) in events(&redis).await {
        running += if event == "active" { 1 } else { -1 };
        assert!(running <= 3, "{running} jobs at once at {at}");
    }
}

#[tokio::test]
async fn two_hosts_and_a_node_worker_share_a_rate_limit() {
    let redis = RedisServer::start().await;
    add(&redis, many(50, "echo", &json!({}))).await;

    let limiter = json!({ "max": 10, "duration": 1000 });
    let input =
        json!({ "redis": redis.url(), "queue": "work", "jobs": 1_000_000, "concurrency": 8, "limiter": limiter });
    let mut node = node::spawn("worker", input, &[]);
    node.wait_ready().await;
    let limited = "concurrency = 8\nrate_limit = { max = 10, per = \"1s\" }";
    let _hosts = (host(&redis, limited).await, host(&redis, limited).await);

    wait_for_completed(&redis, 50).await;
    let (mut from, mut count) = (0, 0);
    for (at, _) in events(&redis).await.iter().filter(|(_, event)| event == "active") {
        // A window begins with its first job, and ends by Redis's clock.
        if *at >= from + 990 {
            (from, count) = (*at, 0);
        }
        count += 1;
        assert!(count <= 10, "{count} jobs in the second from {from}");
    }
}

#[tokio::test]
async fn jobs_run_once_each_while_every_connection_is_cut_repeatedly() {
    let redis = RedisServer::start().await;
    let mut connection = redis.connection().await;
    add(&redis, many(2_000, "sleep", &json!({ "ms": 5 }))).await;
    let _toril = host(&redis, "concurrency = 20").await;

    let mut cuts = 0;
    while completed(&connection).await < 2_000 {
        // While Redis is blocked, the host's calls queue up, and the cut comes after them.
        let mut blocker = redis.connection().await;
        let busy = tokio::spawn(async move { cmd("EVAL").arg(BUSY).arg(0).query_async::<()>(&mut blocker).await });
        tokio::time::sleep(Duration::from_millis(30)).await;
        let mut cut = cmd("CLIENT");
        cut.arg("KILL").arg("TYPE").arg("normal").arg("SKIPME").arg("yes");
        cuts += cut.query_async::<u32>(&mut connection).await.expect("connections are cut");
        let _cut_too = busy.await;
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert!(cuts < 10_000, "the jobs do not end");
    }

    assert!(cuts > 3, "only {cuts} connections were cut");
    assert_eq!(started(&redis).await, HashMap::from([(1, 2_000)]));
}

#[tokio::test]
async fn killing_redis_while_jobs_finish_loses_none() {
    let mut redis = RedisServer::start().await;
    let jobs = (0..600).map(|n| {
        let opts = json!({ "attempts": 20, "backoff": { "type": "fixed", "delay": 50 } });
        json!({ "name": "kv", "data": { "key": format!("ran-{n}") }, "opts": opts })
    });
    add(&redis, jobs.collect()).await;
    let _toril = host(&redis, "concurrency = 20\nlock_duration = \"5s\"\nstalled_interval = \"2s\"").await;
    let connection = redis.connection().await;
    wait_until("the first jobs to end", LONG, async || completed(&connection).await > 50).await;

    redis.kill();
    tokio::time::timeout(LONG, redis.restart()).await.expect("it starts again");

    wait_for_completed(&redis, 600).await;
    let mut connection = redis.connection().await;
    let keys: Vec<String> = cmd("KEYS").arg("*ran-*").query_async(&mut connection).await.expect("the ledger");
    assert_eq!(keys.len(), 600, "each job has run");
    let left: usize = cmd("LLEN").arg("bull:work:active").query_async(&mut connection).await.expect("a number");
    assert_eq!(left, 0);
}

#[tokio::test]
async fn numbers_with_many_digits_are_passed_unchanged() {
    let redis = RedisServer::start().await;
    let mut connection = redis.connection().await;
    add(&redis, many(1, "echo", &json!({}))).await;
    let data = r#"{"n":123456789012345678901234567890.10}"#;
    let set = cmd("HSET").arg("bull:work:1").arg("data").arg(data).query_async::<()>(&mut connection).await;
    set.expect("the data is written");

    let _toril = host(&redis, "").await;

    wait_for_completed(&redis, 1).await;
    let returned: String =
        cmd("HGET").arg("bull:work:1").arg("returnvalue").query_async(&mut connection).await.expect("a result");
    assert_eq!(returned, data);
}

#[tokio::test]
async fn a_job_that_another_worker_took_over_gets_no_log_lines_of_the_first_one() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, "timeout = \"10m\"").await;
    let job = ["add", "work", "log-slowly", "--data", "{\"ms\":300000}"];
    let id = toril.cli(job).await.succeeded().stdout.trim().to_owned();
    let connection = redis.connection().await;
    let lines = async || -> u64 {
        let mut count = cmd("LLEN");
        count.arg(format!("bull:work:{id}:logs")).query_async(&mut connection.clone()).await.expect("LLEN")
    };
    wait_until("the job to write lines", LONG, async || lines().await > 2).await;

    let mut take = cmd("SET");
    take.arg(format!("bull:work:{id}:lock")).arg("of-another-worker");
    take.query_async::<()>(&mut connection.clone()).await.expect("SET");
    let before = lines().await;
    toril.wait_for_log("writing a line of the job's log failed, the line is lost", LONG).await;

    assert_eq!(lines().await, before);
}
