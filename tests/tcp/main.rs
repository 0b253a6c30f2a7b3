//! `node:net`, `node:tls`, and the clients of npm over them, unchanged, in plugins. Each case of `cases` gives the same
//! result in Node and in a plugin.

mod failures;
mod imports;
mod reuse;
mod servers;

use serde_json::json;

use servers::Servers;

/// Runs a case in Node and in a plugin.
async fn same_in_both(case: &str) {
    let servers = Servers::start().await;
    let expected = servers.in_node(case).await;
    let actual = servers.in_plugin(case, json!({})).await;
    let shown = |value: &serde_json::Value| serde_json::to_string_pretty(value).unwrap_or_default();
    assert_eq!(actual, expected, "the plugin's result\n{}\nand that of Node\n{}", shown(&actual), shown(&expected));
}

#[tokio::test]
async fn sockets_of_node_behave_in_a_plugin_as_in_node() {
    same_in_both("net").await;
}

#[tokio::test]
async fn ioredis_returns_in_a_plugin_what_it_returns_in_node() {
    same_in_both("ioredis").await;
}

#[tokio::test]
async fn nodemailer_sends_mail_from_a_plugin_with_starttls_and_over_tls() {
    same_in_both("nodemailer").await;
}

#[tokio::test]
async fn mysql2_returns_in_a_plugin_what_it_returns_in_node() {
    same_in_both("mysql2").await;
}

#[tokio::test]
async fn further_clients_return_in_a_plugin_what_they_return_in_node() {
    for case in ["redis", "mariadb", "mysql"] {
        same_in_both(case).await;
    }
}
