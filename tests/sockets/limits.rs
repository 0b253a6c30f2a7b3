//! The limits of an attempt and of a plugin.

use serde_json::json;
use toril_tests::{Talk, TcpServer};

use crate::Case;

#[tokio::test]
async fn an_attempt_has_sixteen_connections_at_the_same_time() {
    let server = TcpServer::start(Talk::Echo).await;
    let case = Case::open(&format!("tcp = [{:?}]", server.address())).await;

    let held = case.run("hold", json!({ "server": server.address(), "connections": 20 })).await;

    assert_eq!(held["open"], 16, "{held}");
    assert!(held["error"].as_str().unwrap_or_default().contains("too many connections"), "{held}");
    server.wait_for_open(0).await;
}

#[tokio::test]
async fn an_attempt_opens_a_thousand_connections_in_all() {
    let server = TcpServer::start(Talk::Echo).await;
    let case = Case::with("timeout = \"10m\"", &format!("tcp = [{:?}]", server.address())).await;

    let opened = case.run("flood", json!({ "server": server.address(), "connections": 1_100 })).await;

    assert_eq!(opened["opened"], 1_000, "{opened}");
    server.wait_for_accepted(1_000).await;
    assert_eq!(server.accepted(), 1_000);
}

#[tokio::test]
async fn attempts_wait_for_a_free_connection_of_their_plugin() {
    let server = TcpServer::start(Talk::Echo).await;
    let entry = format!("tcp = [{:?}]\ntcp_connections = 2", server.address());
    let case = Case::with("concurrency = 8", &entry).await;
    let held = json!({ "server": server.address(), "connections": 1, "for_ms": 100 });

    let mut ids = Vec::new();
    for _ in 0..8 {
        ids.push(case.start("hold", held.clone()).await);
    }
    for id in ids {
        let job = case.ended(&id).await;
        assert_eq!(job["returnvalue"], json!({ "open": 1, "error": null }), "{job}");
    }
    server.wait_for_accepted(8).await;
    assert_eq!(server.accepted(), 8);
}

#[tokio::test]
async fn the_log_of_an_attempt_that_wants_more_than_its_plugin_may_have_names_the_line_to_change() {
    let server = TcpServer::start(Talk::Echo).await;
    let case = Case::open(&format!("tcp = [{:?}]\ntcp_connections = 2", server.address())).await;

    let id = case.start("hold", json!({ "server": server.address(), "connections": 3 })).await;
    let job = case.ended(&id).await;

    assert_eq!(job["returnvalue"]["open"], 2, "{job}");
    let log = case.log(&id).await;
    assert!(log.contains("raise `tcp_connections` under [plugins.sockets]"), "{log}");
}

#[tokio::test]
async fn a_server_that_sends_without_end_costs_its_attempt_the_time_limit_and_the_host_no_memory() {
    let server = TcpServer::start(Talk::Endless).await;
    let mut case = Case::with("timeout = \"2s\"", &format!("tcp = [{:?}]", server.address())).await;
    let before = peak(&mut case);

    let reason = case.failure("drain", json!({ "server": server.address() })).await;

    assert!(reason.contains("timeout"), "{reason}");
    server.wait_for_open(0).await;
    let grown = peak(&mut case) - before;
    assert!(grown < 64 * 1024, "{grown} KiB more");
}

/// The peak of the memory that a host has used, in KiB.
fn peak(case: &mut Case) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", case.toril.pid())).expect("the host runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    peak.trim().trim_end_matches(" kB").parse().expect("a number of KiB")
}
