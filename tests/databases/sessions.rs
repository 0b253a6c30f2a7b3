//! What an attempt leaves in a session, and what the next one finds there.

use serde_json::{Value, json};
use toril_tests::{PostgresServer, RedisServer};

use crate::{Case, config, host};

const ONE: &str = "connections = 1\n";

/// Everything that a session can keep beyond a transaction.
const LEFT: [&str; 15] = [
    "SET ROLE other_role",
    "SET search_path = elsewhere",
    "SET statement_timeout = '1ms'",
    "SET default_transaction_read_only = on",
    "RESET statement_timeout",
    "SELECT set_config('app.tenant', 'one', false)",
    "SELECT pg_advisory_lock(42)",
    "RESET ROLE",
    "SET default_transaction_read_only = off",
    "CREATE TEMPORARY TABLE left_over AS SELECT 1 AS n",
    "CREATE TEMPORARY SEQUENCE numbers",
    "SELECT nextval('numbers')",
    "PREPARE left_statement AS SELECT 1",
    "LISTEN left_channel",
    "DECLARE left_cursor CURSOR WITH HOLD FOR SELECT 1",
];

/// What of it is there, in the order of [`CLEAN`].
const FOUND: [&str; 10] = [
    "SELECT current_user::text",
    "SELECT current_setting('search_path')",
    "SELECT coalesce(current_setting('app.tenant', true), '')",
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
    "SELECT coalesce(to_regclass('pg_temp.left_over')::text, '')",
    "SELECT coalesce(to_regclass('pg_temp.numbers')::text, '')",
    "SELECT count(*) FROM pg_prepared_statements WHERE from_sql",
    "SELECT count(*) FROM pg_listening_channels()",
    "SELECT count(*) FROM pg_cursors WHERE is_holdable",
    "SELECT current_setting('default_transaction_read_only') || current_setting('statement_timeout')",
];

async fn found(case: &Case) -> Vec<Value> {
    let answers = case.session(&FOUND).await;
    answers.iter().map(|answer| answer["rows"][0][0].clone()).collect()
}

#[tokio::test]
async fn nothing_of_a_session_is_left_for_the_next_pen() {
    let case = Case::open(ONE).await;
    let clean = found(&case).await;
    let process = case.value("SELECT pg_backend_pid()").await;
    let mut steps = LEFT.to_vec();
    steps.push("SET ROLE other_role");

    let left = case.session(&steps).await;

    assert!(left.iter().all(|answer| answer["error"].is_null()), "{left:?}");
    assert_eq!(found(&case).await, clean);
    assert_eq!((&clean[0], &clean[3]), (&json!("app"), &json!("0")), "{clean:?}");
    // Otherwise this test would show nothing.
    assert_eq!(case.value("SELECT pg_backend_pid()").await, process);
}

#[tokio::test]
async fn settings_of_an_attempt_do_not_stop_the_reset() {
    let case = Case::open(ONE).await;
    let process = case.value("SELECT pg_backend_pid()").await;
    for left in [
        "SET statement_timeout = 1",
        "SET default_transaction_read_only = on",
        "SET default_transaction_isolation = 'serializable'",
        "SET search_path = pg_temp, elsewhere",
        "SET standard_conforming_strings = off",
        "SET client_min_messages = debug5",
        "SET DateStyle = 'German'",
        "SET bytea_output = 'escape'",
        "BEGIN",
        "BEGIN; DECLARE c CURSOR FOR SELECT 1",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    ] {
        case.run("batch", json!({ "sql": left })).await;
        let seen = "SELECT concat_ws(' ', current_setting('statement_timeout'), current_setting('DateStyle'), \
                    current_setting('transaction_read_only'), current_setting('transaction_isolation'))";
        assert_eq!(case.value(seen).await, "0 ISO, MDY off read committed", "after {left}");
    }
    assert_eq!(case.value("SELECT pg_backend_pid()").await, process, "a session was closed instead of reset");
}

#[tokio::test]
async fn prepared_statements_are_kept_for_later_attempts_and_survive_what_a_plugin_does_to_them() {
    let case = Case::open(ONE).await;
    let prepared = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%of the cache%'";
    let again = "SELECT 'of the cache'";
    case.value(again).await;
    assert_eq!(case.value(prepared).await, "2");

    for forgotten in ["DEALLOCATE ALL", "DISCARD ALL"] {
        case.run("batch", json!({ "sql": forgotten })).await;
        assert_eq!(case.value(again).await, "of the cache", "after {forgotten}");
        let within = case.session(&[again, forgotten, again, "BEGIN", again, "COMMIT"]).await;
        assert!(within.iter().all(|answer| answer["error"].is_null()), "{forgotten}: {within:?}");
    }
}

#[tokio::test]
async fn a_statement_works_on_after_its_table_has_changed() {
    let case = Case::open(ONE).await;
    case.server
        .sql("CREATE TABLE changing (a int); INSERT INTO changing VALUES (1); GRANT ALL ON changing TO app")
        .await;
    let all = json!({ "sql": "SELECT * FROM changing" });
    assert_eq!(case.run("query", all.clone()).await["rows"], json!([["1"]]));

    case.server.sql("ALTER TABLE changing ADD b text DEFAULT 'x'").await;

    assert_eq!(case.run("query", all).await["rows"], json!([["1", "x"]]));
}

#[tokio::test]
async fn a_read_only_pool_refuses_to_write_also_after_attempts_to_leave_that_state() {
    let case = Case::open(&format!("{ONE}read_only = true\n")).await;
    case.server.sql("CREATE TABLE kept (n int); GRANT ALL ON kept TO app").await;
    let insert = "INSERT INTO kept VALUES (1)";

    assert!(case.failure("query", json!({ "sql": insert })).await.contains("read-only"));
    for way in [
        "SET default_transaction_read_only = off",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "RESET ALL",
        "BEGIN READ WRITE",
        "SET TRANSACTION READ WRITE",
        "SELECT set_config('transaction_read_only', 'off', false)",
    ] {
        let _ = case.session(&[way, insert]).await;
        let _ = case.run("session", json!({ "steps": ["BEGIN", way, insert, "COMMIT"] })).await;
    }

    assert_eq!(case.server.number("SELECT count(*) FROM kept").await, 0);
    assert_eq!(case.value("SELECT count(*) FROM kept").await, "0");
}

#[tokio::test]
async fn a_reused_pen_has_no_connection_of_an_earlier_attempt() {
    let (server, redis) = (PostgresServer::start().await, RedisServer::start().await);
    let reuse = "[plugins.postgres]\nisolation = \"reuse\"\n";
    let toril = host(&redis, &server.url(), &(config("concurrency = 1", ONE) + reuse)).await;
    let case = Case { toril, server, redis };

    case.run("keep", json!({ "sql": "BEGIN" })).await;
    let later = case.run("kept", json!({ "sql": "SELECT 1" })).await;

    assert!(!later["kept"]["error"].is_null(), "{later}");
    // The only connection of the pool is free.
    assert_eq!(later["fresh"]["rows"], json!([["1"]]), "{later}");
    assert_eq!(case.value("SELECT 1").await, "1");
}
