//! Plugins that misuse PostgreSQL. The plugin is the guest `postgres`, which does what its job says, and the next job of
//! the same pool must find nothing of it.

use serde_json::{Value, json};
use toril_tests::postgres::{Lie, LyingServer};
use toril_tests::toril::component;
use toril_tests::{PostgresServer, Toril, wait_until};

use crate::case::Case;
use crate::ring::Ring;

/// Computes for ever, without memory and disk.
const ENDLESS: &str =
    "SELECT count(*) FROM generate_series(1, 10000) a, generate_series(1, 10000) b, generate_series(1, 10000) c";

/// For a statement whose other limits are tested: a busy server may take more than the default of 5 s for it.
const PATIENT: &str = "statement_timeout = \"1h\"";

/// The plugin with a pool `main` of one connection, and these additional lines of the pool.
async fn open(pool: &str) -> (Ring, PostgresServer) {
    let server = PostgresServer::start().await;
    let ring = open_at(&server.url(), pool).await;
    (ring, server)
}

async fn open_at(url: &str, pool: &str) -> Ring {
    let entry = format!("[plugins.hostile.postgres.main]\nurl = \"env:DATABASE_URL\"\nconnections = 1\n{pool}");
    Ring::with(&component("postgres"), &entry, |toril| toril.env("DATABASE_URL", url)).await
}

/// The result of a job that completes.
async fn result(ring: &mut Ring, name: &str, data: Value) -> Value {
    let job = ring.job(name, data).await;
    assert_eq!(job["state"], "completed", "{job}");
    job["returnvalue"].clone()
}

/// The only value of a query.
async fn value(ring: &mut Ring, sql: &str) -> String {
    let answer = result(ring, "query", json!({ "sql": sql })).await;
    answer["rows"][0][0].as_str().unwrap_or_default().to_owned()
}

pub async fn another_plugins_pool(case: &Case) {
    let server = PostgresServer::start().await;
    let entry = "[plugins.basics.postgres.ledger]\nurl = \"env:DATABASE_URL\"";
    let bytes = component("postgres");
    let mut ring = Ring::with(&bytes, entry, |toril| toril.env("DATABASE_URL", server.url())).await;
    case.was_seen(&ring.failure("query", json!({ "pool": "ledger", "sql": "SELECT 1" })).await);
    assert_eq!(server.clients().await, 0);
    ring.assert_unaffected().await;
}

pub async fn an_open_transaction(case: &Case) {
    let (mut ring, server) = open("").await;
    server.sql("CREATE TABLE kept (n int); GRANT ALL ON kept TO app").await;
    for end in ["leave", "trap"] {
        ring.job("run", json!({ "steps": ["LOCK TABLE kept", "INSERT INTO kept VALUES (1)"], "end": end })).await;
        case.was_seen(&value(&mut ring, "SELECT count(*) || ' rows' FROM kept").await);
    }
    // The lock is gone, too.
    server.sql("DROP TABLE kept").await;
    ring.assert_unaffected().await;
}

/// Leaves these things in the session, and returns what the next job sees there.
async fn left(ring: &mut Ring, steps: &[&str], seen: &str) -> String {
    let process = value(ring, "SELECT pg_backend_pid()").await;
    let left = result(ring, "session", json!({ "steps": steps })).await;
    assert!(!left.to_string().contains("\"error\""), "{left}");
    let seen = value(ring, seen).await;
    assert_eq!(value(ring, "SELECT pg_backend_pid()").await, process, "another session shows nothing");
    seen
}

pub async fn another_role(case: &Case) {
    let (mut ring, _server) = open("").await;
    let steps =
        ["SET ROLE other_role", "SET search_path = elsewhere", "SELECT set_config('app.tenant', 'mine', false)"];
    let seen =
        "SELECT concat_ws(', ', current_user, current_setting('search_path'), current_setting('app.tenant', true))";
    case.was_seen(&left(&mut ring, &steps, seen).await);
    ring.assert_unaffected().await;
}

pub async fn locks_and_tables(case: &Case) {
    let (mut ring, server) = open("").await;
    let steps = [
        "SELECT pg_advisory_lock(1)",
        "CREATE TEMPORARY TABLE orders AS SELECT 1 AS n",
        "PREPARE pay AS SELECT 1",
        "LISTEN orders",
        "DECLARE held CURSOR WITH HOLD FOR SELECT 1",
    ];
    let seen = "SELECT concat_ws(' ', (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'), \
                coalesce(to_regclass('pg_temp.orders')::text, 'none'), \
                (SELECT count(*) FROM pg_prepared_statements WHERE from_sql), \
                (SELECT count(*) FROM pg_listening_channels()), (SELECT count(*) FROM pg_cursors WHERE is_holdable))";
    case.was_seen(&left(&mut ring, &steps, seen).await);
    assert_eq!(server.value("SELECT pg_try_advisory_lock(1)").await, "t");
    ring.assert_unaffected().await;
}

pub async fn several_statements(case: &Case) {
    let (mut ring, server) = open("").await;
    server.sql("CREATE TABLE kept (n int); GRANT ALL ON kept TO app; INSERT INTO kept VALUES (1)").await;
    case.was_seen(&ring.failure("query", json!({ "sql": "SELECT 1; DELETE FROM kept" })).await);
    assert_eq!(server.number("SELECT count(*) FROM kept").await, 1);
    ring.assert_unaffected().await;
}

pub async fn copying(case: &Case) {
    let (mut ring, server) = open("").await;
    server.sql("CREATE TABLE kept (n int); GRANT ALL ON kept TO app").await;
    for copy in ["COPY kept TO STDOUT", "COPY kept FROM STDIN"] {
        case.was_seen(&ring.failure("query", json!({ "sql": copy })).await);
    }
    for copy in ["COPY kept FROM PROGRAM 'true'", "COPY kept TO '/tmp/kept'"] {
        let error = ring.failure("query", json!({ "sql": copy })).await;
        assert!(error.contains("permission denied"), "{error}");
    }
    ring.assert_unaffected().await;
}

pub async fn a_huge_row(case: &Case) {
    let (mut ring, _server) = open(PATIENT).await;
    case.was_seen(&ring.failure("query", json!({ "sql": "SELECT repeat('x', 200000000)" })).await);
    ring.assert_unaffected().await;
    let server = LyingServer::start(Lie::HugeRow).await;
    let mut ring = open_at(&server.url(), PATIENT).await;
    case.was_seen(&ring.failure("query", json!({ "sql": "SELECT 1" })).await);
    ring.assert_unaffected().await;
}

pub async fn many_rows(case: &Case) {
    let (mut ring, _server) = open(PATIENT).await;
    case.was_seen(&ring.failure("query", json!({ "sql": "SELECT generate_series(1, 10000000)" })).await);
    ring.assert_unaffected().await;
}

pub async fn an_endless_statement(case: &Case) {
    let (mut ring, server) = open("statement_timeout = \"1s\"").await;
    case.was_seen(&ring.failure("query", json!({ "sql": ENDLESS })).await);
    let active = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND state = 'active'";
    assert_eq!(server.number(active).await, 0);
    ring.assert_unaffected().await;
}

pub async fn an_endless_statement_of_an_attempt_that_ends(case: &Case) {
    let server = PostgresServer::start().await;
    let entry =
        "timeout = \"1s\"\n[plugins.hostile.postgres.main]\nurl = \"env:DATABASE_URL\"\nstatement_timeout = \"1h\"";
    let bytes = component("postgres");
    let mut ring = Ring::with(&bytes, entry, |toril| toril.env("DATABASE_URL", server.url())).await;
    case.was_seen(&ring.failure("query", json!({ "sql": ENDLESS })).await);
    let active = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND state = 'active'";
    wait_until("the statement to end", toril_tests::wait::LONG, async || server.number(active).await == 0).await;
    ring.assert_unaffected().await;
}

pub async fn all_connections(case: &Case) {
    let (mut ring, server) = open("connect_timeout = \"2s\"").await;
    case.was_seen(&ring.failure("parallel", json!({ "sql": "SELECT 1", "connections": 100, "times": 1 })).await);
    // Two of them, where the pool has one: the second one waits in vain, and the plugin may do something else.
    let two = result(&mut ring, "parallel", json!({ "sql": "SELECT 1", "connections": 2, "times": 1 })).await;
    assert_eq!(two, json!({ "completed": 1, "errors": { "unavailable": 1 } }));
    assert!(server.clients().await <= 1);
    ring.assert_unaffected().await;
}

pub async fn writing_to_a_read_only_pool(case: &Case) {
    let (mut ring, server) = open("read_only = true").await;
    server.sql("CREATE TABLE kept (n int); GRANT ALL ON kept TO app").await;
    case.was_seen(&ring.failure("query", json!({ "sql": "INSERT INTO kept VALUES (1)" })).await);
    for way in ["SET default_transaction_read_only = off", "BEGIN READ WRITE", "SET TRANSACTION READ WRITE"] {
        ring.job("session", json!({ "steps": [way, "INSERT INTO kept VALUES (1)", "COMMIT"] })).await;
    }
    assert_eq!(server.number("SELECT count(*) FROM kept").await, 0);
    ring.assert_unaffected().await;
}

pub async fn lying_servers(case: &Case) {
    let lies = [Lie::EndlessRows, Lie::EndlessNotices, Lie::EndlessSettings, Lie::NegativeLength, Lie::EndlessScram];
    let (mut servers, mut entry) = (Vec::new(), String::new());
    for (number, lie) in lies.into_iter().enumerate() {
        let limits = "connect_timeout = \"1s\"\nstatement_timeout = \"1s\"";
        entry += &format!("[plugins.hostile.postgres.lie{number}]\nurl = \"env:URL{number}\"\n{limits}\n");
        servers.push(LyingServer::start(lie).await);
    }
    let with_urls = |toril: Toril| {
        servers
            .iter()
            .enumerate()
            .fold(toril, |toril, (number, server)| toril.env(format!("URL{number}"), server.url()))
    };
    let mut ring = Ring::with(&component("postgres"), &entry, with_urls).await;
    for (number, lie) in lies.iter().enumerate() {
        let reason = ring.failure("query", json!({ "pool": format!("lie{number}"), "sql": "SELECT 1" })).await;
        let kinds = ["unavailable", "too-large", "timeout"];
        assert!(kinds.iter().any(|kind| reason.starts_with(kind)), "{lie:?}: {reason}");
    }
    ring.assert_unaffected().await;
    case.was_seen("the call fails, and jobs of the other queue complete");
}
