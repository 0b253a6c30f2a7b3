//! Which agent is meant, and how it is authenticated to.

use serde_json::json;
use toril_tests::A2aServer;
use toril_tests::a2a::Options;

use crate::{Case, QUEUE};

#[tokio::test]
async fn a_job_names_its_agent_and_each_is_given_its_own_secret() {
    let (echo, other) = (
        A2aServer::start(Options { token: Some("echo-token"), ..Options::default() }).await,
        A2aServer::start(Options::default()).await,
    );
    let plugin = format!(
        "http = [{echo:?}, {other:?}]\n\
         config = {{ \"agents.echo.url\" = {echo:?}, \"agents.other.url\" = {other:?} }}\n\
         secrets = {{ \"agents.echo.token\" = \"env:THE_TOKEN\", \"agents.other.api-key\" = \"env:THE_KEY\" }}\n",
        echo = echo.url(),
        other = other.url()
    );
    let redis = toril_tests::RedisServer::start().await;
    let config =
        format!("[queues.agent-commands]\nplugin = \"agent-commands\"\n{QUEUE}\n[plugins.agent-commands]\n{plugin}");
    let toril = toril_tests::Toril::new().redis(redis.url()).plugin("agent-commands").config(config);
    let mut toril = toril.env("THE_TOKEN", "echo-token").env("THE_KEY", "hunter2").spawn_run();
    toril.wait_ready().await;
    let case = Case { agent: echo, redis, toril };

    for (agent, ok) in
        [(json!("echo"), true), (json!("other"), true), (json!(case.agent.url()), false), (json!("nobody"), false)]
    {
        let output = case.run("send", &json!({ "agent": agent, "message": "quick hello" })).await;
        assert_eq!(output.code == Some(0), ok, "{agent}: {}", output.stderr);
    }

    let authorizations: Vec<_> = case.agent.requests().iter().map(|request| request["authorization"].clone()).collect();
    assert_eq!(authorizations, [json!("Bearer echo-token"), json!(null)], "an address gets no credentials");
    assert_eq!(other.requests()[0]["key"], "hunter2");
    let nobody = case.job("4").await;
    assert!(nobody["failedReason"].to_string().contains("agents.nobody.url"), "{nobody}");
    assert!(!case.toril.logs().contains("hunter2"), "a secret was written down");
}

#[tokio::test]
async fn a_refused_token_fails_the_job_for_good_and_says_what_to_set() {
    let case = Case::of(Options { token: Some("right"), ..Options::default() }).await;

    let output = case.run("send", &json!({ "message": "quick hello" })).await.exited(1);

    assert!(output.stderr.contains("refused access (401)") && output.stderr.contains("`token`"), "{}", output.stderr);
    assert_eq!(case.job("1").await["attemptsMade"], 1);
}

#[tokio::test]
async fn an_address_that_was_not_granted_is_not_asked() {
    let stranger = A2aServer::start(Options::default()).await;
    let case = Case::of(Options::default()).await;

    let output = case.run("send", &json!({ "agent": stranger.url(), "message": "quick hello" })).await.exited(1);

    assert!(output.stderr.contains("to `http`") && output.stderr.contains(&stranger.url()), "{}", output.stderr);
    assert!(stranger.ledger().is_empty());
}
