//! What the HTTP server takes from clients that send slowly, send too much, or do not end: it stays there for others.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, http, node, wait_until};

const WORK: &str = "[queues.work]\nplugin = \"basics\"\n";
/// More connections than the server keeps open.
const FLOOD: usize = 700;

async fn host(redis: &RedisServer) -> Toril {
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(WORK).spawn_run();
    toril.wait_ready().await;
    toril
}

/// A connection on which this was sent.
async fn sent(toril: &Toril, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(toril.listen()).await.expect("a connection");
    stream.write_all(text.as_bytes()).await.expect("it is sent");
    stream
}

/// Reads until the server closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    // A connection that is reset is closed, too.
    let ended = timeout(LONG, stream.read_to_end(&mut read)).await;
    assert!(ended.is_ok(), "the connection stays open: {}", String::from_utf8_lossy(&read));
    String::from_utf8_lossy(&read).into_owned()
}

/// Reads until this is among what was read.
async fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut read = String::new();
    let mut part = [0; 4096];
    while !read.contains(wanted) {
        let length = timeout(LONG, stream.read(&mut part)).await;
        let length = length.unwrap_or_else(|_| panic!("no {wanted:?} in {read:?}")).expect("a connection");
        assert!(length > 0, "the connection ended without {wanted:?}: {read:?}");
        read += &String::from_utf8_lossy(&part[..length]);
    }
    read
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[tokio::test]
async fn a_flood_of_half_sent_requests_does_not_keep_health_checks_out() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    let mut first = sent(&toril, "GET / HTTP/1.1\r\nHost: localhost\r\n").await;
    let mut flood = Vec::new();
    for _ in 0..FLOOD {
        flood.push(sent(&toril, "GET / HTTP/1.1\r\nHost: localhost\r\n").await);
    }

    // The oldest one had to make room.
    assert_eq!(rest(&mut first).await, "");
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(http::get(&toril.url(path)).await.expect("an answer").status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_connection_that_sends_no_request_is_closed_and_an_event_stream_stays() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    let events = "GET /api/v1/queues/work/events?after=0-0 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut events = sent(&toril, events).await;
    read_until(&mut events, "\r\n\r\n").await;
    let mut idle = sent(&toril, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    read_until(&mut idle, "alive").await;
    let mut silent = sent(&toril, "").await;
    let mut half = sent(&toril, "GET / HTTP/1.1\r\nHost: local").await;

    for stream in [&mut idle, &mut silent, &mut half] {
        assert_eq!(rest(stream).await, "");
    }
    let jobs = json!([{ "name": "echo", "data": 1 }]);
    node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs })).await;
    read_until(&mut events, "\"event\":\"completed\"").await;
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_given_up() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    let head = "POST /api/v1/queues/work/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

    let mut slow = sent(&toril, &format!("{head}Content-Length: 100\r\n\r\n{{")).await;

    let answer = read_until(&mut slow, "}").await;
    assert_eq!(status(&answer), "408", "{answer}");
    assert!(answer.contains("body took longer than"), "{answer}");
}

#[tokio::test]
async fn more_than_256_changes_at_once_are_refused_and_looking_goes_on() {
    let mut redis = RedisServer::start().await;
    let toril = host(&redis).await;
    let body = "{\"name\":\"echo\"}";
    let head = "POST /api/v1/queues/work/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());

    // No change ends while Redis does not answer.
    redis.pause();
    let mut answers = JoinSet::new();
    for _ in 0..300 {
        let mut stream = sent(&toril, &request).await;
        answers.spawn(async move { read_until(&mut stream, "}").await });
    }
    let first = answers.join_next().await.expect("an answer").expect("no panic");
    assert_eq!(status(&first), "503", "{first}");
    assert!(first.contains("too many changes in progress"), "{first}");
    assert_eq!(http::get(&toril.url("/healthz")).await.expect("an answer").status, 200);
    redis.resume();

    let mut refused = 1;
    while let Some(answer) = answers.join_next().await {
        refused += usize::from(answer.expect("no panic").contains("too many changes in progress"));
    }
    assert!(refused <= 300 - 256, "{refused} of 300 were refused");
    let headers = [("content-type", "application/json")];
    let again = http::request("POST", &toril.url("/api/v1/queues/work/jobs"), &headers, body).await.expect("an answer");
    assert_eq!(again.status, 201, "{}", again.body);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    let long = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(64 << 10));
    let many = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: y\r\n".repeat(200));
    for head in [long, many] {
        let mut stream = TcpStream::connect(toril.listen()).await.expect("a connection");
        // The server may close it before all of this is sent.
        let _sent = stream.write_all(head.as_bytes()).await;
        let answer = read_until(&mut stream, "\r\n").await;
        assert_eq!(status(&answer), "431", "{answer}");
    }
}

#[tokio::test]
async fn a_shutdown_answers_the_request_that_is_under_way_and_ends_event_streams() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis).await;
    let mut events = sent(&toril, "GET /api/v1/queues/work/events HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    read_until(&mut events, "\r\n\r\n").await;
    let head = "POST /api/v1/queues/work/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let body = "{\"name\":\"echo\",\"opts\":{\"jobId\":\"late\"}}";
    let mut asked = sent(&toril, &format!("{head}Content-Length: {}\r\n\r\n{{", body.len())).await;
    // A later answer: the host has read the request's head by then.
    http::get(&toril.url("/healthz")).await.expect("an answer");

    toril.terminate();
    wait_until("the host to take no more connections", LONG, async || {
        TcpStream::connect(toril.listen()).await.is_err()
    })
    .await;
    asked.write_all(&body.as_bytes()[1..]).await.expect("it is sent");

    let answer = read_until(&mut asked, "}").await;
    assert_eq!(status(&answer), "201", "{answer}");
    rest(&mut events).await;
    assert_eq!(toril.wait_exit(LONG).await.code(), Some(0));
    let job = toril.cli(["job", "work", "late", "--json"]).await.succeeded().json();
    assert_eq!(job["state"], "waiting");
}

#[tokio::test]
async fn metrics_and_readiness_need_a_valid_host_name() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    let ask = async |path: &str, host: &str| {
        http::request("GET", &toril.url(path), &[("host", host)], "").await.expect("an answer").status
    };

    for path in ["/metrics", "/readyz"] {
        assert_eq!(ask(path, "evil.example").await, 403, "{path}");
        // Those that probe by address, as Kubernetes does, and those of the machine itself.
        for host in ["10.0.0.7:9090", "[fd00::7]:9090", "localhost:9090"] {
            assert_eq!(ask(path, host).await, 200, "{path}: {host}");
        }
        let mut nameless = sent(&toril, &format!("GET {path} HTTP/1.0\r\n\r\n")).await;
        assert_eq!(status(&rest(&mut nameless).await), "200", "{path}");
    }
    assert_eq!(ask("/healthz", "evil.example").await, 200);
}
