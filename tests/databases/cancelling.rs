//! Statements that nobody waits for any more are cancelled on the server.

use serde_json::json;
use toril_tests::wait::{LONG, wait_until};

use crate::{Case, ENDLESS, running};

const WORDS: &str = "generate_series(1, 10000) c";

async fn wait_for_none(case: &Case) {
    wait_until("the statement to end on the server", LONG, async || running(&case.server, WORDS).await == 0).await;
}

#[tokio::test]
async fn an_endless_statement_is_cancelled_after_statement_timeout_and_the_session_works_on() {
    let case = Case::open("connections = 1\nstatement_timeout = \"500ms\"\n").await;

    let seen = case.session(&["SELECT pg_backend_pid()", ENDLESS, "SELECT pg_backend_pid()"]).await;

    assert_eq!(seen[1]["error"]["kind"], "timeout", "{seen:?}");
    assert_eq!(seen[0]["rows"], seen[2]["rows"], "{seen:?}");
    assert_eq!(running(&case.server, WORDS).await, 0);
}

#[tokio::test]
async fn the_end_of_an_attempts_time_cancels_its_statement() {
    let pool = "connections = 1\nstatement_timeout = \"1h\"\n";
    let server = toril_tests::PostgresServer::start().await;
    let case = Case::with(server, "timeout = \"2s\"", pool).await;

    case.failure("query", json!({ "sql": ENDLESS })).await;

    wait_for_none(&case).await;
    assert_eq!(case.value("SELECT 1").await, "1");
}

#[tokio::test]
async fn cancelling_a_job_cancels_its_statement() {
    let case = Case::open("connections = 1\nstatement_timeout = \"1h\"\n").await;
    let id = case.start("query", json!({ "sql": ENDLESS })).await;
    case.wait_for_running(WORDS, 1).await;

    case.toril.cli(["cancel", "work", &id]).await.succeeded();

    assert_eq!(case.ended(&id).await["state"], "failed");
    wait_for_none(&case).await;
    assert_eq!(case.value("SELECT 1").await, "1");
}

#[tokio::test]
async fn a_forced_shutdown_cancels_the_statements_of_its_attempts() {
    let mut case = Case::open("connections = 10\nstatement_timeout = \"1h\"\n").await;
    for _ in 0..10 {
        case.start("query", json!({ "sql": ENDLESS })).await;
    }
    case.wait_for_running(WORDS, 10).await;

    case.toril.terminate();
    case.toril.wait_for_log("shutting down", LONG).await;
    case.toril.terminate();

    assert_eq!(case.toril.wait_exit(LONG).await.code(), Some(3));
    assert_eq!(running(&case.server, WORDS).await, 0);
}

#[tokio::test]
async fn dropping_a_call_cancels_its_statement_and_not_the_next_one() {
    let case = Case::open("connections = 1\nstatement_timeout = \"1h\"\n").await;

    for _ in 0..5 {
        let next = case.run("abandon", json!({ "sql": ENDLESS, "after_ms": 50 })).await["next"].clone();
        assert_eq!(next["rows"], json!([["1"]]), "{next}");
    }

    assert_eq!(running(&case.server, WORDS).await, 0);
    assert_eq!(case.value("SELECT 1").await, "1");
}

#[tokio::test]
async fn a_statement_that_waits_for_a_lock_is_cancelled_like_another() {
    let case = Case::open("connections = 2\nstatement_timeout = \"500ms\"\n").await;
    let mut holder = case.server.session().await;
    holder.sql("CREATE TABLE kept (n int); GRANT ALL ON kept TO app").await;
    holder.sql("BEGIN; LOCK TABLE kept").await;

    let error = case.failure("query", json!({ "sql": "INSERT INTO kept VALUES (1)" })).await;

    assert!(error.contains("timeout") || error.contains("statement_timeout"), "{error}");
    holder.sql("COMMIT").await;
    assert_eq!(case.value("SELECT count(*) FROM kept").await, "0");
}

#[tokio::test]
async fn a_server_that_stands_still_costs_a_job_its_time_limit_and_no_other_jobs() {
    let mut case = Case::open("connections = 2\nconnect_timeout = \"1s\"\nstatement_timeout = \"1s\"\n").await;
    case.value("SELECT 1").await;
    case.server.pause();

    let error = case.failure("query", json!({ "sql": "SELECT 2" })).await;

    assert!(error.contains("timeout") || error.contains("unavailable"), "{error}");
    case.server.resume();
    wait_until("the pool to recover", LONG, async || {
        let add = ["add", "work", "query", "--data", "{\"sql\":\"SELECT 3\"}", "--wait"];
        case.toril.cli(add).await.code == Some(0)
    })
    .await;
}
