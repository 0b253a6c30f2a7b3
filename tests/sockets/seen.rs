//! What operators and authors of plugins see of connections.

use serde_json::json;
use toril_tests::otlp::Collector;
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Talk, TcpServer, Toril, http, wait_until};

use crate::Case;

#[tokio::test]
async fn the_metrics_count_connections_and_bytes_by_server() {
    let server = TcpServer::start(Talk::Echo).await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("it listens").local_addr().expect("one");
    let case = Case::open(&format!("tcp = [{:?}, \"{closed}\"]", server.address())).await;

    case.talk(&server.address(), json!([{ "send": "four" }, "end-writing", "rest"])).await;
    case.talk_failure(&closed.to_string(), json!([])).await;

    let page = http::get(&case.toril.url("/metrics")).await.expect("an answer").body;
    let count = |name: &str, server: &str, label: &str| {
        let line = page.lines().find(|line| {
            line.starts_with(name) && line.contains(&format!("server=\"{server}\"")) && line.contains(label)
        });
        line.and_then(|line| line.rsplit(' ').next()).map(str::to_owned)
    };
    let open = server.address();
    assert_eq!(count("tcp_connections_total", &open, "result=\"opened\"").as_deref(), Some("1"), "{page}");
    assert_eq!(count("tcp_bytes_total", &open, "direction=\"sent\"").as_deref(), Some("4"), "{page}");
    assert_eq!(count("tcp_bytes_total", &open, "direction=\"received\"").as_deref(), Some("4"), "{page}");
    let closed = closed.to_string();
    assert_eq!(count("tcp_connections_total", &closed, "result=\"unreachable\"").as_deref(), Some("1"), "{page}");
}

#[tokio::test]
async fn a_connection_is_a_span_with_its_server_and_without_its_bytes() {
    let (redis, collector) = (RedisServer::start().await, Collector::start().await);
    let server = TcpServer::start(Talk::Echo).await;
    let config = format!("[queues.work]\nplugin = \"sockets\"\n[plugins.sockets]\ntcp = [{:?}]\n", server.address());
    let toril = Toril::new().redis(redis.url()).plugin("sockets").config(config);
    let mut toril = toril.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()).spawn_run();
    toril.wait_ready().await;

    let data = json!({ "server": server.address(), "steps": [{ "send": "hunter2\n" }, "line"] }).to_string();
    toril.cli(["add", "work", "talk", "--data", &data, "--wait"]).await.succeeded();

    let span = collector.span("connect").await;
    let said = ["server.address", "server.port"].map(|key| span.attribute(key).unwrap_or_default());
    assert_eq!(said, ["127.0.0.1", &server.port().to_string()]);
    assert!(!format!("{:?}", collector.spans()).contains("hunter2"));
}

#[tokio::test]
async fn the_dashboard_shows_the_granted_servers() {
    let case = Case::open("tcp = [\"cache.test:6379\"]\ntls = [\"smtp.test:465\"]").await;

    let page = http::get(&case.toril.url("/plugins")).await.expect("an answer").body;

    assert!(page.contains("cache.test:6379") && page.contains("smtp.test:465"), "{page}");
}

#[tokio::test]
async fn a_reload_grants_another_server_to_the_next_job() {
    let (first, second) = (TcpServer::start(Talk::Echo).await, TcpServer::start(Talk::Echo).await);
    let mut case = Case::open(&format!("tcp = [{:?}]", first.address())).await;
    case.talk_failure(&second.address(), json!([])).await;

    let entry = format!("[queues.work]\nplugin = \"sockets\"\n[plugins.sockets]\ntcp = [{:?}]\n", second.address());
    case.toril.rewrite_config(entry);
    case.toril.wait_for_log("configuration reloaded", LONG).await;

    case.talk(&second.address(), json!([])).await;
    case.talk_failure(&first.address(), json!([])).await;
}

#[tokio::test]
async fn a_job_can_be_tested_with_a_server_and_the_report_names_the_option() {
    let server = TcpServer::start(Talk::Echo).await;
    let toril = Toril::new().plugin("sockets");
    let file = toril.plugin_path("sockets").display().to_string();
    let data = json!({ "server": server.address(), "steps": [{ "send": "x\n" }, "line"] }).to_string();
    let test = ["plugin", "test", &file, "--name", "talk", "--data", &data];

    let denied = toril.cli_without_config(test).await.exited(1).stdout;
    let granted = toril.cli_without_config(test.into_iter().chain(["--tcp", &server.address()])).await;

    assert!(denied.contains("--tcp HOST:PORT or --tls HOST:PORT"), "{denied}");
    assert!(granted.succeeded().stdout.contains("\"x\\n\""));
    wait_until("the connection to be closed", LONG, async || server.open() == 0).await;
}
