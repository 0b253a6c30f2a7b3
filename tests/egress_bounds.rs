//! Limits of requests to a granted origin.

use std::time::Duration;

use serde_json::{Value, json};
use toril_tests::{AgentServer, RedisServer, Toril, agent};

const MIB: usize = 1024 * 1024;

/// A host whose plugin `reach` may send requests to this server.
async fn host(redis: &RedisServer, server: &AgentServer) -> Toril {
    let config = format!("[queues.work]\nplugin = \"reach\"\n[plugins.reach]\nhttp = [{:?}]\n", server.url());
    let mut toril = Toril::new().redis(redis.url()).plugin("reach").config(config).spawn_run();
    toril.wait_ready().await;
    toril
}

/// The result of such a job of plugin `reach` against the server.
async fn reach(toril: &Toril, name: &str, server: &AgentServer) -> Value {
    let authority = json!(server.url().trim_start_matches("http://")).to_string();
    toril.cli(["add", "work", name, "--data", &authority, "--wait"]).await.succeeded().json()["got"].clone()
}

/// Delays this many requests for longer than any job here runs.
fn hold_next(server: &AgentServer, requests: usize) {
    for _ in 0..requests {
        server.delay_next(Duration::from_secs(600));
    }
}

#[tokio::test]
async fn a_body_of_64_mib_is_read_whole() {
    let (redis, server) = (RedisServer::start().await, agent::serve().await);
    let toril = host(&redis, &server).await;
    server.respond_next(200, &[], "x".repeat(64 * MIB));

    assert_eq!(reach(&toril, "drain", &server).await, json!({ "bytes": 64 * MIB, "whole": true }));
}

#[tokio::test]
async fn a_larger_body_fails_before_its_end() {
    let (redis, server) = (RedisServer::start().await, agent::serve().await);
    let toril = host(&redis, &server).await;
    server.respond_next(200, &[], "x".repeat(64 * MIB + 1));

    let got = reach(&toril, "drain", &server).await;

    assert_eq!(got["whole"], false, "{got}");
    assert!(got["bytes"].as_u64().is_some_and(|bytes| bytes <= 64 * MIB as u64), "{got}");
}

#[tokio::test]
async fn the_seventeenth_concurrent_request_is_rejected() {
    let (redis, server) = (RedisServer::start().await, agent::serve().await);
    let toril = host(&redis, &server).await;
    hold_next(&server, 16);

    assert_eq!(reach(&toril, "many-requests", &server).await, json!({ "others": 16, "refused": true }));
}

#[tokio::test]
async fn the_next_job_can_send_requests_again() {
    let (redis, server) = (RedisServer::start().await, agent::serve().await);
    let toril = host(&redis, &server).await;
    hold_next(&server, 32);
    reach(&toril, "many-requests", &server).await;

    let again = reach(&toril, "many-requests", &server).await;

    assert_eq!(again, json!({ "others": 16, "refused": true }));
}
