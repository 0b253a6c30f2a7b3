//! The two shipped plugins, against servers with the APIs that they are written for.

use serde_json::{Value, json};
use toril_tests::{AgentServer, GithubServer, RedisServer, Toril, agent, github};

async fn github_sync(redis: &RedisServer, github: &GithubServer) -> Toril {
    let url = github.url();
    let config = format!(
        "[queues.github-sync]\nplugin = \"github-sync\"\nattempts = 2\nbackoff = \"10ms\"\n\
         [plugins.github-sync]\nhttp = [{url:?}]\nkeyvalue = true\nconfig = {{ api-url = {url:?} }}\nsecrets = {{ token = \"env:THE_TOKEN\" }}\n"
    );
    let toril = Toril::new().redis(redis.url()).plugin("github-sync").config(config).env("THE_TOKEN", "hunter2");
    let mut toril = toril.spawn_run();
    toril.wait_ready().await;
    toril
}

async fn sync(toril: &Toril, repo: &str) -> toril_tests::toril::Output {
    toril
        .cli([
            "add",
            "github-sync",
            "sync",
            "--data",
            &json!({ "repo": repo, "resources": ["repository"] }).to_string(),
            "--wait",
        ])
        .await
}

async fn agent_commands(redis: &RedisServer, agent: &AgentServer) -> Toril {
    let url = agent.url();
    let config = format!(
        "[queues.agent-commands]\nplugin = \"agent-commands\"\nattempts = 3\nbackoff = \"10ms\"\n\
         [plugins.agent-commands]\nhttp = [{url:?}]\nconfig = {{ agent-url = {url:?} }}\n"
    );
    let mut toril = Toril::new().redis(redis.url()).plugin("agent-commands").config(config).spawn_run();
    toril.wait_ready().await;
    toril
}

async fn send(toril: &Toril, message: &str) -> toril_tests::toril::Output {
    let data = json!({ "message": message }).to_string();
    toril.cli(["add", "agent-commands", "send", "--data", &data, "--wait"]).await
}

#[tokio::test]
async fn github_sync_returns_the_repository_from_the_api() {
    let (redis, github) = (RedisServer::start().await, github::serve().await);
    let toril = github_sync(&redis, &github).await;

    let result = sync(&toril, "octo-org/hello-world").await.succeeded().json();

    assert_eq!((&result["repo"], &result["stars"]), (&json!("octo-org/hello-world"), &json!(80)), "{result}");
}

#[tokio::test]
async fn github_sync_sends_its_token_and_no_log_contains_it() {
    let (redis, github) = (RedisServer::start().await, github::serve().await);
    let toril = github_sync(&redis, &github).await;

    sync(&toril, "octo-org/hello-world").await.succeeded();

    assert_eq!(github.requests()[0].header("authorization"), Some("Bearer hunter2"));
    let job = toril.cli(["job", "github-sync", "1", "--json"]).await.succeeded().stdout;
    assert!(!job.contains("hunter2") && !toril.logs().contains("hunter2"), "a log or the job contains the token");
}

#[tokio::test]
async fn a_missing_repository_fails_for_good() {
    let (redis, github) = (RedisServer::start().await, github::serve().await);
    let toril = github_sync(&redis, &github).await;

    let output = sync(&toril, "octo-org/nothing").await.exited(1);

    assert!(output.stderr.contains("octo-org/nothing"), "{}", output.stderr);
    assert_eq!(github.requests().len(), 1);
}

#[tokio::test]
async fn an_error_of_the_api_is_retried() {
    let (redis, github) = (RedisServer::start().await, github::serve().await);
    let toril = github_sync(&redis, &github).await;
    github.respond_next(502, &[], "{}");

    sync(&toril, "octo-org/hello-world").await.succeeded();

    assert_eq!(github.requests().len(), 2);
}

#[tokio::test]
async fn at_the_apis_rate_limit_the_queue_pauses_and_no_attempt_is_used_up() {
    let (redis, github) = (RedisServer::start().await, github::serve().await);
    let toril = github_sync(&redis, &github).await;
    github.respond_next(429, &[("retry-after", "1")], "{}");

    sync(&toril, "octo-org/hello-world").await.succeeded();

    let job = toril.cli(["job", "github-sync", "1", "--json"]).await.json();
    assert_eq!((&job["attemptsMade"], &job["attemptsStarted"]), (&json!(1), &json!(2)), "{job}");
}

#[tokio::test]
async fn agent_commands_returns_the_agents_answer() {
    let (redis, agent) = (RedisServer::start().await, agent::serve().await);
    let toril = agent_commands(&redis, &agent).await;

    let result = send(&toril, "good morning").await.succeeded().json();

    let text = result["text"].as_str().unwrap_or_default().to_lowercase();
    assert!(text.contains("good morning"), "{result}");
}

#[tokio::test]
async fn a_retried_command_has_the_same_message_id() {
    let (redis, agent) = (RedisServer::start().await, agent::serve().await);
    let toril = agent_commands(&redis, &agent).await;
    agent.refuse_next_call(toril_tests::agent::StatusCode::SERVICE_UNAVAILABLE);

    send(&toril, "good morning").await.succeeded();

    let ids: Vec<String> = agent.message_ids();
    assert_eq!(ids.len(), 2, "{ids:?}");
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_message_of_the_wrong_shape_never_reaches_the_agent() {
    let (redis, agent) = (RedisServer::start().await, agent::serve().await);
    let toril = agent_commands(&redis, &agent).await;
    let data: Value = json!({ "message": 7 });

    let output = toril.cli(["add", "agent-commands", "send", "--data", &data.to_string(), "--wait"]).await.exited(1);

    assert!(output.stderr.contains("field /message"), "{}", output.stderr);
    assert!(agent.requests().is_empty());
}
