//! `/callbacks/QUEUE/ID`: waking a job from outside.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use toril_tests::http::{self, Response};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, signed, wait_until};

const SECRET: &str = "a-secret-of-25-characters";
const QUEUE: &str = "[queues.work]\nplugin = \"basics\"\n";
const CALLBACKS: &str = "[callbacks]\nsecret = \"env:CALLBACKS\"\n";
/// An hour, in milliseconds: a job that is delayed by it is not run in a test unless it is woken.
const HOUR: u64 = 3_600_000;

/// A host that has callbacks, and further lines in its queue. There is no administration over HTTP.
async fn host(redis: &RedisServer, lines: &str) -> Toril {
    started(toril(redis).host("admin = \"off\"").config(format!("{QUEUE}{lines}\n{CALLBACKS}"))).await
}

fn toril(redis: &RedisServer) -> Toril {
    Toril::new().redis(redis.url()).plugin("basics").env("CALLBACKS", SECRET)
}

async fn started(toril: Toril) -> Toril {
    let mut toril = toril.spawn_run();
    toril.wait_ready().await;
    toril
}

async fn add(toril: &Toril, name: &str, data: Value, options: &[&str]) -> String {
    let data = data.to_string();
    let arguments = [&["add", "work", name, "--data", &data, "--json"], options].concat();
    let added = toril.cli(arguments).await.succeeded().json();
    added["id"].as_str().map(str::to_owned).unwrap_or_else(|| panic!("no id: {added}"))
}

async fn job(toril: &Toril, id: &str) -> Value {
    toril.cli(["job", "work", id, "--json"]).await.succeeded().json()
}

async fn wait_for(toril: &Toril, id: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let there = async || Some(job(toril, id).await).filter(|job| holds(job));
    wait_until(&format!("job {id} to be {what}"), LONG, there).await
}

async fn wait_for_state(toril: &Toril, id: &str, state: &str) -> Value {
    wait_for(toril, id, state, |job| job["state"] == state).await
}

/// Calls back with the token of this job, and an agent's notification.
async fn call(toril: &Toril, queue: &str, id: &str) -> Response {
    let token = signed::token(SECRET, queue, id);
    let headers = [("x-a2a-notification-token", &*token), ("content-type", "application/json")];
    let body = json!({ "kind": "task", "status": { "state": "completed" } }).to_string();
    signed::post(toril, &format!("/callbacks/{queue}/{id}"), &headers, &body).await
}

/// Checks the status and that it is a problem.
fn problem(answer: &Response, status: u16) {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (status, Some("application/problem+json")),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_delayed_job_runs_once_it_is_called_back() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "").await;
    let id = add(&toril, "echo", json!(1), &["--delay", "1h"]).await;

    assert_eq!(call(&toril, "work", &id).await.status, 204);

    wait_for_state(&toril, &id, "completed").await;
}

#[tokio::test]
async fn a_job_that_has_deferred_itself_has_another_attempt() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "").await;
    let id = add(&toril, "defer", json!({ "ms": HOUR }), &[]).await;
    wait_for_state(&toril, &id, "delayed").await;

    assert_eq!(call(&toril, "work", &id).await.status, 204);

    wait_for(&toril, &id, "started twice", |job| job["attemptsStarted"] == 2).await;
}

#[tokio::test]
async fn a_job_that_waits_or_has_ended_needs_nothing() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "").await;
    let ended = add(&toril, "echo", json!(1), &[]).await;
    wait_for_state(&toril, &ended, "completed").await;
    toril.cli(["pause", "work"]).await.succeeded();
    let waiting = add(&toril, "echo", json!(1), &[]).await;

    assert_eq!((call(&toril, "work", &ended).await.status, call(&toril, "work", &waiting).await.status), (204, 204));

    assert_eq!(job(&toril, &ended).await["attemptsStarted"], 1);
    assert_eq!(job(&toril, &waiting).await["state"], "waiting");
}

#[tokio::test]
async fn a_job_that_is_active_is_woken_once_it_waits_for_its_next_attempt() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "timeout = \"2s\"\nattempts = 2\nbackoff = \"1h\"").await;
    let id = add(&toril, "sleep", json!({ "ms": HOUR }), &[]).await;
    wait_for_state(&toril, &id, "active").await;

    // The answer is 503 on a machine that takes longer than 10 s to end the attempt, and then the caller tries again.
    wait_until("the callback to be taken", LONG, async || call(&toril, "work", &id).await.status == 204).await;

    wait_for(&toril, &id, "started twice", |job| job["attemptsStarted"] == 2).await;
}

#[tokio::test]
async fn a_job_that_stays_active_is_a_reason_to_try_again() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "timeout = \"1h\"").await;
    let id = add(&toril, "sleep-until-cancelled", json!({}), &[]).await;
    wait_for_state(&toril, &id, "active").await;

    let answer = call(&toril, "work", &id).await;

    problem(&answer, 503);
    assert!(answer.header("retry-after").is_some_and(|after| after.parse::<u64>().is_ok()), "{answer:?}");
    toril.cli(["cancel", "work", &id]).await.succeeded();
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "").await;
    // In Redis, and not in the configuration.
    let other = toril.cli(["add", "other", "echo", "--delay", "1h", "--json"]).await.succeeded().json();
    let other = other["id"].as_str().expect("an id");

    problem(&call(&toril, "work", "no-such-job").await, 404);
    problem(&call(&toril, "work", "meta").await, 404);
    problem(&call(&toril, "other", other).await, 404);
}

#[tokio::test]
async fn without_the_jobs_own_token_nothing_is_done() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "").await;
    let id = add(&toril, "echo", json!(1), &["--delay", "1h"]).await;
    let path = format!("/callbacks/work/{id}");
    let (right, other) = (signed::token(SECRET, "work", &id), signed::token(SECRET, "work", "another"));

    for headers in [
        &[][..],
        &[("x-a2a-notification-token", "")],
        &[("x-a2a-notification-token", &*other)],
        &[("x-a2a-notification-token", &*right.to_uppercase())],
        &[("authorization", &*right)],
        &[("authorization", &*format!("Bearer {other}"))],
    ] {
        let answer = signed::post(&toril, &path, headers, "").await;
        problem(&answer, 401);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"toril-callbacks\""));
    }

    assert_eq!(job(&toril, &id).await["state"], "delayed");
    assert!(!toril.logs().contains(SECRET) && !toril.logs().contains(&other), "{}", toril.logs());
    let bearer = format!("Bearer {right}");
    assert_eq!(signed::post(&toril, &path, &[("authorization", &bearer)], "").await.status, 204);
}

#[tokio::test]
async fn a_job_whose_id_needs_encoding_is_called_back_by_its_encoded_id() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "").await;
    for (id, encoded) in [("a/b c", "a%2Fb%20c"), ("..", "~.."), ("ä?", "%C3%A4%3F")] {
        add(&toril, "echo", json!(1), &["--delay", "1h", "--id", id]).await;
        let token = signed::token(SECRET, "work", id);
        let headers = [("x-a2a-notification-token", &*token)];
        let answer = signed::post(&toril, &format!("/callbacks/work/{encoded}"), &headers, "").await;
        assert_eq!(answer.status, 204, "{id}: {answer:?}");
        wait_for_state(&toril, id, "completed").await;
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "").await;
    let token = signed::token(SECRET, "work", "1");
    let mut stream = TcpStream::connect(toril.listen()).await.expect("a connection");
    let head = format!(
        "POST /callbacks/work/1 HTTP/1.1\r\nHost: {}\r\nX-A2A-Notification-Token: {token}\r\nContent-Length: 8388609\r\n\r\n",
        toril.listen()
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    tokio::time::timeout(LONG, stream.read_to_end(&mut answer)).await.expect("in time").expect("an answer");
    assert!(answer.starts_with(b"HTTP/1.1 413 "), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn a_callback_is_a_post_by_a_name_of_the_server() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "").await;
    let got = http::get(&toril.url("/callbacks/work/1")).await.expect("an answer");
    problem(&got, 405);
    assert_eq!(got.header("allow"), Some("POST"));
    let token = signed::token(SECRET, "work", "1");
    let headers = [("x-a2a-notification-token", &*token), ("host", "evil.test")];
    problem(&signed::post(&toril, "/callbacks/work/1", &headers, "").await, 403);
}

#[tokio::test]
async fn there_are_no_callbacks_until_the_configuration_has_them() {
    let redis = RedisServer::start().await;
    let mut toril = started(toril(&redis).config(QUEUE).env("TORIL_ADMIN_TOKEN", "a-token-of-23-characters")).await;
    let id = add(&toril, "echo", json!(1), &["--delay", "1h"]).await;
    problem(&call(&toril, "work", &id).await, 404);
    assert_eq!(job(&toril, &id).await["state"], "delayed");

    toril.rewrite_config(format!("{QUEUE}{CALLBACKS}"));
    wait_until("callbacks to be on", LONG, async || call(&toril, "work", &id).await.status == 204).await;
    wait_for_state(&toril, &id, "completed").await;
    toril.rewrite_config(QUEUE);
    wait_until("callbacks to be off", LONG, async || call(&toril, "work", &id).await.status == 404).await;
}

#[tokio::test]
async fn callbacks_are_counted_by_result() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, "").await;
    let id = add(&toril, "echo", json!(1), &["--delay", "1h"]).await;
    call(&toril, "work", &id).await;
    call(&toril, "work", "no-such-job").await;
    signed::post(&toril, "/callbacks/work/1", &[], "").await;

    let page = http::get(&toril.url("/metrics")).await.expect("an answer").body;

    for result in ["promoted", "not-found", "unauthorized"] {
        let line = format!("callback_requests_total{{result=\"{result}\"}} 1");
        assert!(page.contains(&line), "{line} is not in\n{page}");
    }
}

#[tokio::test]
async fn a_redis_that_is_away_is_a_reason_to_try_again() {
    let mut redis = RedisServer::start().await;
    let toril = host(&redis, "").await;
    redis.kill();

    let answer = call(&toril, "work", "1").await;

    problem(&answer, 503);
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
}
