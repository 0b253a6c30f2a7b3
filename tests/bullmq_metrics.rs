//! BullMQ's own metrics in Redis: on, off, and as Node's client reads them.

use redis::AsyncCommands;
use serde_json::{Value, json};
use toril_tests::wait::{LONG, wait_until};
use toril_tests::{RedisServer, Toril, node};

const WORK: &str = "[queues.work]\nplugin = \"basics\"\n";

async fn host(redis: &RedisServer, lines: &str) -> Toril {
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(format!("{WORK}{lines}\n")).spawn_run();
    toril.wait_ready().await;
    toril
}

/// Ends jobs in every way.
async fn work(toril: &Toril) {
    for name in ["echo", "fatal"] {
        toril.cli(["add", "work", name, "--data", "1", "--wait"]).await;
    }
}

async fn metrics_keys(redis: &RedisServer) -> Vec<String> {
    let mut keys: Vec<String> = redis.connection().await.keys("bull:work:metrics*").await.expect("keys");
    keys.sort();
    keys
}

async fn by_node(redis: &RedisServer, step: Value) -> Value {
    let input = json!({ "redis": redis.url(), "queue": "work", "steps": [step] });
    node::run("manage", input).await["results"][0].clone()
}

#[tokio::test]
async fn ended_jobs_are_counted_by_default_and_node_reads_the_counts() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "").await;

    work(&toril).await;

    for state in ["completed", "failed"] {
        let metrics = by_node(&redis, json!({ "do": "metrics", "of": state })).await;
        assert_eq!(metrics["count"], 1, "{state}: {metrics}");
    }
}

#[tokio::test]
async fn metrics_that_are_off_leave_no_key_and_nodes_removal_of_orphaned_jobs_finds_nothing() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "metrics = false").await;

    work(&toril).await;

    assert_eq!(metrics_keys(&redis).await, [""; 0]);
    assert_eq!(by_node(&redis, json!({ "do": "removeOrphanedJobs" })).await, 0);
}

#[tokio::test]
async fn metrics_are_turned_off_while_the_host_runs() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, "").await;
    work(&toril).await;
    let mut connection = redis.connection().await;
    let _: () = connection.del(metrics_keys(&redis).await).await.expect("DEL");

    toril.rewrite_config(format!("{WORK}metrics = false\n"));
    toril.wait_for_log("configuration reloaded", LONG).await;
    work(&toril).await;

    assert_eq!(metrics_keys(&redis).await, [""; 0]);
}

#[tokio::test]
async fn the_queue_limits_the_number_of_data_points() {
    let redis = RedisServer::start().await;
    // As if the last job had completed five minutes ago.
    let mut connection = redis.connection().await;
    let (seconds, _): (u64, u64) = redis::cmd("TIME").query_async(&mut connection).await.expect("TIME");
    let fields = [("count", 4), ("prevTS", (seconds - 5 * 60) * 1000), ("prevCount", 0)];
    let _: () = connection.hset_multiple("bull:work:metrics:completed", &fields).await.expect("HSET");
    let toril = host(&redis, "metrics = { max_data_points = 3 }").await;

    work(&toril).await;

    let metrics = by_node(&redis, json!({ "do": "metrics", "of": "completed" })).await;
    assert_eq!(metrics["data"].as_array().map(Vec::len), Some(3), "{metrics}");
}

#[tokio::test]
async fn obliterating_the_queue_removes_its_metrics_and_everything_else() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, "").await;
    work(&toril).await;
    toril.end().await;
    assert_eq!(metrics_keys(&redis).await.len(), 2);

    by_node(&redis, json!({ "do": "obliterate" })).await;

    wait_until("all keys to be removed", LONG, async || {
        let left: Vec<String> = redis.connection().await.keys("bull:work:*").await.expect("keys");
        left.is_empty()
    })
    .await;
}
