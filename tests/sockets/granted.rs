//! What a grant allows, and what it does not.

use serde_json::json;
use toril_tests::{Talk, TcpServer};

use crate::Case;

#[tokio::test]
async fn a_plugin_talks_to_a_granted_server() {
    let server = TcpServer::start(Talk::Echo).await;
    let case = Case::open(&format!("tcp = [{:?}]", server.address())).await;

    let steps = json!([{ "send": "one\ntwo\n" }, "line", "line", { "send": "rest" }, "flush", "end-writing", "rest"]);
    assert_eq!(case.talk(&server.address(), steps).await, json!(["one\n", "two\n", "rest"]));

    server.wait_for_open(0).await;
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn megabytes_go_both_ways_unchanged() {
    let server = TcpServer::start(Talk::Echo).await;
    let case = Case::open(&format!("tcp = [{:?}]", server.address())).await;

    let bytes = 20_000_000;
    assert_eq!(case.run("send", json!({ "server": server.address(), "bytes": bytes })).await, bytes);
}

#[tokio::test]
async fn a_server_that_is_not_granted_is_denied_with_the_line_to_add() {
    let server = TcpServer::start(Talk::Echo).await;
    let case = Case::with("attempts = 3", "").await;

    let id = case.start("talk", json!({ "server": server.at("localhost"), "steps": [] })).await;
    let job = case.ended(&id).await;

    let reason = job["failedReason"].as_str().unwrap_or_default();
    let denial = "plugin sockets may not connect to localhost: add `tcp = [\"localhost:PORT\"]` under [plugins.sockets] in the configuration to allow it, or `tls` if the host is to encrypt the connection";
    assert!(reason.contains(denial), "{reason}");
    assert!(case.log(&id).await.contains("may not connect to localhost"), "{job}");
    // Another attempt would be denied, too.
    assert_eq!(job["attemptsMade"], 1, "{job}");
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn another_port_of_a_granted_host_is_denied_with_that_port() {
    let (server, other) = (TcpServer::start(Talk::Echo).await, TcpServer::start(Talk::Echo).await);
    let case = Case::open(&format!("tcp = [{:?}]", server.at("localhost"))).await;

    let reason = case.talk_failure(&other.at("localhost"), json!([])).await;

    assert!(reason.contains(&format!("add `tcp = [\"{}\"]`", other.at("localhost"))), "{reason}");
    assert_eq!(other.accepted(), 0);
}

#[tokio::test]
async fn an_address_that_no_granted_name_led_to_is_denied() {
    let server = TcpServer::start(Talk::Echo).await;
    let case = Case::open(&format!("tcp = [{:?}]", server.at("localhost"))).await;
    let address = server.address();

    let without = case.wasi(json!({ "connect": { "address": address, "look_up": [] } })).await;
    let with = case.wasi(json!({ "connect": { "address": address, "look_up": ["localhost"] } })).await;

    // Each attempt begins without addresses.
    let again = case.wasi(json!({ "connect": { "address": address, "look_up": [] } })).await;
    let denied = "access-denied";
    assert_eq!((without.as_str(), with.as_str(), again.as_str()), (denied, "connected", denied));
}

#[tokio::test]
async fn listening_binding_and_udp_are_denied() {
    let server = TcpServer::start(Talk::Echo).await;
    let case = Case::open(&format!("tcp = [{:?}]", server.address())).await;

    for call in [json!("listen"), json!({ "bind": "127.0.0.1:0" }), json!({ "bind": "0.0.0.0:9" }), json!("udp")] {
        assert_eq!(case.wasi(call.clone()).await, "access-denied", "{call}");
    }
    // Clients may bind to any address before they connect.
    assert_eq!(case.wasi(json!({ "bind": "0.0.0.0:0" })).await, "bound");
}

#[tokio::test]
async fn a_version_that_describes_itself_reaches_no_server() {
    let server = TcpServer::start(Talk::Echo).await;
    let entry = format!("tcp = [{:?}]\nconfig = {{ describe = {:?} }}", server.address(), server.address());
    let case = Case::open(&entry).await;

    let shown = case.toril.cli(["plugin", "inspect", "plugins/sockets.wasm"]).await.stdout;

    assert!(!shown.contains("connected"), "{shown}");
    assert_eq!(server.accepted(), 0);
}
