//! Pools: who may use which, how many connections there are, and what the metrics say.

use serde_json::json;
use toril_tests::postgres::PASSWORD;
use toril_tests::wait::{LONG, wait_until};
use toril_tests::{PostgresServer, RedisServer, Toril, http};

use crate::{Case, config};

#[tokio::test]
async fn a_plugin_uses_its_own_pools_only_and_the_denial_names_the_line_to_add() {
    let (redis, server) = (RedisServer::start().await, PostgresServer::start().await);
    server.sql("CREATE ROLE ledger LOGIN PASSWORD 'of-the-ledger'").await;
    let other = "[queues.other]\nplugin = \"other\"\n[plugins.other.postgres.ledger]\nurl = \"env:LEDGER_URL\"\n";
    let ledger = server.url().replace(&format!("app:{PASSWORD}@"), "ledger:of-the-ledger@");
    let mut toril = Toril::new().redis(redis.url()).plugin("postgres").plugin_as("postgres", "other");
    toril = toril.env("DATABASE_URL", server.url()).env("LEDGER_URL", ledger);
    toril = toril.config(config("", "") + other).spawn_run();
    toril.wait_ready().await;
    let user = async |queue: &str, pool: &str| {
        let data = json!({ "pool": pool, "sql": "SELECT current_user" }).to_string();
        toril.cli(["add", queue, "query", "--data", &data, "--wait"]).await
    };

    assert_eq!(user("work", "main").await.succeeded().json()["rows"], json!([["app"]]));
    assert_eq!(user("other", "ledger").await.succeeded().json()["rows"], json!([["ledger"]]));

    let denied = user("work", "ledger").await.exited(1).stderr;
    assert!(denied.contains("[plugins.postgres.postgres.ledger]"), "{denied}");
    let denied = user("other", "main").await.exited(1).stderr;
    assert!(denied.contains("[plugins.other.postgres.main]"), "{denied}");
}

#[tokio::test]
async fn attempts_share_the_connections_of_the_pool_and_all_get_their_turn() {
    let case = Case::open("connections = 3\n").await;
    case.server.sql("CREATE TABLE seen (n bigint); GRANT ALL ON seen TO app").await;
    // Each job notes how many connections there are.
    let note = "INSERT INTO seen SELECT count(*) FROM pg_stat_activity, pg_sleep(0.01) WHERE usename = 'app'";

    case.start_many("query", &json!({ "sql": note }), 100).await;

    wait_until("all jobs to complete", LONG, async || case.finished().await == (100, 0)).await;
    assert_eq!(
        case.server.sql("SELECT count(*)::text, max(n)::text FROM seen").await,
        [["100", "3"].map(|text| Some(text.to_owned()))]
    );
    assert_eq!(case.server.clients().await, 3);
}

#[tokio::test]
async fn every_type_of_the_sdk_survives_a_round_trip() {
    let case = Case::open("").await;
    case.run("types", json!({})).await;
}

#[tokio::test]
async fn metrics_have_the_plugin_and_the_pool_and_neither_they_nor_the_log_have_a_statement_or_a_password() {
    let case = Case::open("statement_timeout = \"200ms\"\n").await;
    case.value("SELECT 'secret-word-1'").await;
    case.failure("query", json!({ "sql": "SELECT 1/0 AS \"secret-word-2\"" })).await;
    case.failure("query", json!({ "sql": "SELECT pg_sleep(60), 'secret-word-3'" })).await;

    let page = http::get(&case.toril.url("/metrics")).await.expect("an answer").body;

    let line = |beginning: &str, labels: &[&str]| {
        let fits = |line: &&str| line.starts_with(beginning) && labels.iter().all(|label| line.contains(label));
        page.lines().find(fits).unwrap_or_else(|| panic!("no {beginning} with {labels:?} in:\n{page}")).to_owned()
    };
    let pool = ["plugin=\"postgres\"", "pool=\"main\""];
    for result in ["completed", "database", "timeout"] {
        let labels = [pool[0], pool[1], &format!("result=\"{result}\"")];
        assert!(line("postgres_statements_total", &labels).ends_with(" 1"), "{page}");
    }
    line("postgres_statement_seconds_bucket", &pool);
    line("postgres_wait_seconds_bucket", &pool);
    for text in [page, case.toril.logs()] {
        for secret in ["secret-word", PASSWORD] {
            assert!(!text.contains(secret), "{secret} in:\n{text}");
        }
    }
}

#[tokio::test]
async fn a_wrong_password_is_unavailable_and_no_error_contains_it() {
    let server = PostgresServer::start().await;
    let url = server.url().replace(PASSWORD, "not-the-password");
    let mut case = Case::at(server, &url, "", "").await;

    let error = case.failure("query", json!({ "sql": "SELECT 1" })).await;

    assert!(error.contains("unavailable") && error.contains("SQLSTATE 28P01"), "{error}");
    // The name of the role is not for the plugin.
    let log = case.toril.wait_for_log("password authentication failed", LONG).await;
    assert!(log.contains("main") && !error.contains("password authentication failed"), "{log}");
    let pages = [http::get(&case.toril.url("/plugins/postgres")).await.expect("an answer").body, case.toril.logs()];
    assert!(pages.iter().chain([&error]).all(|text| !text.contains("not-the-password")));
}
