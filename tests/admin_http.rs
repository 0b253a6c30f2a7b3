//! `/api/v1`: what is possible over HTTP, and for whom.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use toril_tests::http::{self, Response};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, node};

const WORK: &str =
    "[queues.work]\nplugin = \"basics\"\nattempts = 2\nbackoff = { type = \"fixed\", delay = \"1ms\", jitter = 0.5 }\n";
const TOKEN: &str = "a-token-of-23-characters";

async fn host(redis: &RedisServer) -> Toril {
    started(Toril::new().redis(redis.url()).plugin("basics").config(WORK)).await
}

async fn started(toril: Toril) -> Toril {
    let mut toril = toril.spawn_run();
    toril.wait_ready().await;
    toril
}

async fn send(toril: &Toril, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
    http::request(method, &toril.url(&format!("/api/v1{path}")), headers, body).await.expect("an answer")
}

async fn get(toril: &Toril, path: &str) -> Response {
    send(toril, "GET", path, &[], "").await
}

async fn ask(toril: &Toril, method: &str, path: &str, body: &Value) -> Response {
    send(toril, method, path, &[("content-type", "application/json")], &body.to_string()).await
}

/// Checks that the response is a problem document of RFC 9457 with this status, and returns its text.
fn problem(answer: &Response, status: u16) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    let problem = answer.json();
    assert_eq!((&problem["type"], &problem["status"]), (&json!("about:blank"), &json!(status)));
    problem["detail"].as_str().expect("a detail").to_owned()
}

#[tokio::test]
async fn a_job_goes_through_all_its_states_over_http() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    ask(&toril, "POST", "/queues/work/pause", &json!({})).await;

    let added = ask(
        &toril,
        "POST",
        "/queues/work/jobs",
        &json!({ "name": "echo", "data": { "a": 1 }, "opts": { "delay": 3_600_000 } }),
    )
    .await;
    assert_eq!((added.status, added.json()), (201, json!({ "queue": "work", "id": "1" })));
    let page = get(&toril, "/queues/work/jobs?state=delayed").await.json();
    assert_eq!((&page["total"], &page["jobs"][0]["name"]), (&json!(1), &json!("echo")));
    assert_eq!(ask(&toril, "PUT", "/queues/work/jobs/1/delay", &json!({ "delay": 7_200_000 })).await.status, 204);
    assert_eq!(ask(&toril, "POST", "/queues/work/jobs/1/promote", &json!({})).await.status, 204);
    assert_eq!(ask(&toril, "PUT", "/queues/work/jobs/1/priority", &json!({ "priority": 3 })).await.status, 204);
    let job = get(&toril, "/queues/work/jobs/1").await.json();
    assert_eq!((&job["state"], &job["priority"], &job["data"]), (&json!("prioritized"), &json!(3), &json!({ "a": 1 })));
    // The queue's defaults, in full.
    assert_eq!(job["opts"]["backoff"], json!({ "type": "fixed", "delay": 1, "jitter": 0.5 }));

    assert_eq!(ask(&toril, "POST", "/queues/work/resume", &json!({})).await.json(), json!({ "paused": false }));
    toril_tests::wait_until("the job to complete", LONG, async || {
        get(&toril, "/queues/work/jobs/1").await.json()["state"] == "completed"
    })
    .await;
    assert_eq!(ask(&toril, "DELETE", "/queues/work/jobs/1", &json!({})).await.status, 204);
    assert_eq!(get(&toril, "/queues/work/jobs/1").await.status, 404);
}

#[tokio::test]
async fn many_jobs_are_added_in_one_request_or_none() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    ask(&toril, "POST", "/queues/work/pause", &json!({})).await;

    let wrong = json!({ "jobs": [{ "name": "a" }, { "name": "b", "opts": { "attempts": 0 } }] });
    let refused = problem(&ask(&toril, "POST", "/queues/work/bulk", &wrong).await, 422);
    assert!(refused.contains("job 1 (from 0): attempts"), "{refused}");
    let jobs: Vec<_> = (0..300).map(|n| json!({ "name": format!("n{n}") })).collect();
    let added = ask(&toril, "POST", "/queues/work/bulk", &json!({ "jobs": jobs })).await;
    assert_eq!((added.status, added.json()["ids"].as_array().map(Vec::len)), (201, Some(300)));
    let page = get(&toril, "/queues/work/jobs?state=waiting&start=0&end=299&asc=true").await.json();
    let names: Vec<_> = page["jobs"].as_array().expect("jobs").iter().map(|job| job["name"].clone()).collect();
    assert_eq!(names, (0..300).map(|n| json!(format!("n{n}"))).collect::<Vec<_>>());
}

#[tokio::test]
async fn failed_jobs_are_retried_one_or_all_and_cleaned() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    for _ in 0..3 {
        ask(&toril, "POST", "/queues/work/jobs", &json!({ "name": "fatal" })).await;
    }
    let failed = async |count: u64| {
        toril_tests::wait_until("the jobs to fail", LONG, async || {
            get(&toril, "/queues/work").await.json()["failed"] == count
        })
        .await;
    };
    failed(3).await;
    let job = get(&toril, "/queues/work/jobs/1").await.json();
    assert_eq!((&job["attemptsMade"], job["stacktrace"].as_array().map(Vec::len)), (&json!(1), Some(1)), "{job}");

    assert_eq!(ask(&toril, "POST", "/queues/work/jobs/1/retry?resetAttempts=true", &json!({})).await.status, 204);
    failed(3).await;
    assert_eq!(ask(&toril, "POST", "/queues/work/retry", &json!({})).await.json(), json!({ "retried": 3 }));
    failed(3).await;
    let cleaned = ask(&toril, "POST", "/queues/work/clean?state=failed&olderThan=0&limit=2", &json!({})).await;
    assert_eq!(cleaned.json(), json!({ "removed": 2 }));
    assert_eq!(ask(&toril, "POST", "/queues/work/drain?delayed=true", &json!({})).await.status, 204);
}

#[tokio::test]
async fn errors_are_problem_documents() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    let json_type = ("content-type", "application/json");
    let long = format!("{{\"name\":\"{}\"}}", "x".repeat(9 << 20));

    for (method, path, headers, body, status, says) in [
        ("GET", "/queues/nowhere", &[][..], "", 404, "queue nowhere does not exist"),
        ("GET", "/queues/a%3Ab", &[], "", 404, "does not exist"),
        ("GET", "/queues/%FF", &[], "", 400, "UTF-8"),
        ("GET", "/nothing", &[], "", 404, "nothing at this path"),
        ("PATCH", "/queues", &[], "", 405, "PATCH"),
        ("GET", "/queues/work/jobs", &[], "", 400, "state"),
        ("GET", "/queues/work/jobs?state=nap", &[], "", 400, "unknown variant"),
        ("GET", "/queues/work/jobs?state=failed&end=5000", &[], "", 422, "at most 1000"),
        ("GET", "/queues/work/jobs/meta", &[], "", 404, "no job meta"),
        ("POST", "/queues/work/jobs", &[], "{}", 415, "Content-Type"),
        ("POST", "/queues/work/jobs", &[json_type], "{", 400, "JSON"),
        ("POST", "/queues/work/jobs", &[json_type], "{\"name\":\"a\",\"opts\":{\"atempts\":1}}", 422, "atempts"),
        ("POST", "/queues/work/jobs", &[json_type], "{\"name\":\"a\",\"opts\":{\"jobId\":\"7\"}}", 422, "whole number"),
        ("POST", "/queues/work/jobs", &[json_type], &long, 413, "limit"),
        ("PUT", "/queues/work/schedulers/x", &[json_type], "{\"pattern\":\"no\"}", 422, "cron"),
        ("DELETE", "/queues/work/schedulers/x", &[], "", 404, "no job scheduler x"),
        ("GET", "/queues/work/events?after=x", &[], "", 422, "not the id of an event"),
    ] {
        let detail = problem(&send(&toril, method, path, headers, body).await, status);
        assert!(detail.contains(says), "{method} {path}: {detail}");
    }
}

#[tokio::test]
async fn schedulers_are_created_listed_and_removed_over_http() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    let wanted = json!({ "pattern": "0 3 * * *", "tz": "Europe/Madrid", "name": "echo", "data": { "secret": 1 } });
    let made = ask(&toril, "PUT", "/queues/work/schedulers/nightly", &wanted).await;
    assert_eq!(made.status, 200, "{made:?}");
    let page = get(&toril, "/queues/work/schedulers").await.json();
    assert_eq!((&page["total"], &page["schedulers"][0]), (&json!(1), &made.json()));
    assert_eq!(page["schedulers"][0]["template"]["data"], json!({ "secret": "[redacted]" }));
    assert_eq!(ask(&toril, "DELETE", "/queues/work/schedulers/nightly", &json!({})).await.status, 204);
    assert_eq!(get(&toril, "/queues/work/schedulers/nightly").await.status, 404);
}

#[tokio::test]
async fn events_are_followed_live() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    let mut stream = TcpStream::connect(toril.listen()).await.expect("a connection");
    let request = format!("GET /api/v1/queues/work/events HTTP/1.0\r\nHost: {}\r\n\r\n", toril.listen());
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut seen = String::new();
    let mut buffer = [0; 4096];
    let mut read_until = async |part: &str| {
        while !seen.contains(part) {
            let length = tokio::time::timeout(LONG, stream.read(&mut buffer)).await.expect("in time").expect("read");
            assert!(length > 0, "the stream ended: {seen}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
        seen.clone()
    };
    let head = read_until("\r\n\r\n").await;
    assert!(head.contains("text/event-stream"), "{head}");

    ask(&toril, "POST", "/queues/work/jobs", &json!({ "name": "echo", "data": { "token": "hunter2" } })).await;

    let seen = read_until("\"completed\"").await;
    assert!(seen.contains("\"added\"") && seen.contains("[redacted]") && !seen.contains("hunter2"), "{seen}");
}

#[tokio::test]
async fn the_description_names_every_route() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    let answer = get(&toril, "/openapi.json").await;

    assert_eq!(answer.status, 200);
    let document = answer.json();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{}", document["openapi"]);
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let path = path.replace("{queue}", "nowhere").replace("{id}", "404");
        for method in methods.as_object().expect("methods").keys() {
            let answer = ask(&toril, &method.to_uppercase(), &path, &json!({})).await;
            assert_ne!(answer.status, 405, "{method} {path}");
            let unrouted = answer.status == 404 && answer.body.contains("nothing at this path");
            assert!(!unrouted && answer.status < 500, "{method} {path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_host_on_a_public_address_does_not_start_without_a_token() {
    let redis = RedisServer::start().await;
    let config = format!("[host]\nlisten = \"0.0.0.0:0\"\nplugins = \"{{plugins}}\"\n{WORK}");
    let toril = Toril::new().redis(redis.url()).plugin("basics").config(&config);

    for command in ["run", "check"] {
        let refused = toril.cli([command]).await.exited(2);
        assert!(refused.stderr.contains("TORIL_ADMIN_TOKEN") && refused.stderr.contains(":5:"), "{}", refused.stderr);
    }
    // A command that only uses Redis needs no token.
    toril.cli(["queues"]).await.succeeded();
    let short = toril.env("TORIL_ADMIN_TOKEN", "too-short").cli(["run"]).await.exited(2);
    assert!(short.stderr.contains("16 at least") && !short.stderr.contains("too-short"), "{}", short.stderr);
}

#[tokio::test]
async fn a_host_with_a_token_shows_nothing_without_it() {
    let redis = RedisServer::start().await;
    let toril = Toril::new().redis(redis.url()).plugin("basics").config(WORK).env("TORIL_ADMIN_TOKEN", TOKEN);
    let toril = started(toril).await;

    for shown in [
        None,
        Some(format!("Bearer {TOKEN}x")),
        Some("Bearer ".into()),
        Some(format!("Basic {TOKEN}")),
        Some(TOKEN.into()),
    ] {
        let headers: Vec<_> = shown.iter().map(|shown| ("authorization", shown.as_str())).collect();
        for path in ["/queues", "/openapi.json", "/nothing"] {
            let answer = send(&toril, "GET", path, &headers, "").await;
            problem(&answer, 401);
            assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"toril\""));
        }
    }
    let right = format!("Bearer {TOKEN}");
    assert_eq!(send(&toril, "GET", "/queues", &[("authorization", &right)], "").await.status, 200);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(http::get(&toril.url(path)).await.expect("an answer").status, 200, "{path} is for everybody");
    }
    assert!(!toril.logs().contains(TOKEN));
}

#[tokio::test]
async fn read_only_administration_changes_nothing() {
    let redis = RedisServer::start().await;
    let toril =
        started(Toril::new().redis(redis.url()).plugin("basics").host("admin = \"read-only\"").config(WORK)).await;

    assert_eq!(get(&toril, "/queues").await.status, 200);
    let refused = problem(&ask(&toril, "POST", "/queues/work/pause", &json!({})).await, 403);
    assert!(refused.contains("read-only"), "{refused}");
    assert_eq!(get(&toril, "/queues/work").await.json()["paused"], false);
}

#[tokio::test]
async fn disabled_administration_serves_nothing() {
    let redis = RedisServer::start().await;
    let toril = started(Toril::new().redis(redis.url()).plugin("basics").host("admin = \"off\"").config(WORK)).await;

    problem(&get(&toril, "/queues").await, 404);
    problem(&get(&toril, "/openapi.json").await, 404);
}

#[tokio::test]
async fn another_sites_page_cannot_change_anything() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    let own = format!("http://{}", toril.listen());

    for (name, value, status) in [
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-site", 403),
        ("origin", "http://evil.example", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "same-origin", 200),
        ("origin", own.as_str(), 200),
    ] {
        let answer = send(&toril, "POST", "/queues/work/pause", &[(name, value)], "").await;
        assert_eq!(answer.status, status, "{name}: {value}");
    }
    // A form of another site can send this. The server must not parse it as JSON.
    let form = send(&toril, "POST", "/queues/work/jobs", &[("content-type", "text/plain")], "{\"name\":\"a\"}").await;
    problem(&form, 415);
}

#[tokio::test]
async fn a_host_on_loopback_rejects_other_host_names() {
    let redis = RedisServer::start().await;
    let toril =
        started(Toril::new().redis(redis.url()).plugin("basics").host("allowed_hosts = [\"toril.test\"]").config(WORK))
            .await;

    for (name, status) in [("evil.example", 403), ("evil.example:9090", 403), ("toril.test", 200), ("localhost:1", 200)]
    {
        assert_eq!(send(&toril, "GET", "/queues", &[("host", name)], "").await.status, status, "{name}");
    }
}

#[tokio::test]
async fn every_response_has_security_headers() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    for path in ["/healthz", "/readyz", "/api/v1/queues", "/api/v1/nothing", "/nothing"] {
        let answer = http::get(&toril.url(path)).await.expect("an answer");
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
    }
}

#[tokio::test]
async fn no_response_contains_a_jobs_secret() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    let data = json!({ "Authorization": "hunter2", "nested": { "dbPassword": "hunter2" } });
    node::run(
        "add",
        json!({ "redis": redis.url(), "queue": "work", "jobs": [{ "name": "echo", "data": data }], "wait": true }),
    )
    .await;

    for path in ["/queues", "/queues/work/jobs?state=completed", "/queues/work/jobs/1", "/queues/work/jobs/1/flow"] {
        let answer = get(&toril, path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.body.contains("hunter2"), "{path}: {}", answer.body);
    }
    let job = get(&toril, "/queues/work/jobs/1").await.json();
    assert_eq!(job["returnvalue"]["nested"]["dbPassword"], "[redacted]");
    assert!(!toril.logs().contains("hunter2"));
}

#[tokio::test]
async fn a_host_that_says_it_is_ready_survives_the_loss_of_redis() {
    let mut redis = RedisServer::start().await;
    // Many queues take so long to prepare that a host which answers before would not finish its start.
    let queues: String = (0..200).map(|n| format!("[queues.q{n}]\nplugin = \"basics\"\n")).collect();
    let mut toril = started(Toril::new().redis(redis.url()).plugin("basics").config(queues)).await;
    redis.kill();

    problem(&get(&toril, "/queues").await, 503);

    assert!(toril.is_running());
}

#[tokio::test]
async fn an_unavailable_redis_is_reported() {
    let mut redis = RedisServer::start().await;
    let toril = host(&redis).await;
    redis.kill();

    let detail = problem(&get(&toril, "/queues").await, 503);

    assert!(detail.contains("Redis"), "{detail}");
}
