//! `toril dev`: a host with a private Redis server.

use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{Toril, node, wait_until};

async fn dev() -> Toril {
    let mut toril = Toril::new().plugin("basics").config("[queues.work]\nplugin = \"basics\"\n").spawn(["dev"]);
    toril.wait_ready().await;
    toril
}

fn announced(toril: &Toril) -> Value {
    let text = std::fs::read(toril.folder().join(".toril/dev.json")).expect("dev.json");
    serde_json::from_slice(&text).expect("JSON")
}

/// The processes that serve this port as a Redis does.
async fn answers(url: &str) -> bool {
    let client = redis::Client::open(url).expect("a URL");
    let ping = async { client.get_multiplexed_async_connection().await };
    matches!(tokio::time::timeout(std::time::Duration::from_secs(5), ping).await, Ok(Ok(_)))
}

#[tokio::test]
async fn jobs_run_without_any_redis_of_ones_own() {
    let mut toril = dev().await;

    let done = toril.cli(["add", "--dev", "work", "echo", "--data", "{\"a\":1}", "--wait"]).await.succeeded();

    assert_eq!(done.json(), json!({ "a": 1 }));
    assert_eq!(toril.end().await, Some(0));
}

#[tokio::test]
async fn node_connects_to_the_url_that_is_printed() {
    let mut toril = dev().await;
    let line = toril.wait_for_log("private Redis server started", LONG).await;
    let url = announced(&toril)["redis_url"].as_str().expect("a URL").to_owned();
    assert!(line.contains(&url), "{line}");

    let jobs = json!([{ "name": "echo", "data": { "from": "node" } }]);
    let done = node::run("add", json!({ "redis": url, "queue": "work", "jobs": jobs, "wait": true })).await;

    assert_eq!(done["results"][0]["value"], json!({ "from": "node" }));
}

#[tokio::test]
async fn data_is_kept_between_runs_and_the_server_ends_with_the_host() {
    let mut toril = dev().await;
    let url = announced(&toril)["redis_url"].as_str().expect("a URL").to_owned();
    toril.cli(["add", "--dev", "work", "echo", "--id", "kept", "--wait"]).await.succeeded();

    assert_eq!(toril.end().await, Some(0));
    assert!(!answers(&url).await, "the server still runs at {url}");
    toril.start(["dev"]);
    toril.wait_ready().await;

    let job = toril.cli(["job", "--dev", "work", "kept", "--json"]).await.succeeded().json();
    assert_eq!(job["state"], "completed");
}

#[tokio::test]
async fn the_server_does_not_outlive_a_killed_host() {
    let mut toril = dev().await;
    let url = announced(&toril)["redis_url"].as_str().expect("a URL").to_owned();
    assert!(answers(&url).await);

    toril.kill();
    toril.wait_exit(LONG).await;

    wait_until("the server to end", LONG, async || !answers(&url).await).await;
    // And its folder is free again, with what it held.
    toril.start(["dev"]);
    toril.wait_ready().await;
    assert_eq!(toril.end().await, Some(0));
}

#[tokio::test]
async fn a_second_one_in_the_same_folder_says_so() {
    let toril = dev().await;

    let second = toril.cli(["dev"]).await.exited(1);

    assert!(second.stderr.contains("another `toril dev` works in"), "{}", second.stderr);
}

#[tokio::test]
async fn a_client_says_that_no_dev_runs() {
    let toril = Toril::new().plugin("basics").config("[queues.work]\nplugin = \"basics\"\n");

    let output = toril.cli(["queues", "--dev"]).await.exited(1);

    assert!(output.stderr.contains("no `toril dev` runs in"), "{}", output.stderr);
}

#[tokio::test]
async fn a_server_that_cannot_be_started_is_told_with_what_it_said() {
    let toril = Toril::new()
        .plugin("basics")
        .config("[queues.work]\nplugin = \"basics\"\n")
        .env("TORIL_REDIS_SERVER", "/bin/false");

    let output = toril.cli(["dev"]).await.exited(1);

    assert!(output.stderr.contains("/bin/false ended while it started"), "{}", output.stderr);
}
