//! The attempts of a job: every view shows the version that ran each, and their number is limited.

use std::collections::BTreeSet;

use redis::aio::MultiplexedConnection;
use serde_json::{Value, json};
use toril_tests::toril::component;
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, http, node, wait_until};

const WORK: &str = "[queues.work]\nplugin = \"basics\"\n";

async fn host(toril: Toril) -> Toril {
    let mut toril = toril.plugin("basics").spawn_run();
    toril.wait_ready().await;
    toril
}

async fn add(redis: &RedisServer, jobs: Value) {
    node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs })).await;
}

/// The attempts of job 1, once this many are recorded.
async fn attempts(toril: &Toril, count: usize) -> Vec<Value> {
    wait_until(&format!("{count} attempts to be known"), LONG, async || {
        let job = toril.cli(["job", "work", "1", "--json"]).await.succeeded().json();
        job["attempts"].as_array().filter(|attempts| attempts.len() >= count).cloned()
    })
    .await
}

#[tokio::test]
async fn the_version_of_each_attempt_is_known_after_a_restart_and_on_another_host() {
    let redis = RedisServer::start().await;
    let mut first = host(Toril::new().redis(redis.url()).config(WORK)).await;
    // Its first attempt fails with one version, and the second starts after another version has taken over.
    let opts = json!({ "attempts": 2, "backoff": { "type": "fixed", "delay": 3_600_000 } });
    add(&redis, json!([{ "name": "fail-times", "data": { "times": 1 }, "opts": opts }])).await;
    attempts(&first, 1).await;
    wait_until("its next attempt to be due", LONG, async || {
        first.cli(["job", "work", "1", "--json"]).await.succeeded().json()["state"] == "delayed"
    })
    .await;
    first.replace_plugin("basics", &component("blue/basics"));
    first.wait_for_log("plugin reloaded", LONG).await;
    first.cli(["promote", "work", "1"]).await.succeeded();
    attempts(&first, 2).await;
    assert_eq!(first.end().await, Some(0));

    let second = host(Toril::new().redis(redis.url()).config(WORK)).await;
    let known = attempts(&second, 2).await;

    let field = |name: &str| known.iter().map(|attempt| attempt[name].clone()).collect::<Vec<_>>();
    assert_eq!(field("attempt"), [1, 2]);
    assert_eq!(field("outcome"), ["retry", "completed"]);
    assert_eq!((field("failure"), field("plugin")), (vec![json!("plugin"), Value::Null], vec![json!("basics"); 2]));
    assert_eq!(field("reason"), [json!("attempt 1 failed"), Value::Null]);
    let versions: BTreeSet<_> = known.iter().filter_map(|attempt| attempt["version"].as_str()).collect();
    assert_eq!(versions.len(), 2, "{known:?}");
    let api = http::get(&second.url("/api/v1/queues/work/jobs/1")).await.expect("an answer").json();
    assert_eq!(api["attempts"], json!(known));
    let page = http::get(&second.url("/queues/work/jobs/1")).await.expect("an answer").body;
    assert!(versions.iter().all(|version| page.contains(&format!("<code><bdi>{version}</bdi></code>"))), "{page}");
}

#[tokio::test]
async fn the_last_attempts_before_a_host_ends_are_known() {
    let redis = RedisServer::start().await;
    let mut toril = host(Toril::new().redis(redis.url()).config(WORK)).await;
    add(&redis, json!([{ "name": "sleep", "data": { "ms": 500 } }])).await;
    wait_until("the job to run", LONG, async || {
        toril.cli(["job", "work", "1", "--json"]).await.succeeded().json()["state"] == "active"
    })
    .await;

    assert_eq!(toril.end().await, Some(0));

    let job = toril.cli(["job", "work", "1", "--json"]).await.succeeded().json();
    assert_eq!(job["attempts"][0]["outcome"], "completed", "{job}");
}

#[tokio::test]
async fn attempts_that_end_while_redis_is_away_are_known_when_it_is_back() {
    let mut redis = RedisServer::start().await;
    let mut toril = host(Toril::new().redis(redis.url()).config(WORK)).await;
    add(&redis, json!([{ "name": "sleep", "data": { "ms": 1000 } }])).await;
    wait_until("the job to run", LONG, async || {
        toril.cli(["job", "work", "1", "--json"]).await.succeeded().json()["state"] == "active"
    })
    .await;
    redis.stop().await;
    toril.wait_for_log("attempt ended", LONG).await;
    redis.restart().await;

    assert_eq!(attempts(&toril, 1).await[0]["outcome"], "completed");
}

/// The number of attempts in Redis, and the number of lists without an expiry.
async fn held(connection: &mut MultiplexedConnection) -> (usize, usize) {
    let keys: Vec<String> =
        redis::cmd("KEYS").arg("*attempts:{work}:*").query_async(connection).await.expect("the keys");
    let (mut attempts, mut endless) = (0, 0);
    for key in keys {
        attempts += redis::cmd("LLEN").arg(&key).query_async::<usize>(connection).await.expect("a length");
        let left: i64 = redis::cmd("TTL").arg(&key).query_async(connection).await.expect("a time");
        endless += usize::from(left <= 0);
    }
    (attempts, endless)
}

async fn run_many(redis: &RedisServer, toril: &Toril) {
    let jobs: Vec<_> = (0..500).map(|_| json!({ "name": "echo", "data": {} })).collect();
    node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs, "wait": true })).await;
    // The host records the last ones when it ends.
    assert!(toril.logs().contains("attempt ended"));
}

#[tokio::test]
async fn the_number_of_kept_attempts_is_limited_and_all_of_them_expire() {
    let redis = RedisServer::start().await;
    let mut toril = host(Toril::new().redis(redis.url()).host("keep_attempts = 128").config(WORK)).await;
    run_many(&redis, &toril).await;
    assert_eq!(toril.end().await, Some(0));

    let (attempts, endless) = held(&mut redis.connection().await).await;

    assert!((100..=128).contains(&attempts), "{attempts}");
    assert_eq!(endless, 0);
}

#[tokio::test]
async fn no_attempts_are_kept_if_the_configuration_says_so() {
    let redis = RedisServer::start().await;
    let mut toril = host(Toril::new().redis(redis.url()).host("keep_attempts = 0").config(WORK)).await;
    run_many(&redis, &toril).await;
    assert_eq!(toril.end().await, Some(0));

    assert_eq!(held(&mut redis.connection().await).await, (0, 0));
    let job = toril.cli(["job", "work", "1", "--json"]).await.succeeded().json();
    assert_eq!(job["attempts"], json!([]));
}
