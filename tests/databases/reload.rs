//! Pools over reloads of plugins and of the configuration.

use serde_json::json;
use toril_tests::toril::{component, variant};
use toril_tests::wait::{LONG, wait_until};

use crate::{Case, config};

const PROCESS: &str = "SELECT pg_backend_pid()";

#[tokio::test]
async fn a_new_version_of_a_plugin_and_other_changes_keep_its_pool() {
    let mut case = Case::open("connections = 1\n").await;
    let process = case.value(PROCESS).await;

    case.toril.replace_plugin("postgres", &variant(&component("postgres"), "newer"));
    case.toril.wait_for_log("plugin reloaded", LONG).await;
    assert_eq!(case.value(PROCESS).await, process);

    let text = config("timeout = \"17s\"", "connections = 1\n") + "[plugins.postgres]\nmemory = \"65MiB\"\n";
    case.toril.rewrite_config(text);
    case.toril.wait_for_log("configuration reloaded", LONG).await;
    assert_eq!(case.value(PROCESS).await, process);
}

#[tokio::test]
async fn a_changed_pool_replaces_the_old_one_which_closes_after_its_last_attempt() {
    let mut case = Case::open("connections = 1\nstatement_timeout = \"1h\"\n").await;
    case.server.sql("CREATE TABLE gate (n int); GRANT ALL ON gate TO app").await;
    let mut holder = case.server.session().await;
    holder.sql("BEGIN; LOCK TABLE gate").await;
    let old = case.start("query", json!({ "sql": "SELECT pg_backend_pid(), (SELECT count(*) FROM gate)" })).await;
    case.wait_for_running("FROM gate", 1).await;

    case.toril.rewrite_config(config("", "connections = 1\nstatement_timeout = \"59m\"\n"));
    case.toril.wait_for_log("configuration reloaded", LONG).await;
    // The old pool has one connection, which is busy.
    let new = case.value(PROCESS).await;
    assert_eq!(case.server.clients().await, 2);
    holder.sql("COMMIT").await;

    let job = case.ended(&old).await;
    assert_eq!(job["state"], "completed", "{job}");
    wait_until("the old pool to close", LONG, async || case.server.clients().await == 1).await;
    assert_eq!(case.value(PROCESS).await, new);
}

#[tokio::test]
async fn the_last_pool_closes_with_its_entry_and_the_end_of_the_host_closes_all() {
    let mut case = Case::open("").await;
    case.value("SELECT 1").await;
    case.toril.rewrite_config("[queues.work]\nplugin = \"postgres\"\n");
    case.toril.wait_for_log("configuration reloaded", LONG).await;
    wait_until("the pool to close", LONG, async || case.server.clients().await == 0).await;
    let denied = case.failure("query", json!({ "sql": "SELECT 1" })).await;
    assert!(denied.contains("[plugins.postgres.postgres.main]"), "{denied}");

    case.toril.rewrite_config(config("", ""));
    wait_until("the pool to work", LONG, async || {
        let add = ["add", "work", "query", "--data", "{\"sql\":\"SELECT 1\"}", "--wait"];
        case.toril.cli(add).await.code == Some(0)
    })
    .await;
    assert_eq!(case.toril.end().await, Some(0));
    wait_until("the connections to close", LONG, async || case.server.clients().await == 0).await;
}
