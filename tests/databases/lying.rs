//! Servers that break the protocol. The call fails, and the host works on.

use futures::future::join_all;
use serde_json::json;
use toril_tests::postgres::{Lie, LyingServer};
use toril_tests::{RedisServer, Toril};

use crate::peak;

/// Much less than what the lies announce or send.
const MEMORY_KIB: u64 = 400_000;

#[tokio::test]
async fn lying_servers_cost_a_job_its_call_and_the_host_neither_memory_nor_time() {
    let redis = RedisServer::start().await;
    let servers = join_all(Lie::ALL.map(LyingServer::start)).await;
    let mut config =
        "[queues.work]\nplugin = \"postgres\"\nconcurrency = 20\n[queues.others]\nplugin = \"basics\"\n".to_owned();
    let mut toril = Toril::new().redis(redis.url()).plugin("postgres").plugin("basics");
    for (lie, server) in Lie::ALL.iter().zip(&servers) {
        let pool = format!("{lie:?}").to_lowercase();
        config += &format!(
            "[plugins.postgres.postgres.{pool}]\nurl = \"env:{pool}\"\nconnections = 1\nconnect_timeout = \"1s\"\n\
             statement_timeout = \"1s\"\nmax_bytes = \"1MiB\"\n"
        );
        toril = toril.env(pool, server.url());
    }
    let mut toril = toril.config(config).spawn_run();
    toril.wait_ready().await;

    for _ in 0..2 {
        join_all(Lie::ALL.map(|lie| check(&toril, lie))).await;
    }

    let echo = ["add", "others", "echo", "--data", "{\"n\":1}", "--wait"];
    assert_eq!(toril.cli(echo).await.succeeded().json(), json!({ "n": 1 }));
    let peak = peak(&mut toril);
    assert!(peak < MEMORY_KIB, "the host has used {peak} KiB of memory");
}

/// Runs a job that is lied to.
async fn check(toril: &Toril, lie: Lie) {
    let data = json!({ "pool": format!("{lie:?}").to_lowercase(), "sql": "SELECT 1" }).to_string();
    let error = toril.cli(["add", "work", "query", "--data", &data, "--wait"]).await.exited(1).stderr;
    let kinds = ["unavailable: ", "too-large: ", "timeout: ", "invalid: "];
    assert!(kinds.iter().any(|kind| error.contains(kind)), "{lie:?}: {error}");
    assert!(!error.contains("trapped"), "{lie:?}: {error}");
}
