//! Cached cards, and requests that only check whether they have changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use toril_tests::RedisServer;
use toril_tests::stub_agent::{AgentRequest, Answer, CARD, StubAgent, card};

use crate::{Case, QUEUE, host};

/// A host whose plugin keeps cards, and an agent whose card is answered like this. Its messages are answered with the
/// path that they were sent to.
async fn case(answer: impl Fn(&AgentRequest) -> Answer + Send + Sync + 'static) -> Case<StubAgent> {
    let agent = StubAgent::start(move |request: AgentRequest| match request.method.as_str() {
        CARD => answer(&request),
        _ if request.path == "/gone" => Answer::Raw(404, "text/plain", String::new()),
        _ => {
            let message = json!({ "role": "ROLE_AGENT", "messageId": "m", "parts": [{ "text": request.path }] });
            Answer::Result(json!({ "message": message }))
        }
    });
    let agent = agent.await;
    let redis = RedisServer::start().await;
    let url = agent.url();
    let plugin = format!("http = [{url:?}]\nkeyvalue = true\nconfig = {{ agent-url = {url:?}, card-cache = true }}\n");
    let toril = host(&redis, QUEUE, &plugin).await;
    Case { agent, redis, toril }
}

/// A card for an agent at this path.
fn at(request: &AgentRequest, path: &str) -> Value {
    card(&format!("{}{path}", request.url), false)
}

fn full(status: u16, headers: &[(&'static str, &str)], body: &Value) -> Answer {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Answer::Full(status, headers, if body.is_null() { String::new() } else { body.to_string() })
}

/// The requests for the card, each with what it was to be compared with.
fn asked_for_card(case: &Case<StubAgent>) -> Vec<Option<String>> {
    let requests = case.agent.requests().into_iter().filter(|request| request.path.ends_with(".json"));
    requests.map(|request| request.header("if-none-match").map(str::to_owned)).collect()
}

#[tokio::test]
async fn a_card_that_its_server_lets_be_kept_is_not_asked_for_again() {
    let case = case(|request| full(200, &[("cache-control", "max-age=3600")], &at(request, "/a"))).await;

    for _ in 0..3 {
        assert_eq!(case.send("hello").await["text"], "/a");
    }

    assert_eq!(asked_for_card(&case).len(), 1);
}

#[tokio::test]
async fn a_card_without_a_lifetime_is_compared_each_time_and_a_changed_one_counts() {
    let version = Arc::new(AtomicUsize::new(1));
    let of_server = version.clone();
    let case = case(move |request| {
        let version = of_server.load(Ordering::SeqCst);
        let tag = format!("\"{version}\"");
        match request.header("if-none-match") == tag {
            true => full(304, &[("etag", &tag)], &Value::Null),
            false => full(200, &[("etag", &tag)], &at(request, &format!("/{version}"))),
        }
    });
    let case = case.await;

    assert_eq!(
        (case.send("hello").await["text"].clone(), case.send("hello").await["text"].clone()),
        (json!("/1"), json!("/1"))
    );
    version.store(2, Ordering::SeqCst);
    assert_eq!(case.send("hello").await["text"], "/2");

    let tag = || Some("\"1\"".to_owned());
    assert_eq!(asked_for_card(&case), [None, tag(), tag()]);
}

#[tokio::test]
async fn a_card_whose_server_is_away_is_used_for_a_while_and_one_that_is_withdrawn_is_not() {
    let status = Arc::new(AtomicUsize::new(200));
    let of_server = status.clone();
    let case = case(move |request| match of_server.load(Ordering::SeqCst) {
        200 => full(200, &[], &at(request, "/a")),
        status => full(u16::try_from(status).unwrap_or(500), &[], &Value::Null),
    });
    let case = case.await;
    assert_eq!(case.send("hello").await["text"], "/a");

    status.store(503, Ordering::SeqCst);
    assert_eq!(case.send("hello").await["text"], "/a");
    assert!(case.job("2").await["logs"].to_string().contains("using the cached one"));

    status.store(410, Ordering::SeqCst);
    let output = case.run("send", &json!({ "message": "hello" })).await.exited(1);
    assert!(output.stderr.contains("has no card"), "{}", output.stderr);
}

#[tokio::test]
async fn a_fresh_card_that_leads_nowhere_any_more_is_read_again_within_the_attempt() {
    let moved = Arc::new(AtomicUsize::new(0));
    let of_server = moved.clone();
    let case = case(move |request| {
        let path = if of_server.load(Ordering::SeqCst) == 0 { "/gone" } else { "/new" };
        full(200, &[("cache-control", "max-age=3600")], &at(request, path))
    });
    let case = case.await;
    case.run("send", &json!({ "message": "hello" })).await.exited(1);

    moved.store(1, Ordering::SeqCst);
    assert_eq!(case.send("hello").await["text"], "/new");

    assert_eq!(case.job("2").await["attemptsMade"], 1);
    assert_eq!(asked_for_card(&case).len(), 2);
}

#[tokio::test]
async fn without_the_setting_the_card_is_read_by_each_attempt() {
    let case = Case::played(|request: AgentRequest| match request.method.as_str() {
        CARD => full(200, &[("cache-control", "max-age=3600"), ("etag", "\"1\"")], &at(&request, "/a")),
        _ => Answer::Result(json!({ "message": { "role": "ROLE_AGENT", "parts": [{ "text": "hi" }] } })),
    });
    let case = case.await;

    for _ in 0..2 {
        assert_eq!(case.send("hello").await["text"], "hi");
    }

    assert_eq!(asked_for_card(&case), [None, None]);
}
