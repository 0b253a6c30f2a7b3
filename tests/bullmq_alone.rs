//! The crate `toril-bullmq` without Toril: its example, on a real Redis.

use serde_json::json;
use toril_tests::{RedisServer, node};

#[path = "../host/crates/bullmq/examples/worker.rs"]
mod worker;

#[tokio::test]
async fn the_example_of_the_crate_runs_the_jobs_that_it_adds() {
    let redis = RedisServer::start().await;

    let results = worker::work(&redis.url(), "greetings", &["Ada", "Grace"]).await.expect("it works");

    let greeting = |name: &str| json!({ "greeting": format!("Hello, {name}!") });
    assert_eq!(results, [greeting("Ada"), greeting("Grace")]);
}

#[tokio::test]
async fn the_jobs_of_the_example_are_seen_as_completed_by_a_client_for_node() {
    let redis = RedisServer::start().await;

    worker::work(&redis.url(), "greetings", &["Ada"]).await.expect("it works");
    let job = node::run("job", json!({ "redis": redis.url(), "queue": "greetings", "id": "1" })).await;

    assert_eq!(job["state"], "completed", "{job}");
}
