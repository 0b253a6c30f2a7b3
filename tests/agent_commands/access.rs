//! The security schemes of cards: OAuth2 client credentials, HTTP Basic, API keys in the address, a header or a cookie.

use serde_json::{Value, json};
use toril_tests::RedisServer;
use toril_tests::stub_agent::{AgentRequest, Answer, CARD, StubAgent, card};
use toril_tests::toril::Output;

use crate::{Case, QUEUE, host_with};

const SECRET: &str = "hunter2 & co";

/// A host with an agent that plays this part, whose settings and secrets are these lines of the plugin's entry. `{url}`
/// is where the agent is, the variable `SECRET` has the secret.
async fn case(lines: &str, play: impl Fn(AgentRequest) -> Answer + Send + Sync + 'static) -> Case<StubAgent> {
    let agent = StubAgent::start(play).await;
    let redis = RedisServer::start().await;
    let lines = lines.replace("{url}", agent.url());
    let plugin = format!("http = [{url:?}]\nconfig.agent-url = {url:?}\n{lines}\n", url = agent.url());
    let toril = host_with(&redis, QUEUE, &plugin, &[("SECRET", SECRET)]).await;
    Case { agent, redis, toril }
}

/// A card that requires one scheme, which it calls `corp`.
fn secured(request: &AgentRequest, scheme: Value) -> Answer {
    let mut card = card(&request.url, false);
    card["securitySchemes"] = json!({ "corp": scheme });
    card["securityRequirements"] = json!([{ "schemes": { "corp": { "list": ["read", "write"] } } }]);
    Answer::Result(card)
}

fn oauth2(url: &str) -> Value {
    let flow = json!({ "tokenUrl": format!("{url}/token"), "scopes": {} });
    json!({ "oauth2SecurityScheme": { "flows": { "clientCredentials": flow } } })
}

fn token(name: &str) -> Answer {
    let token = json!({ "access_token": name, "token_type": "Bearer", "expires_in": 3600 });
    Answer::Raw(200, "application/json", token.to_string())
}

fn denied() -> Answer {
    Answer::Raw(401, "text/plain", String::new())
}

fn task(state: &str) -> Value {
    json!({ "id": "t", "contextId": "c", "status": { "state": state } })
}

const CLIENT: &str = "config.client-id = \"toril\"\nsecrets.client-secret = \"env:SECRET\"";

/// The job's error, which has no secret, as nothing has that the host has written.
fn error(case: &Case<StubAgent>, output: Output) -> String {
    let error = output.exited(1).stderr;
    assert!(!error.contains("hunter2") && !case.toril.logs().contains("hunter2"), "{error}");
    error
}

#[tokio::test]
async fn a_client_gets_a_token_where_the_card_says_and_keeps_it() {
    let case = case(CLIENT, |request| match (request.method.as_str(), request.header("authorization"), request.time) {
        (CARD, ..) => secured(&request, oauth2(&request.url)),
        ("POST /token", ..) => token("one"),
        ("SendMessage", "Bearer one", _) => Answer::Result(json!({ "task": task("TASK_STATE_WORKING") })),
        ("GetTask", "Bearer one", time) if time < 3 => Answer::Result(task("TASK_STATE_WORKING")),
        ("GetTask", "Bearer one", _) => Answer::Result(task("TASK_STATE_COMPLETED")),
        _ => denied(),
    });
    let case = case.await;

    assert_eq!(case.send("hello").await["state"], "completed");

    assert_eq!(case.agent.methods(), ["POST /token", "SendMessage", "GetTask", "GetTask", "GetTask"]);
    let request = case.agent.requests().into_iter().find(|request| request.path == "/token").expect("a request");
    assert_eq!(request.body, "grant_type=client_credentials&scope=read%20write");
    // The secret is encoded as a form before it is encoded in Base64: toril:hunter2%20%26%20co
    assert_eq!(request.header("authorization"), Some("Basic dG9yaWw6aHVudGVyMiUyMCUyNiUyMGNv"));
    assert!(!case.toril.logs().contains("hunter2"), "a secret was written down");
}

#[tokio::test]
async fn a_token_that_the_agent_does_not_take_any_more_is_renewed_once() {
    let case = case(CLIENT, |request| match (request.method.as_str(), request.header("authorization"), request.time) {
        (CARD, ..) => secured(&request, oauth2(&request.url)),
        ("POST /token", _, 1) => token("one"),
        ("POST /token", ..) => token("two"),
        ("SendMessage", "Bearer one", _) => Answer::Result(json!({ "task": task("TASK_STATE_WORKING") })),
        ("GetTask", "Bearer two", _) => Answer::Result(task("TASK_STATE_COMPLETED")),
        _ => denied(),
    });
    let case = case.await;

    assert_eq!(case.send("hello").await["state"], "completed");

    assert_eq!(case.agent.methods(), ["POST /token", "SendMessage", "GetTask", "POST /token", "GetTask"]);
    assert_eq!(case.job("1").await["attemptsMade"], 1);
}

#[tokio::test]
async fn a_renewed_token_that_is_refused_fails_the_job_for_good_and_names_the_scheme() {
    let case = case(CLIENT, |request| match request.method.as_str() {
        CARD => secured(&request, oauth2(&request.url)),
        "POST /token" => token("one"),
        _ => denied(),
    });
    let case = case.await;

    let error = error(&case, case.run("send", &json!({ "message": "hello" })).await);

    assert!(error.contains("refused access (401)") && error.contains("OAuth2 (scheme \"corp\")"), "{error}");
    assert_eq!(case.agent.methods(), ["POST /token", "SendMessage", "POST /token", "SendMessage"]);
}

#[tokio::test]
async fn a_client_that_the_token_server_refuses_fails_the_job_for_good_and_says_what_to_correct() {
    let case = case(CLIENT, |request| match request.method.as_str() {
        CARD => secured(&request, oauth2(&request.url)),
        "POST /token" => {
            let expected = json!({ "error": "invalid_client", "error_description": request.header("authorization") });
            Answer::Raw(401, "application/json", expected.to_string())
        }
        _ => denied(),
    });
    let case = case.await;

    let error = error(&case, case.run("send", &json!({ "message": "hello" })).await);

    for part in ["(scheme \"corp\")", "401, invalid_client", "`client-id` and `client-secret`"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(!error.contains("dG9yaWw6"), "{error}");
    assert_eq!(case.agent.methods(), ["POST /token"], "nothing was sent to the agent");
}

#[tokio::test]
async fn a_token_server_that_is_down_for_a_moment_costs_an_attempt_and_the_message_is_sent_once() {
    let lines = format!("{CLIENT}\nconfig.token-url = \"{{url}}/elsewhere\"\nconfig.token-auth = \"post\"");
    let case = case(&lines, |request| match (request.method.as_str(), request.time) {
        ("POST /elsewhere", 1) => Answer::Raw(503, "text/plain", String::new()),
        ("POST /elsewhere", _) => {
            assert!(request.body.ends_with("&client_id=toril&client_secret=hunter2%20%26%20co"), "{}", request.body);
            token("one")
        }
        (CARD, _) => secured(&request, oauth2(&request.url)),
        ("SendMessage", _) => Answer::Result(json!({ "task": task("TASK_STATE_COMPLETED") })),
        _ => denied(),
    });
    let case = case.await;

    assert_eq!(case.send("hello").await["state"], "completed");

    assert_eq!(case.job("1").await["attemptsMade"], 2);
    assert_eq!(case.agent.methods(), ["POST /elsewhere", "POST /elsewhere", "SendMessage"]);
}

/// The agent gets a message, and the test sees what it was sent with.
async fn sent_with(lines: &str, scheme: Value) -> toril_tests::scripted::Received {
    let case = case(lines, move |request| match request.method.as_str() {
        CARD => secured(&request, scheme.clone()),
        _ => Answer::Result(json!({ "message": { "role": "ROLE_AGENT", "parts": [{ "text": "hi" }] } })),
    });
    let case = case.await;
    assert_eq!(case.send("hello").await["text"], "hi");
    assert!(!case.toril.logs().contains("hunter2"), "a secret was written down");
    case.agent.requests().into_iter().find(|request| request.method == "POST").expect("a request")
}

#[tokio::test]
async fn user_and_password_are_sent_as_http_basic() {
    let lines = "config.username = \"ana\"\nsecrets.password = \"env:SECRET\"";
    let sent = sent_with(lines, json!({ "httpAuthSecurityScheme": { "scheme": "Basic" } })).await;

    assert_eq!(sent.header("authorization"), Some("Basic YW5hOmh1bnRlcjIgJiBjbw=="));
}

#[tokio::test]
async fn an_api_key_is_sent_where_the_card_wants_it() {
    let lines = "secrets.api-key = \"env:SECRET\"";
    let scheme = |place: &str| json!({ "apiKeySecurityScheme": { "location": place, "name": "key" } });

    assert_eq!(sent_with(lines, scheme("query")).await.path, "/?key=hunter2%20%26%20co");
    assert_eq!(sent_with(lines, scheme("header")).await.header("key"), Some(SECRET));
    assert_eq!(sent_with(lines, scheme("cookie")).await.header("cookie"), Some("key=hunter2%20%26%20co"));
    let older = json!({ "type": "apiKey", "in": "query", "name": "key" });
    assert_eq!(sent_with(lines, older).await.path, "/?key=hunter2%20%26%20co");
}

#[tokio::test]
async fn a_secret_that_the_plugin_cannot_read_is_sent_in_a_header_and_refused_in_an_address() {
    let lines = "send_secrets.api-key = { secret = \"env:SECRET\", origin = \"{url}\", header = \"key\" }";
    let scheme = |place: &str| json!({ "apiKeySecurityScheme": { "location": place, "name": "key" } });
    assert_eq!(sent_with(lines, scheme("header")).await.header("key"), Some(SECRET));

    let case = case(lines, move |request| match request.method.as_str() {
        CARD => secured(&request, scheme("query")),
        _ => denied(),
    });
    let case = case.await;
    let error = error(&case, case.run("send", &json!({ "message": "hello" })).await);

    assert!(error.contains("move it to `secrets`"), "{error}");
    assert!(case.agent.methods().is_empty(), "nothing was sent to the agent");
}

#[tokio::test]
async fn an_error_names_missing_settings_with_the_lines_to_add() {
    let case = case("", |request| match request.method.as_str() {
        CARD => secured(&request, oauth2(&request.url)),
        _ => denied(),
    });
    let case = case.await;

    let error = error(&case, case.run("send", &json!({ "message": "hello" })).await);

    for part in ["(scheme \"corp\")", "config = { client-id = \"…\" }", "secrets = { client-secret = \"env:…\" }"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!(case.job("1").await["attemptsMade"], 1);
}
