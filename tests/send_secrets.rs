//! Secrets that a plugin may send but not read.

use serde_json::{Value, json};
use toril_tests::toril::component;
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, agent};

const SECRET: &str = "word-that-no-plugin-reads";
const PLACEHOLDER: &str = "<toril-secret:api>";

fn config(granted: &[&str], origin: &str) -> String {
    format!(
        "[queues.work]\nplugin = \"basics\"\n[plugins.basics]\nhttp = {granted:?}\n[plugins.basics.send_secrets]\napi = {{ secret = \"env:API_KEY\", origin = {origin:?} }}\n"
    )
}

async fn host(redis: &RedisServer, config: String) -> Toril {
    let toril = Toril::new().redis(redis.url()).plugin("basics").config(config).env("API_KEY", SECRET);
    let mut toril = toril.host("log = \"trace\"").spawn_run();
    toril.wait_ready().await;
    toril
}

/// The data of a job that sends the setting: the setting replaces `{}`.
fn sent(url: &str, header: &str) -> String {
    json!({ "key": "api", "url": url, "headers": [[header, "Bearer {}"]], "body": "{}" }).to_string()
}

#[tokio::test]
async fn the_secret_is_sent_to_its_origin_in_its_header_and_the_plugin_reads_a_placeholder() {
    let (redis, agent) = (RedisServer::start().await, agent::serve().await);
    let toril = host(&redis, config(&[agent.url()], agent.url())).await;

    let job = ["add", "work", "send", "--wait", "--data", &sent(&format!("{}/", agent.url()), "authorization")];
    let result = toril.cli(job).await.succeeded().json();

    assert_eq!(result["setting"], PLACEHOLDER);
    let received = agent.requests().remove(0);
    assert_eq!(received.header("authorization"), Some(&*format!("Bearer {SECRET}")));
    // In the body, the placeholder stays a placeholder.
    assert_eq!(received.body, PLACEHOLDER);
    assert!(!toril.logs().contains(SECRET));
}

#[tokio::test]
async fn a_placeholder_for_another_origin_or_in_another_header_is_not_sent_at_all() {
    let (redis, agent, other) = (RedisServer::start().await, agent::serve().await, agent::serve().await);
    let toril = host(&redis, config(&[agent.url(), other.url()], agent.url())).await;

    for (url, header) in [(agent.url(), "x-api-key"), (other.url(), "authorization")] {
        let job = ["add", "work", "send", "--wait", "--data", &sent(&format!("{url}/"), header)];
        let error = toril.cli(job).await.exited(1).stderr;
        let says = format!("may send the secret api only to {} in the header authorization", agent.url());
        assert!(error.contains(&says) && !error.contains(SECRET), "{error}");
    }

    assert_eq!((agent.requests().len(), other.requests().len()), (0, 0));
}

#[tokio::test]
async fn a_response_header_with_the_secret_has_the_placeholder_instead() {
    let (redis, agent) = (RedisServer::start().await, agent::serve().await);
    let toril = host(&redis, config(&[agent.url()], agent.url())).await;
    agent.respond_next(200, &[("x-echo", &format!("you sent Bearer {SECRET}"))], "");

    let job = ["add", "work", "send", "--wait", "--data", &sent(&format!("{}/", agent.url()), "authorization")];
    let result = toril.cli(job).await.succeeded().json();

    assert_eq!(result["echo"], format!("you sent Bearer {PLACEHOLDER}"));
}

#[tokio::test]
async fn a_new_secret_is_sent_after_a_reload() {
    let (redis, agent) = (RedisServer::start().await, agent::serve().await);
    let from_file = config(&[agent.url()], agent.url()).replace("env:API_KEY", "file:key");
    let toril = Toril::new().redis(redis.url()).plugin("basics").config(&*from_file);
    let key = toril.config_path().with_file_name("key");
    std::fs::write(&key, "first").expect("a secret");
    let mut toril = toril.spawn_run();
    toril.wait_ready().await;
    let data = sent(&format!("{}/", agent.url()), "authorization");
    let job = ["add", "work", "send", "--wait", "--data", &data];
    toril.cli(job).await.succeeded();

    std::fs::write(&key, "second\n").expect("a secret");
    toril.rewrite_config(format!("{from_file}# changed\n"));
    toril.wait_for_log("configuration reloaded", LONG).await;
    toril.cli(job).await.succeeded();

    let sent: Vec<_> = agent.requests().iter().map(|sent| sent.header("authorization").map(str::to_owned)).collect();
    assert_eq!(sent, [Some("Bearer first".to_owned()), Some("Bearer second".to_owned())]);
}

#[tokio::test]
async fn check_reports_invalid_send_secrets_without_the_secret() {
    let check = async |config: String, secret: &str| {
        let toril = Toril::new().plugin("basics").config(config).env("API_KEY", secret);
        toril.cli(["check"]).await
    };
    let (granted, origin) = ("https://api.example.com", "https://api.example.com");

    for (config, secret, says) in [
        (config(&["https://other.example.com"], origin), SECRET, "is not in `http` of the plugin"),
        (config(&[granted], origin), "two\nlines-of-hunter2", "has a character that a header cannot have"),
        (config(&[granted], origin).replace("origin =", "header = \"host\", origin ="), SECRET, "the host sets itself"),
        (config(&[granted], origin).replace("origin =", "orgin ="), SECRET, "did you mean `origin`"),
        (config(&[granted], origin).replace("env:API_KEY", SECRET), SECRET, "is written out"),
        (config(&[granted], origin) + "[plugins.basics.config]\napi = \"x\"\n", SECRET, "is in both"),
    ] {
        let output = check(config, secret).await.exited(2);
        assert!(output.stderr.contains(says), "{says}: {}", output.stderr);
        assert!(!output.stderr.contains(SECRET) && !output.stderr.contains("hunter2"), "{}", output.stderr);
    }
    let output = check(config(&[granted], origin), SECRET).await.succeeded();
    assert!(!format!("{}{}", output.stdout, output.stderr).contains(SECRET));
}

#[tokio::test]
async fn a_trial_run_sends_the_secret_and_shows_and_records_the_placeholder() {
    let agent = agent::serve().await;
    let toril = Toril::new().plugin("basics").config(config(&[agent.url()], agent.url())).env("API_KEY", SECRET);
    let (file, tape) = (toril.plugin_path("basics"), toril.folder().join("tape.json"));
    std::fs::write(&file, component("basics")).expect("a plugin");
    agent.respond_next(200, &[("x-echo", SECRET)], format!("you sent {SECRET}"));

    let data = sent(&format!("{}/", agent.url()), "authorization");
    let mut test = vec!["plugin", "test", file.to_str().expect("a path"), "--name", "send", "--data", &data];
    test.extend(["--http-record", tape.to_str().expect("a path")]);
    let output = toril.cli(test).await.succeeded();

    assert_eq!(agent.requests()[0].header("authorization"), Some(&*format!("Bearer {SECRET}")));
    let recorded = std::fs::read_to_string(&tape).expect("a recording");
    for shown in [&output.stdout, &output.stderr, &recorded] {
        assert!(!shown.contains(SECRET), "{shown}");
    }
    let recorded: Value = serde_json::from_str(&recorded).expect("JSON");
    assert_eq!(recorded["exchanges"][0]["response"]["body"], format!("you sent {PLACEHOLDER}"));
}
