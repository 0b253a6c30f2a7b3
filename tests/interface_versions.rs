//! Plugins that were built for another version of the interface than the SDKs use today.

use serde_json::json;
use toril_tests::wait::{LONG, wait_until};
use toril_tests::{RedisServer, Toril};

/// A host that runs the plugin of `wit/since-0.1`.
async fn host(redis: &RedisServer) -> Toril {
    let config = "[queues.work]\nplugin = \"since-0-1\"\ntimeout = \"2m\"\n[plugins.since-0-1]\nadd_to = [\"work\"]\n";
    let mut toril = Toril::new().redis(redis.url()).plugin("since-0-1").config(config).spawn_run();
    toril.wait_ready().await;
    toril
}

#[tokio::test]
async fn a_plugin_of_the_first_version_can_call_its_whole_interface() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    let result = toril.cli(["add", "work", "calls", "--wait"]).await.succeeded().json();

    assert_eq!(result, json!([true, "added", true, true, false]));
    let job = toril.cli(["job", "work", "1", "--json"]).await.json();
    assert_eq!((&job["progress"], &job["data"]), (&json!(42), &json!({ "kept": true })), "{job}");
    assert!(job["logs"][0].as_str().is_some_and(|line| line.contains("a line")), "{job}");
    let added = toril.cli(["job", "work", "added", "--json"]).await.json();
    assert_eq!((&added["state"], &added["opts"]["backoff"]["delay"]), (&json!("delayed"), &json!(7)), "{added}");
}

#[tokio::test]
async fn a_plugin_of_the_first_version_waits_for_its_children() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    let result = toril.cli(["add", "work", "family", "--wait"]).await.succeeded().json();

    assert_eq!(result, json!([0, ["attempt 1 of 1"]]));
}

#[tokio::test]
async fn a_plugin_of_the_first_version_gets_the_reason_of_a_cancellation() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    let id = toril.cli(["add", "work", "wait", "--json"]).await.succeeded().json()["id"].clone();
    let id = id.as_str().unwrap_or_default();
    let job = async || toril.cli(["job", "work", id, "--json"]).await.json();
    wait_until("the job to run", LONG, async || job().await["state"] == "active").await;

    toril.cli(["cancel", "work", id, "--reason", "enough"]).await.succeeded();

    wait_until("the job to end", LONG, async || job().await["state"] == "completed").await;
    assert_eq!(job().await["returnvalue"], "enough");
}

#[tokio::test]
async fn a_plugin_of_a_newer_version_is_rejected_with_its_version_and_the_supported_ones() {
    let toril = Toril::new().plugin("newer").config("[queues.work]\nplugin = \"newer\"\n");

    let error = toril.cli(["check"]).await.exited(2).stderr;

    assert!(error.contains("toril:plugin/handler@9.0.0"), "{error}");
    assert!(error.contains("version 0.2.0 and 0.1.0"), "{error}");
}
