//! The server is restarted, killed, or replaced by its standby while jobs run. The host runs on, and no job is lost.

use std::time::Duration;

use serde_json::json;
use toril_tests::wait::{LONG, wait_until};
use toril_tests::{PostgresPair, PostgresServer, RedisServer, Toril};

use crate::{Case, config, host};

/// Jobs fail and are retried while the server is away.
const RETRIED: &str = "attempts = 1000\nbackoff = \"20ms\"";
const POOL: &str = "connections = 5\nconnect_timeout = \"2s\"\n";
const TABLE: &str = "CREATE TABLE pace (n int); GRANT ALL ON pace TO app";
/// A job that takes some milliseconds, so that each outage finds some of them running.
const INSERT: &str = "INSERT INTO pace SELECT 1 FROM pg_sleep(0.005)";
const JOBS: usize = 600;

#[tokio::test]
async fn the_pool_recovers_from_restarts_and_kills_of_the_server_under_load() {
    let mut case = Case::with(PostgresServer::start().await, RETRIED, POOL).await;
    case.server.sql(TABLE).await;
    case.start_many("query", &json!({ "sql": INSERT }), JOBS).await;

    for outage in 0..4 {
        let before = case.finished().await.0;
        wait_until("some jobs to complete", LONG, async || case.finished().await.0 >= (before + 50).min(JOBS)).await;
        assert!(case.finished().await.0 < JOBS, "the jobs had ended before outage {outage}");
        if outage % 2 == 0 {
            case.server.stop().await;
        } else {
            case.server.kill();
        }
        // As long as some attempts take to fail.
        tokio::time::sleep(Duration::from_millis(100)).await;
        case.server.restart().await;
    }

    wait_until("all jobs to complete", LONG, async || case.finished().await == (JOBS, 0)).await;
    // A lost answer to a commit repeats a job, and none is missing.
    assert!(case.server.number("SELECT count(*) FROM pace").await >= i64::try_from(JOBS).expect("a small number"));
    assert!(case.toril.is_running());
}

#[tokio::test]
async fn a_host_starts_without_its_server_and_calls_are_unavailable_until_it_is_there() {
    let mut server = PostgresServer::start().await;
    server.stop().await;
    let mut case = Case::with(server, "", POOL).await;

    let error = case.failure("query", json!({ "sql": "SELECT 1" })).await;

    assert!(error.contains("unavailable"), "{error}");
    case.server.restart().await;
    assert_eq!(case.value("SELECT 1").await, "1");
}

#[tokio::test]
async fn after_a_failover_the_pool_uses_the_promoted_standby() {
    let (redis, mut pair) = (RedisServer::start().await, PostgresPair::start().await);
    pair.primary.sql(TABLE).await;
    let mut toril: Toril = host(&redis, &pair.url(), &config(RETRIED, POOL)).await;
    let lines = format!("{}\n", json!({ "name": "query", "data": { "sql": INSERT } })).repeat(JOBS);
    toril.cli_with_input(["add", "work", "--bulk", "-"], lines).await.succeeded();
    let completed = async || {
        let mut connection = redis.connection().await;
        redis::cmd("ZCARD").arg("bull:work:completed").query_async::<usize>(&mut connection).await.expect("a number")
    };
    wait_until("some jobs to complete", LONG, async || completed().await >= 100).await;
    assert!(completed().await < JOBS, "the jobs had ended before the failover");

    pair.fail_over().await;

    wait_until("all jobs to complete", LONG, async || completed().await == JOBS).await;
    let rows = pair.standby.number("SELECT count(*) FROM pace").await;
    assert!(rows >= i64::try_from(JOBS).expect("a small number"), "{rows}");
    assert!(toril.is_running());
}
