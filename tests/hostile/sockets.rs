//! Plugins that misuse TCP connections. The plugin is the guest `sockets`, which does what its job says.

use serde_json::{Value, json};
use toril_tests::certificates::Certificates;
use toril_tests::{Talk, TcpServer};

use crate::case::Case;
use crate::ring::Ring;

/// The plugin with these lines of its entry.
async fn open(entry: &str) -> Ring {
    open_with("", entry).await
}

/// The plugin with these lines of its queue and of its entry.
async fn open_with(queue: &str, entry: &str) -> Ring {
    Ring::open("sockets", &format!("{queue}\n[plugins.hostile]\n{entry}")).await
}

fn granted(server: &TcpServer) -> String {
    format!("tcp = [{:?}]", server.address())
}

fn talk(server: &str, steps: Value) -> Value {
    json!({ "server": server, "steps": steps })
}

/// The result of a job that completes.
async fn result(ring: &mut Ring, name: &str, data: Value) -> Value {
    let job = ring.job(name, data).await;
    assert_eq!(job["state"], "completed", "{job}");
    job["returnvalue"].clone()
}

pub async fn another_server(case: &Case) {
    let (server, other) = (TcpServer::start(Talk::Echo).await, TcpServer::start(Talk::Echo).await);
    let mut ring = open(&granted(&server)).await;
    case.was_seen(&ring.failure("talk", talk(&other.at("localhost"), json!([]))).await);
    assert_eq!(other.accepted(), 0);
    ring.assert_unaffected().await;
}

pub async fn another_port(case: &Case) {
    let (server, other) = (TcpServer::start(Talk::Echo).await, TcpServer::start(Talk::Echo).await);
    let mut ring = open(&format!("tcp = [{:?}]", server.at("localhost"))).await;
    case.was_seen(&ring.failure("talk", talk(&other.at("localhost"), json!([]))).await);
    assert_eq!(other.accepted(), 0);
    ring.assert_unaffected().await;
}

/// As in `network.rs`, the machine's own name stands for one whose owner points it inside.
pub async fn a_name_that_leads_inside(case: &Case) {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("the machine has a name");
    let server = TcpServer::start(Talk::Echo).await;
    let target = server.at(&name.trim().to_lowercase());
    let mut ring = open(&format!("tcp = [{target:?}]")).await;
    case.was_seen(&ring.failure("talk", talk(&target, json!([]))).await);
    assert_eq!(server.accepted(), 0);
    ring.assert_unaffected().await;
}

pub async fn another_address(case: &Case) {
    let server = TcpServer::start(Talk::Echo).await;
    let mut ring = open(&format!("tcp = [{:?}]", server.at("localhost"))).await;
    let port = server.port();
    let hosts = [
        "169.254.169.254",
        "168.63.129.16",
        "100.100.100.200",
        "[fd00:ec2::254]",
        "[::ffff:169.254.169.254]",
        "127.0.0.2",
        "0.0.0.0",
        "[::]",
        "[::ffff:127.0.0.2]",
        "10.0.0.1",
    ];
    let connect = |host: &&str| json!({ "connect": { "address": format!("{host}:{port}"), "look_up": ["localhost"] } });
    let calls: Vec<_> = hosts.iter().map(connect).collect();
    let results = result(&mut ring, "wasi", json!(calls)).await;
    let denied = results.as_array().into_iter().flatten().filter(|result| **result == "access-denied").count();
    case.was_seen(&format!("{denied} addresses, all of them access-denied"));
    assert_eq!(server.accepted(), 0);
    ring.assert_unaffected().await;
}

pub async fn listening_and_udp(case: &Case) {
    let mut ring = open("tcp = [\"127.0.0.1:9\"]").await;
    let results = result(&mut ring, "wasi", json!(["listen", { "bind": "127.0.0.1:0" }, "udp"])).await;
    let seen: Vec<_> = results.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    case.was_seen(&seen.join(" "));
    ring.assert_unaffected().await;
}

pub async fn many_at_once(case: &Case) {
    let server = TcpServer::start(Talk::Echo).await;
    let mut ring = open(&granted(&server)).await;
    let held = result(&mut ring, "hold", json!({ "server": server.address(), "connections": 100 })).await;
    case.was_seen(&format!("{} are open, then: {}", held["open"], held["error"].as_str().unwrap_or_default()));
    server.wait_for_open(0).await;
    ring.assert_unaffected().await;
}

pub async fn many_in_sequence(case: &Case) {
    let server = TcpServer::start(Talk::Echo).await;
    let mut ring = open_with("timeout = \"10m\"", &granted(&server)).await;
    let opened = result(&mut ring, "flood", json!({ "server": server.address(), "connections": 100_000 })).await;
    case.was_seen(&format!("{} were opened, then: {}", opened["opened"], opened["error"].as_str().unwrap_or_default()));
    ring.assert_unaffected().await;
}

pub async fn an_endless_stream(case: &Case) {
    let server = TcpServer::start(Talk::Endless).await;
    let mut ring = open_with("timeout = \"2s\"", &granted(&server)).await;
    case.was_seen(&ring.failure("drain", json!({ "server": server.address() })).await);
    server.wait_for_open(0).await;
    ring.assert_unaffected().await;
}

pub async fn a_server_that_takes_nothing(case: &Case) {
    let server = TcpServer::start(Talk::Silent).await;
    let mut ring = open_with("timeout = \"2s\"", &granted(&server)).await;
    case.was_seen(&ring.failure("pour", json!({ "server": server.address() })).await);
    ring.assert_unaffected().await;
}

pub async fn a_handshake_without_end(case: &Case) {
    let server = TcpServer::start(Talk::Silent).await;
    let mut ring = open(&format!("tls = [{:?}]", server.address())).await;
    case.was_seen(&ring.failure("talk", talk(&server.address(), json!(["line"]))).await);
    ring.assert_unaffected().await;
}

pub async fn a_wrong_certificate(case: &Case) {
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let mine = Certificates::create(folder.path()).expect("certificates");
    let theirs = Certificates::create(other.path()).expect("certificates");
    let server = TcpServer::start_tls(Talk::Echo, &mine).await;
    let foreign = TcpServer::start_tls(Talk::Echo, &theirs).await;
    // The certificate is for 127.0.0.1 and localhost.
    let targets = [foreign.address(), server.at("127.0.0.2")];
    let mut ring = open(&format!("tls = {targets:?}\nca = {:?}", mine.ca)).await;
    for target in &targets {
        let job = ring.job("talk", talk(target, json!([{ "send": "a secret" }, "line"]))).await;
        assert_eq!(job["state"], "failed", "{job}");
        case.was_seen(&ring.log(&job).await[0]);
    }
    ring.assert_unaffected().await;
}

pub async fn plain_bytes_before_a_handshake(case: &Case) {
    let folder = tempfile::tempdir().expect("a folder");
    let certificates = Certificates::create(folder.path()).expect("certificates");
    let server = TcpServer::start_with(Talk::StartTlsWithMore, &certificates).await;
    let mut ring = open(&format!("{}\nca = {:?}", granted(&server), certificates.ca)).await;
    let steps = json!(["line", { "send": "STARTTLS\r\n" }, "line", "start-tls", "line"]);
    case.was_seen(&ring.failure("talk", talk(&server.address(), steps)).await);
    ring.assert_unaffected().await;
}

pub async fn a_connection_for_the_next_job(case: &Case) {
    let server = TcpServer::start(Talk::Echo).await;
    let mut ring = open(&format!("{}\nisolation = \"reuse\"", granted(&server))).await;
    result(&mut ring, "keep", json!({ "server": server.address() })).await;
    server.wait_for_open(0).await;
    let kept = result(&mut ring, "kept", json!(null)).await;
    case.was_seen(kept["written"].as_str().unwrap_or_default());
    ring.assert_unaffected().await;
}
