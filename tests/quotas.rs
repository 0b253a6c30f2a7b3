//! Quotas: how much a plugin may store, add and send over all hosts, and the errors beyond that.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, agent, wait_until};

/// A host whose plugin `basics` has these grants.
async fn host(redis: &RedisServer, entry: &str) -> Toril {
    let config = format!("[queues.work]\nplugin = \"basics\"\n[plugins.basics]\n{entry}\n");
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(config).spawn_run();
    toril.wait_ready().await;
    toril
}

async fn run(toril: &Toril, name: &str, data: Value) -> Value {
    toril.cli(["add", "work", name, "--data", &data.to_string(), "--wait"]).await.succeeded().json()
}

async fn denied(toril: &Toril, name: &str, data: Value) -> String {
    toril.cli(["add", "work", name, "--data", &data.to_string(), "--wait"]).await.exited(1).stderr
}

async fn set(toril: &Toril, key: &str, value: Value) {
    run(toril, "kv-set", json!({ "key": key, "value": value })).await;
}

async fn set_denied(toril: &Toril, key: &str, value: Value) -> String {
    denied(toril, "kv-set", json!({ "key": key, "value": value })).await
}

async fn ask<T: redis::FromRedisValue>(redis: &RedisServer, words: &[&str]) -> T {
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]);
    command.query_async(&mut redis.connection().await).await.unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

#[tokio::test]
async fn a_key_over_the_quota_is_denied_and_existing_ones_can_be_written() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "keyvalue = { max_keys = 2 }").await;
    set(&toril, "a", json!(1)).await;
    set(&toril, "b", json!(1)).await;

    let error = set_denied(&toril, "c", json!(1)).await;

    let says = "plugin basics would keep 3 keys of key-value data, and may keep 2: raise `max_keys` in `keyvalue` under [plugins.basics]";
    assert!(error.contains(says), "{error}");
    assert!(!ask::<bool>(&redis, &["EXISTS", "toril:plugin:basics:c"]).await);
    set(&toril, "a", json!(2)).await;
    run(&toril, "kv-batch", json!({ "delete": ["b"] })).await;
    set(&toril, "c", json!(1)).await;
}

#[tokio::test]
async fn bytes_over_the_quota_are_denied_and_values_can_become_smaller() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "keyvalue = { max_bytes = \"1KiB\" }").await;
    // Two of its bytes are the quotes of JSON, and one is the key.
    set(&toril, "a", json!("x".repeat(1021))).await;

    let error = set_denied(&toril, "a", json!("x".repeat(1022))).await;

    assert!(error.contains("1025 bytes of key-value data, and may keep 1024: raise `max_bytes`"), "{error}");
    assert!(set_denied(&toril, "b", json!(1)).await.contains("raise `max_bytes`"));
    set(&toril, "a", json!("x")).await;
    set(&toril, "b", json!(1)).await;
}

#[tokio::test]
async fn a_batch_that_goes_beyond_a_limit_sets_nothing() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "keyvalue = { max_keys = 2 }").await;

    let error = denied(&toril, "kv-batch", json!({ "set": [["a", "1"], ["b", "1"], ["c", "1"]] })).await;

    assert!(error.contains("3 keys of key-value data, and may keep 2"), "{error}");
    let twice = json!({ "set": [["a", "1"], ["b", "1"], ["a", "2"]], "get": ["a", "b", "c"] });
    assert_eq!(run(&toril, "kv-batch", twice).await["read"], json!(["2", "1", null]));
}

#[tokio::test]
async fn a_counter_counts_as_a_key_and_is_not_created_over_the_quota() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "keyvalue = { max_keys = 1 }").await;
    run(&toril, "kv", json!({ "key": "visits" })).await;

    let error = denied(&toril, "kv", json!({ "key": "others" })).await;

    assert!(error.contains("2 keys of key-value data, and may keep 1"), "{error}");
    assert!(!ask::<bool>(&redis, &["EXISTS", "toril:plugin:basics:others"]).await);
    assert_eq!(run(&toril, "kv", json!({ "key": "visits" })).await["value"], 2);
}

#[tokio::test]
async fn expired_keys_free_quota() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "keyvalue = { ttl = \"2s\", max_keys = 1 }").await;
    set(&toril, "a", json!(1)).await;
    wait_until("the key to expire", LONG, async || !ask::<bool>(&redis, &["EXISTS", "toril:plugin:basics:a"]).await)
        .await;

    set(&toril, "b", json!(1)).await;
}

#[tokio::test]
async fn all_hosts_share_one_quota() {
    let redis = RedisServer::start().await;
    let entry = "keyvalue = { max_keys = 1 }";
    let (one, other) = (host(&redis, entry).await, Toril::new().redis(redis.url()).plugin("basics"));
    let config = format!("[queues.other]\nplugin = \"basics\"\n[plugins.basics]\n{entry}\n");
    let mut other = other.config(config).spawn_run();
    other.wait_ready().await;
    set(&one, "a", json!(1)).await;

    let data = json!({ "key": "b", "value": 1 }).to_string();
    let error = other.cli(["add", "other", "kv-set", "--data", &data, "--wait"]).await.exited(1).stderr;

    assert!(error.contains("2 keys of key-value data, and may keep 1"), "{error}");
}

#[tokio::test]
async fn data_from_before_the_quota_is_counted() {
    let redis = RedisServer::start().await;
    ask::<()>(&redis, &["MSET", "toril:plugin:basics:a", "1", "toril:plugin:basics:b", "1", "other", "1"]).await;
    let toril = host(&redis, "keyvalue = { max_keys = 2 }").await;

    let error = set_denied(&toril, "c", json!(1)).await;

    assert!(error.contains("3 keys of key-value data, and may keep 2"), "{error}");
}

#[tokio::test]
async fn keys_that_someone_else_deleted_free_quota_when_needed() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "keyvalue = { max_keys = 2 }").await;
    run(&toril, "kv-batch", json!({ "set": [["a", "1"], ["b", "1"]] })).await;
    ask::<()>(&redis, &["DEL", "toril:plugin:basics:a"]).await;

    set(&toril, "c", json!(1)).await;

    assert!(set_denied(&toril, "d", json!(1)).await.contains("3 keys"));
}

#[tokio::test]
async fn the_counted_bytes_equal_the_stored_data() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "keyvalue = true").await;

    run(&toril, "kv-batch", json!({ "set": [["a", "12"], ["bb", "3"], ["a", "1"]], "delete": ["bb", "none"] })).await;
    run(&toril, "kv-batch", json!({ "set": [["bb", "345"]] })).await;
    for _ in 0..10 {
        run(&toril, "kv", json!({ "key": "n" })).await;
    }

    // `a`: 1 and 1, `bb`: 2 and 3, `n`: 1 and 2.
    assert_eq!(ask::<u64>(&redis, &["HGET", "toril:quota:basics", "bytes"]).await, 10);
    assert_eq!(ask::<u64>(&redis, &["HLEN", "toril:quota:basics:sizes"]).await, 3);
}

#[tokio::test]
async fn a_job_over_the_quota_is_denied_and_the_next_attempt_starts_at_zero() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "add_to = [\"others\"]\nmax_added_jobs = 3").await;

    let error = denied(&toril, "add-many", json!({ "queue": "others", "count": 4 })).await;

    let says = "plugin basics has added 3 jobs in this attempt and may add no more: raise `max_added_jobs` under [plugins.basics]";
    assert!(error.contains(says), "{error}");
    assert_eq!(ask::<u64>(&redis, &["LLEN", "bull:others:wait"]).await, 3);
    run(&toril, "add-many", json!({ "queue": "others", "count": 3 })).await;
    assert_eq!(ask::<u64>(&redis, &["LLEN", "bull:others:wait"]).await, 6);
}

#[tokio::test]
async fn requests_over_the_rate_wait() {
    let (redis, agent) = (RedisServer::start().await, agent::serve().await);
    let entry = format!("http = [{:?}]\nhttp_rate = {{ max = 1, per = \"200ms\" }}", agent.url());
    let toril = host(&redis, &entry).await;
    let started = Instant::now();

    run(&toril, "fetch-many", json!({ "url": format!("{}/", agent.url()), "count": 4 })).await;

    assert!(started.elapsed() >= Duration::from_millis(600), "{:?}", started.elapsed());
    assert_eq!(agent.requests().len(), 4);
}

#[tokio::test]
async fn a_request_that_would_wait_longer_than_its_attempt_is_denied() {
    let (redis, agent) = (RedisServer::start().await, agent::serve().await);
    let entry = format!("http = [{:?}]\nhttp_rate = {{ max = 2, per = \"1h\" }}", agent.url());
    let toril = host(&redis, &entry).await;

    let error = denied(&toril, "fetch-many", json!({ "url": format!("{}/", agent.url()), "count": 3 })).await;

    assert!(error.contains("plugin basics sends more requests than 2 in 1h"), "{error}");
    assert!(error.contains("raise `http_rate` under [plugins.basics]"), "{error}");
    assert_eq!(agent.requests().len(), 2);
}

/// A job that waits, and `count` finished children with results of this many bytes.
async fn with_children(redis: &RedisServer, toril: &Toril, part: &str, count: usize, bytes: usize) -> String {
    toril.cli(["pause", "work"]).await.succeeded();
    let id = toril.cli(["add", "work", "children"]).await.succeeded().stdout.trim().to_owned();
    let mut connection = redis.connection().await;
    let value = format!("\"{}\"", "x".repeat(bytes - 2));
    for first in (0..count).step_by(1000) {
        let mut fields = redis::cmd("HSET");
        fields.arg(format!("bull:work:{id}:{part}"));
        for n in first..count.min(first + 1000) {
            fields.arg(format!("bull:others:{n}")).arg(&value);
        }
        fields.query_async::<()>(&mut connection).await.expect("HSET");
    }
    toril.cli(["resume", "work"]).await.succeeded();
    id
}

async fn ended(toril: &Toril, id: &str) -> Value {
    wait_until("the job to end", LONG, async || {
        let job = toril.cli(["job", "work", id, "--json"]).await.succeeded().json();
        ["completed", "failed"].contains(&job["state"].as_str().unwrap_or_default()).then_some(job)
    })
    .await
}

#[tokio::test]
async fn results_and_failures_of_children_are_read_until_they_are_too_large_together() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "").await;

    for part in ["processed", "failed"] {
        let id = with_children(&redis, &toril, part, 15, 1 << 20).await;
        let job = ended(&toril, &id).await;
        assert_eq!(job["state"], "completed", "{job}");

        let id = with_children(&redis, &toril, part, 17, 1 << 20).await;
        let job = ended(&toril, &id).await;
        let reason = job["failedReason"].as_str().unwrap_or_default();
        assert!(reason.contains("bytes in total, and one call returns at most 16777216"), "{reason}");
    }
}

#[tokio::test]
async fn results_of_too_many_children_are_rejected() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "").await;

    let id = with_children(&redis, &toril, "processed", 100_001, 2).await;

    let job = ended(&toril, &id).await;
    let reason = job["failedReason"].as_str().unwrap_or_default();
    assert!(reason.contains("results of 100001 children, and one call returns those of at most 100000"), "{reason}");
}
