//! Encrypted connections: by the host, and by the guest with STARTTLS.

use serde_json::json;
use toril_tests::certificates::Certificates;
use toril_tests::{Talk, TcpServer};

use crate::Case;

struct Authority {
    certificates: Certificates,
    _folder: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { certificates: Certificates::create(folder.path()).expect("certificates"), _folder: folder }
    }

    fn line(&self) -> String {
        format!("ca = {:?}\n", self.certificates.ca)
    }
}

#[tokio::test]
async fn the_host_encrypts_and_the_guest_sees_plain_bytes() {
    let authority = Authority::new();
    let server = TcpServer::start_tls(Talk::Echo, &authority.certificates).await;
    let (name, address) = (server.at("localhost"), server.address());
    let case = Case::open(&format!("{}tls = [{name:?}, {address:?}]", authority.line())).await;

    for target in [&name, &address] {
        let steps = json!([{ "send": "one\n" }, "line", "end-writing", "rest"]);
        assert_eq!(case.talk(target, steps).await, json!(["one\n", ""]), "{target}");
    }
    let bytes = 5_000_000;
    assert_eq!(case.run("send", json!({ "server": name, "bytes": bytes })).await, bytes);
    server.wait_for_open(0).await;
}

#[tokio::test]
async fn a_certificate_for_another_host_or_of_another_authority_is_refused_and_the_log_says_why() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = TcpServer::start_tls(Talk::Echo, &authority.certificates).await;
    let foreign = TcpServer::start_tls(Talk::Echo, &other.certificates).await;
    // The certificate is for 127.0.0.1 and localhost.
    let (wrong_name, wrong_authority) = (server.at("127.0.0.2"), foreign.address());
    let case = Case::open(&format!("{}tls = [{wrong_name:?}, {wrong_authority:?}]", authority.line())).await;

    for (target, why) in [(&wrong_authority, "invalid peer certificate"), (&wrong_name, "not valid for name")] {
        let id = case.start("talk", json!({ "server": target, "steps": [{ "send": "secret" }] })).await;
        let job = case.ended(&id).await;
        let reason = job["failedReason"].as_str().unwrap_or_default();
        assert!(reason.contains("could not be encrypted"), "{reason}");
        let log = case.log(&id).await;
        assert!(log.contains("TLS handshake failed") && log.contains(why), "{log}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_refused() {
    let server = TcpServer::start(Talk::Greeting).await;
    let case = Case::open(&format!("tls = [{:?}]", server.address())).await;

    let reason = case.talk_failure(&server.address(), json!(["rest"])).await;

    assert!(reason.contains("could not be encrypted"), "{reason}");
}

#[tokio::test]
async fn a_guest_encrypts_a_plain_connection() {
    let authority = Authority::new();
    let server = TcpServer::start_with(Talk::StartTls, &authority.certificates).await;
    let target = server.at("localhost");
    let case = Case::open(&format!("{}tcp = [{target:?}]", authority.line())).await;

    let steps = json!(["line", { "send": "STARTTLS\r\n" }, "line", "start-tls", { "send": "x\n" }, "line", "end-writing", "rest"]);

    assert_eq!(case.talk(&target, steps).await, json!(["hello\n", "go\n", "x\n", ""]));
    server.wait_for_open(0).await;
}

#[tokio::test]
async fn a_handshake_that_fails_closes_the_connection() {
    let (authority, other) = (Authority::new(), Authority::new());
    let foreign = TcpServer::start_with(Talk::StartTls, &other.certificates).await;
    let injecting = TcpServer::start_with(Talk::StartTlsWithMore, &authority.certificates).await;
    let closing = TcpServer::start_with(Talk::StartTlsCloses, &authority.certificates).await;
    let servers = [foreign.address(), injecting.address(), closing.address()];
    let case = Case::open(&format!("{}tcp = {servers:?}", authority.line())).await;
    let steps = json!(["line", { "send": "STARTTLS\r\n" }, "line", { "sleep": 100 }, "start-tls", "line"]);

    for (server, why) in
        [(&foreign, "invalid peer certificate"), (&injecting, "before the handshake"), (&closing, "handshake")]
    {
        let reason = case.talk_failure(&server.address(), steps.clone()).await;
        assert!(reason.contains("could not be encrypted") && reason.contains(why), "{reason}");
        server.wait_for_open(0).await;
    }
}

/// So a client need not know which of the two lists has its server.
#[tokio::test]
async fn a_handshake_on_a_connection_that_the_host_encrypts_succeeds_at_once() {
    let authority = Authority::new();
    let server = TcpServer::start_tls(Talk::Echo, &authority.certificates).await;
    let case = Case::open(&format!("{}tls = [{:?}]", authority.line(), server.address())).await;

    let steps = json!(["start-tls", { "send": "x\n" }, "line", "start-tls", { "send": "y\n" }, "line"]);

    assert_eq!(case.talk(&server.address(), steps).await, json!(["x\n", "y\n"]));
}
