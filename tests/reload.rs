//! Plugins and configuration that are replaced while the host runs.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use toril_tests::toril::{component, variant};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, http, node, wait_until};

/// The version of a plugin that the host uses.
async fn version(toril: &Toril, plugin: &str) -> String {
    status(toril, plugin).await["version"].as_str().unwrap_or_default().to_owned()
}

async fn status(toril: &Toril, plugin: &str) -> Value {
    let ready = http::get(&toril.url("/readyz")).await.expect("an answer").json();
    let plugins = ready["plugins"].as_array().cloned().unwrap_or_default();
    plugins.into_iter().find(|status| status["plugin"] == plugin).unwrap_or_default()
}

/// A host that compiles its plugins itself.
async fn compiling_host(redis: &RedisServer) -> Toril {
    let mut toril = Toril::new().own_cache().redis(redis.url()).plugin("basics").config(WORK).spawn_run();
    toril.wait_ready().await;
    toril
}

async fn host(redis: &RedisServer, config: &str) -> Toril {
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(config).spawn_run();
    toril.wait_ready().await;
    toril
}

const WORK: &str = "[queues.work]\nplugin = \"basics\"\nconcurrency = 8\n";

#[tokio::test]
async fn twenty_reloads_under_load_lose_fail_and_repeat_no_job_and_results_show_both_versions() {
    let redis = RedisServer::start().await;
    let toril = compiling_host(&redis).await;
    let (first, second) = (component("basics"), component("blue/basics"));
    let url = redis.url();
    let load = tokio::spawn(async move {
        let mut results = Vec::new();
        // Batch after batch, so that jobs wait at every moment of every reload.
        for _ in 0..40 {
            let job = |n| match n % 2 {
                0 => json!({ "name": "version", "data": {} }),
                _ => json!({ "name": "sleep", "data": { "ms": n % 10 } }),
            };
            let jobs: Vec<_> = (0..100).map(job).collect();
            let done = node::run("add", json!({ "redis": url, "queue": "work", "jobs": jobs, "wait": true })).await;
            results.extend(done["results"].as_array().cloned().expect("results"));
        }
        results
    });

    let mut versions = BTreeSet::new();
    for round in 0..20 {
        // Spreads the reloads over the load, however fast each of the two is.
        wait_until("jobs of the version before", LONG, async || completed(&redis).await >= round * 150).await;
        let before = version(&toril, "basics").await;
        let bytes = if round % 2 == 0 { &second } else { &first };
        toril.replace_plugin("basics", &variant(bytes, &format!("v{round}")));
        let now = wait_until("the new version to take over", LONG, async || {
            Some(version(&toril, "basics").await).filter(|now| *now != before)
        })
        .await;
        versions.insert(now);
    }

    let still_loaded = !load.is_finished();
    let results = load.await.expect("the load ends");
    assert!(still_loaded, "the load ended before the reloads, so this test shows nothing");
    assert_eq!((versions.len(), results.len()), (20, 4000));
    let failed: Vec<_> = results.iter().filter(|result| result["ok"] != true).collect();
    assert!(failed.is_empty(), "{failed:?}");
    let made_by: BTreeSet<_> = results.iter().filter_map(|result| result["value"]["version"].as_str()).collect();
    assert_eq!(made_by, BTreeSet::from(["0", "blue"]));
    let queues = toril.cli(["queues", "--json"]).await.succeeded().json();
    assert_eq!((&queues[0]["completed"], &queues[0]["failed"]), (&json!(4000), &json!(0)), "{queues}");
    assert_eq!(started_more_than_once(&redis).await, 0);
}

/// Jobs of queue `work` that were started more than once.
async fn started_more_than_once(redis: &RedisServer) -> usize {
    let mut connection = redis.connection().await;
    let ids: Vec<String> =
        redis::cmd("ZRANGE").arg("bull:work:completed").arg(&[0, -1]).query_async(&mut connection).await.expect("ids");
    let mut count = 0;
    for id in ids {
        let key = format!("bull:work:{id}");
        let started: u32 = redis::cmd("HGET").arg(key).arg("ats").query_async(&mut connection).await.expect("ats");
        count += usize::from(started > 1);
    }
    count
}

#[tokio::test]
async fn results_show_the_version_that_made_them() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, WORK).await;
    let mut seen = Vec::new();

    for label in ["a", "b"] {
        let before = version(&toril, "basics").await;
        toril.replace_plugin("basics", &variant(&component("basics"), label));
        wait_until("the new version", LONG, async || version(&toril, "basics").await != before).await;
        toril.cli(["add", "work", "echo", "--wait"]).await.succeeded();
        seen.push(version(&toril, "basics").await);
    }

    let logs = toril.logs();
    for version in seen {
        let line = logs.lines().find(|line| line.contains("attempt ended") && line.contains(&version));
        assert!(line.is_some(), "no attempt on version {version}:\n{logs}");
    }
}

#[tokio::test]
async fn a_running_attempt_finishes_on_the_version_that_it_started_with() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, WORK).await;
    let before = version(&toril, "basics").await;
    toril.cli(["add", "work", "sleep", "--data", "{\"ms\":3000}"]).await.succeeded();
    wait_until("the job to run", LONG, async || {
        toril.cli(["job", "work", "1", "--json"]).await.json()["state"] == "active"
    })
    .await;

    toril.replace_plugin("basics", &variant(&component("basics"), "new"));
    wait_until("the new version", LONG, async || version(&toril, "basics").await != before).await;

    let line = toril.wait_for_log("attempt ended", LONG).await;
    assert!(line.contains(&before) && line.contains("completed"), "{line}");
}

#[tokio::test]
async fn a_broken_file_changes_nothing_and_is_reported_and_a_good_one_then_takes_over() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, WORK).await;
    let before = version(&toril, "basics").await;

    toril.replace_plugin("basics", b"this is no component");

    toril.wait_for_log("plugin not reloaded", LONG).await;
    let refused = status(&toril, "basics").await;
    assert_eq!(refused["version"], json!(before));
    assert!(refused["refused"].as_str().is_some_and(|why| why.contains("is not a WebAssembly component")), "{refused}");
    toril.cli(["add", "work", "echo", "--wait"]).await.succeeded();

    toril.replace_plugin("basics", &variant(&component("basics"), "good"));
    wait_until("the good version", LONG, async || version(&toril, "basics").await != before).await;
    assert_eq!(status(&toril, "basics").await["refused"], Value::Null);
}

#[tokio::test]
async fn a_component_that_is_not_a_plugin_is_rejected() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, WORK).await;

    toril.replace_plugin("basics", &component("no-handler"));

    let line = toril.wait_for_log("plugin not reloaded", LONG).await;
    assert!(line.contains("toril:plugin/handler"), "{line}");
}

#[tokio::test]
async fn a_file_that_is_copied_in_pieces_is_loaded_once_it_is_complete() {
    let redis = RedisServer::start().await;
    let toril = host(&redis, WORK).await;
    let before = version(&toril, "basics").await;

    let bytes = variant(&component("basics"), "copied");
    toril.write_plugin_in_pieces("basics", &bytes, 10, Duration::from_millis(50)).await;

    wait_until("the copied version", LONG, async || version(&toril, "basics").await != before).await;
    assert_eq!(status(&toril, "basics").await["refused"], Value::Null);
    toril.cli(["add", "work", "echo", "--wait"]).await.succeeded();
}

#[tokio::test]
async fn a_restart_loads_the_compiled_plugin_from_the_cache() {
    let redis = RedisServer::start().await;
    let mut toril = compiling_host(&redis).await;
    let cached = || -> Vec<_> {
        let folder = std::fs::read_dir(toril.folder().join(".toril/cache")).expect("a cache");
        folder
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|e| e == "cwasm"))
            .collect()
    };
    let artifacts = cached();
    assert_eq!(artifacts.len(), 1, "{artifacts:?}");
    let written = std::fs::metadata(&artifacts[0]).and_then(|m| m.modified()).expect("a time");

    toril.end().await;
    toril.start(["run"]);
    toril.wait_ready().await;

    toril.cli(["add", "work", "echo", "--wait"]).await.succeeded();
    assert_eq!(std::fs::metadata(&artifacts[0]).and_then(|m| m.modified()).expect("a time"), written);
}

#[tokio::test]
async fn the_next_version_of_a_large_plugin_is_compiled_from_the_functions_of_the_one_before() {
    let redis = RedisServer::start().await;
    let toril = compiling_host(&redis).await;
    let mut seen = version(&toril, "basics").await;
    for build in ["1", "2"] {
        toril.replace_plugin("basics", &variant(&component("basics"), &build.repeat(1 << 20)));
        seen = wait_until("the next version", LONG, async || {
            let version = version(&toril, "basics").await;
            (version != seen).then_some(version)
        })
        .await;
    }

    let logs = toril.logs();
    let summaries: Vec<_> = logs.lines().filter(|line| line.contains("taken from earlier components")).collect();
    assert_eq!(summaries.len(), 2, "{logs}");
    assert!(summaries[0].contains(" 0 taken from"), "{}", summaries[0]);
    assert!(!summaries[1].contains(" 0 taken from"), "{}", summaries[1]);
}

#[tokio::test]
async fn an_added_queue_is_processed_and_a_removed_one_is_drained_first() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, "[queues.old]\nplugin = \"basics\"\n").await;
    toril.cli(["add", "old", "sleep", "--data", "{\"ms\":1500}"]).await.succeeded();
    wait_until("the job to run", LONG, async || {
        toril.cli(["job", "old", "1", "--json"]).await.json()["state"] == "active"
    })
    .await;

    toril.rewrite_config("[queues.new]\nplugin = \"basics\"\n");
    toril.wait_for_log("configuration reloaded", LONG).await;

    toril.cli(["add", "new", "echo", "--wait"]).await.succeeded();
    let drained = toril.wait_for_log("queue drained", LONG).await;
    assert!(drained.contains("clean=true"), "{drained}");
    assert_eq!(toril.cli(["job", "old", "1", "--json"]).await.json()["state"], "completed");
    toril.cli(["add", "old", "echo"]).await.succeeded();
    assert_eq!(toril.cli(["job", "old", "2", "--json"]).await.json()["state"], "waiting");
}

#[tokio::test]
async fn more_concurrency_is_applied_to_a_running_queue() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, "[queues.work]\nplugin = \"basics\"\nconcurrency = 1\n").await;
    let jobs: Vec<_> = (0..4).map(|_| json!({ "name": "sleep-until-cancelled", "data": {} })).collect();
    node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs })).await;
    let active = async |toril: &Toril| toril.cli(["queues", "--json"]).await.json()[0]["active"].clone();
    wait_until("one to run", LONG, async || active(&toril).await == 1).await;

    toril.rewrite_config("[queues.work]\nplugin = \"basics\"\nconcurrency = 4\n");

    wait_until("all four to run", LONG, async || active(&toril).await == 4).await;
    assert_eq!(toril.end().await, Some(0));
}

#[tokio::test]
async fn a_shorter_timeout_applies_from_the_next_attempt_on() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, WORK).await;

    toril.rewrite_config(format!("{WORK}timeout = \"100ms\"\n"));
    toril.wait_for_log("configuration reloaded", LONG).await;

    let output = toril.cli(["add", "work", "sleep", "--data", "{\"ms\":60000}", "--wait"]).await.exited(1);
    assert!(output.stderr.contains("within 100ms"), "{}", output.stderr);
}

#[tokio::test]
async fn a_changed_rate_limit_is_respected() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, WORK).await;

    toril.rewrite_config(format!("{WORK}rate_limit = {{ max = 1, per = \"1s\" }}\n"));
    toril.wait_for_log("configuration reloaded", LONG).await;

    let jobs: Vec<_> = (0..3).map(|_| json!({ "name": "echo", "data": {} })).collect();
    node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs, "wait": true })).await;
    let at = node::starts(&redis, "work", 3).await;
    assert!(at[2] - at[0] >= 1900, "{at:?}");
}

#[tokio::test]
async fn the_next_attempt_has_an_added_grant() {
    let redis = RedisServer::start().await;
    let agent = toril_tests::agent::serve().await;
    let mut toril = host(&redis, WORK).await;
    let data = json!({ "url": format!("{}/.well-known/agent-card.json", agent.url()) }).to_string();
    toril.cli(["add", "work", "fetch", "--data", &data, "--wait"]).await.exited(1);

    toril.rewrite_config(format!("{WORK}[plugins.basics]\nhttp = [{:?}]\n", agent.url()));
    toril.wait_for_log("configuration reloaded", LONG).await;

    let answer = toril.cli(["add", "work", "fetch", "--data", &data, "--wait"]).await.succeeded().json();
    assert_eq!(answer["status"], 200);
}

#[tokio::test]
async fn a_wrong_configuration_is_reported_with_its_line_and_changes_nothing() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, WORK).await;

    toril.rewrite_config(format!("{WORK}timeout = 5\n"));

    toril.wait_for_log("configuration not reloaded", LONG).await;
    assert!(toril.logs().contains("timeout = 5"), "{}", toril.logs());
    let jobs = json!([{ "name": "echo", "data": {} }]);
    let done = node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs, "wait": true })).await;
    assert_eq!(done["results"][0]["ok"], true);
}

#[tokio::test]
async fn a_configuration_that_names_a_missing_plugin_changes_nothing() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, WORK).await;

    toril.rewrite_config(format!("{WORK}[queues.other]\nplugin = \"nowhere\"\n"));

    let line = toril.wait_for_log("configuration not reloaded", LONG).await;
    assert!(line.contains("nowhere.wasm does not exist"), "{line}");
    toril.cli(["add", "work", "echo", "--wait"]).await.succeeded();
}

#[tokio::test]
async fn the_log_filter_changes_with_the_configuration() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, WORK).await;
    toril.cli(["add", "work", "echo", "--wait"]).await.succeeded();
    assert!(!toril.logs().contains("attempt started"));

    let (listen, plugins) = (toril.listen().to_owned(), toril.folder().join("plugins"));
    let head = format!("[host]\nlisten = {listen:?}\nplugins = {plugins:?}\nlog = \"debug\"\n");
    toril.rewrite_config(format!("{head}{WORK}"));
    toril.wait_for_log("configuration reloaded", LONG).await;

    toril.cli(["add", "work", "echo", "--wait"]).await.succeeded();
    toril.wait_for_log("attempt started", LONG).await;
}

/// How many jobs of queue `work` have completed.
async fn completed(redis: &RedisServer) -> u32 {
    let mut connection = redis.connection().await;
    redis::cmd("ZCARD").arg("bull:work:completed").query_async(&mut connection).await.expect("a count")
}
