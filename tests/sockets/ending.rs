//! Connections end with their attempt.

use serde_json::json;
use toril_tests::wait::LONG;
use toril_tests::{Talk, TcpServer};

use crate::Case;

/// A job that waits for an answer that never comes.
fn waits(server: &TcpServer) -> serde_json::Value {
    json!({ "server": server.address(), "steps": [{ "send": "?" }, "line"] })
}

#[tokio::test]
async fn the_end_of_an_attempts_time_closes_its_connection() {
    let server = TcpServer::start(Talk::Silent).await;
    let case = Case::with("timeout = \"1s\"", &format!("tcp = [{:?}]", server.address())).await;

    let reason = case.failure("talk", waits(&server)).await;

    assert!(reason.contains("timeout"), "{reason}");
    server.wait_for_open(0).await;
}

#[tokio::test]
async fn cancelling_a_job_closes_its_connection() {
    let server = TcpServer::start(Talk::Silent).await;
    let case = Case::open(&format!("tcp = [{:?}]", server.address())).await;
    let id = case.start("talk", waits(&server)).await;
    server.wait_for_open(1).await;

    case.toril.cli(["cancel", "work", &id]).await.succeeded();

    assert_eq!(case.ended(&id).await["state"], "failed");
    server.wait_for_open(0).await;
}

#[tokio::test]
async fn a_forced_shutdown_closes_connections() {
    let server = TcpServer::start(Talk::Silent).await;
    let mut case = Case::open(&format!("tcp = [{:?}]", server.address())).await;
    case.start("talk", waits(&server)).await;
    server.wait_for_open(1).await;

    case.toril.terminate();
    case.toril.wait_for_log("shutting down", LONG).await;
    case.toril.terminate();

    assert_eq!(case.toril.wait_exit(LONG).await.code(), Some(3));
    server.wait_for_open(0).await;
}

#[tokio::test]
async fn a_connection_that_a_job_keeps_is_closed_for_the_next_job_of_the_instance() {
    let server = TcpServer::start(Talk::Echo).await;
    let entry = format!("tcp = [{:?}]\nisolation = \"reuse\"", server.address());
    let case = Case::with("concurrency = 1", &entry).await;

    assert_eq!(case.run("keep", json!({ "server": server.address() })).await, "kept");
    server.wait_for_open(0).await;

    let kept = case.run("kept", json!(null)).await;
    assert_eq!(kept["read"], json!({ "Ok": 0 }), "{kept}");
    assert!(kept["written"].as_str().unwrap_or_default().contains("closed"), "{kept}");
    // The next job can connect as usual.
    assert_eq!(case.run("keep", json!({ "server": server.address() })).await, "kept");
}

#[tokio::test]
async fn a_timeout_of_the_plugin_ends_a_read() {
    let server = TcpServer::start(Talk::Silent).await;
    let case = Case::open(&format!("tcp = [{:?}]", server.address())).await;

    let data = json!({ "server": server.address(), "timeout_ms": 200, "steps": ["line"] });
    let reason = case.failure("talk", data).await;

    assert!(reason.contains("did not answer in time"), "{reason}");
}

#[tokio::test]
async fn a_server_that_refuses_or_resets_is_an_error_that_says_so() {
    let server = TcpServer::start(Talk::Reset).await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("it listens").local_addr().expect("one");
    let case = Case::open(&format!("tcp = [{:?}, \"{closed}\"]", server.address())).await;

    let refused = case.talk_failure(&closed.to_string(), json!([])).await;
    let reset = case.talk_failure(&server.address(), json!([{ "send": "hello" }, "rest"])).await;

    assert!(refused.contains("it refused the connection"), "{refused}");
    assert!(reset.contains("broke"), "{reset}");
}
