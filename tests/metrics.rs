//! `/metrics`, read with Prometheus's own parser.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use toril_tests::toril::component;
use toril_tests::wait::{LONG, wait_until};
use toril_tests::{RedisServer, Toril, http, promtool, python};

const WORK: &str = "[queues.work]\nplugin = \"basics\"\nattempts = 2\nbackoff = \"10ms\"\n";

async fn host(redis: &RedisServer) -> Toril {
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(WORK).spawn_run();
    toril.wait_ready().await;
    toril
}

async fn page(toril: &Toril) -> String {
    http::get(&toril.url("/metrics")).await.expect("an answer").body
}

/// The samples of a host's metrics.
async fn samples(toril: &Toril) -> Vec<Value> {
    let samples = python::script("metrics", &page(toril).await).await;
    samples.as_array().cloned().unwrap_or_default()
}

/// The value of the sample with this name and these labels, 0 if it does not exist.
fn value(samples: &[Value], name: &str, labels: &Value) -> f64 {
    let found = samples.iter().find(|sample| sample["name"] == name && &sample["labels"] == labels);
    found.and_then(|sample| sample["value"].as_str()).map_or(0.0, |value| value.parse().unwrap_or(f64::NAN))
}

async fn add(toril: &Toril, name: &str, data: &str) {
    toril.cli(["add", "work", name, "--data", data, "--wait"]).await;
}

#[tokio::test]
async fn completed_and_failed_attempts_are_counted_by_queue_and_kind() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    add(&toril, "echo", "1").await;
    add(&toril, "fatal", "1").await;
    add(&toril, "panic", "1").await;

    let samples = samples(&toril).await;
    let processed = |outcome| json!({ "queue": "work", "plugin": "basics", "outcome": outcome });
    let failed = |kind, last| json!({ "queue": "work", "kind": kind, "final": last });
    let counts = ["completed", "failed", "retry"].map(|o| value(&samples, "jobs_processed_total", &processed(o)));
    assert_eq!(counts, [1.0, 2.0, 1.0]);
    let kinds = [("plugin", "true"), ("trap", "false"), ("trap", "true")];
    let counts = kinds.map(|(kind, last)| value(&samples, "jobs_failed_total", &failed(kind, last)));
    assert_eq!(counts, [1.0, 1.0, 1.0]);
}

#[tokio::test]
async fn durations_waits_and_the_resources_of_pens_are_histograms() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    add(&toril, "sleep", "{\"ms\":60}").await;

    let samples = samples(&toril).await;
    let queue = json!({ "queue": "work" });
    let plugin = json!({ "plugin": "basics" });
    assert!(value(&samples, "job_duration_seconds_sum", &queue) >= 0.06, "{samples:?}");
    assert_eq!(value(&samples, "job_wait_seconds_count", &queue), 1.0);
    assert_eq!(value(&samples, "pen_start_seconds_count", &plugin), 1.0);
    assert!(value(&samples, "pen_memory_bytes_sum", &plugin) >= 65_536.0, "{samples:?}");
    assert!(value(&samples, "pen_fuel_sum", &plugin) >= 1_000.0, "{samples:?}");
    let types: BTreeSet<_> = samples
        .iter()
        .filter(|s| s["name"] == "job_duration_seconds_bucket")
        .collect::<Vec<_>>()
        .iter()
        .filter_map(|s| s["type"].as_str())
        .collect();
    assert_eq!(types, BTreeSet::from(["histogram"]));
}

#[tokio::test]
async fn the_jobs_in_each_state_and_the_versions_in_use_are_gauges() {
    let redis = RedisServer::start().await;
    let client = Toril::new().redis(redis.url()).plugin("basics").config(WORK);
    client.cli(["add", "work", "echo", "--delay", "1h"]).await.succeeded();

    let toril = host(&redis).await;

    let delayed = json!({ "queue": "work", "state": "delayed" });
    wait_until("the jobs to be counted", LONG, async || value(&samples(&toril).await, "queue_jobs", &delayed) == 1.0)
        .await;
    let samples = samples(&toril).await;
    let ready = http::get(&toril.url("/readyz")).await.expect("an answer").json();
    let version = &ready["plugins"][0]["version"];
    let info = json!({ "plugin": "basics", "version": version, "interface": "0.2.0" });
    assert_eq!(value(&samples, "plugin_info", &info), 1.0, "{samples:?}");
    assert_eq!(value(&samples, "redis_up", &json!({})), 1.0);
}

#[tokio::test]
async fn replaced_and_rejected_files_of_a_plugin_are_counted() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis).await;

    toril.replace_plugin("basics", b"nonsense");
    toril.wait_for_log("plugin not reloaded", LONG).await;
    toril.replace_plugin("basics", &component("double"));
    toril.wait_for_log("plugin reloaded", LONG).await;

    let samples = samples(&toril).await;
    let reloads = |result| json!({ "plugin": "basics", "result": result });
    assert_eq!(value(&samples, "plugin_reloads_total", &reloads("refused")), 1.0);
    assert_eq!(value(&samples, "plugin_reloads_total", &reloads("replaced")), 1.0);
}

#[tokio::test]
async fn the_outage_and_the_return_of_redis_are_in_the_metrics() {
    let mut redis = RedisServer::start().await;
    let toril = host(&redis).await;
    let look = async |name| value(&samples(&toril).await, name, &json!({}));
    wait_until("the first check of Redis", LONG, async || look("redis_up").await == 1.0).await;

    redis.kill();
    wait_until("the outage to be counted", LONG, async || look("redis_outages_total").await == 1.0).await;
    assert_eq!(look("redis_up").await, 0.0);
    redis.restart().await;

    wait_until("Redis to be up", LONG, async || look("redis_up").await == 1.0).await;
    assert_eq!(look("redis_reconnects_total").await, 1.0);
}

#[tokio::test]
async fn no_label_has_a_jobs_id_name_or_data() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    toril.cli(["add", "work", "echo", "--id", "hunter2-id", "--data", "\"hunter2-data\"", "--wait"]).await.succeeded();
    toril.cli(["add", "work", "hunter2-name", "--wait"]).await;

    let page = page(&toril).await;
    assert!(page.contains("jobs_processed_total") && !page.contains("hunter2"), "{page}");
}

#[tokio::test]
async fn counters_that_alerts_use_exist_before_their_first_increase() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    wait_until("the counters", LONG, async || {
        let page = page(&toril).await;
        [
            "jobs_stalled_total{queue=\"work\"} 0",
            "plugin_reloads_total{plugin=\"basics\",result=\"refused\"} 0",
            "redis_outages_total 0",
        ]
        .iter()
        .all(|sample| page.contains(sample))
    })
    .await;
}

#[tokio::test]
async fn promtool_finds_nothing_wrong_with_the_metrics() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    add(&toril, "echo", "1").await;
    add(&toril, "panic", "1").await;

    let verdict = promtool::run(&["check", "metrics"], &page(&toril).await).await;

    assert!(verdict.fine && verdict.text.is_empty(), "{}", verdict.text);
    // It does find errors.
    assert!(!promtool::run(&["check", "metrics"], "jobs total 1 x").await.fine);
}

#[tokio::test]
async fn promtool_accepts_the_alert_rules_and_each_fires_only_for_its_own_cause() {
    let rules = std::fs::read_to_string(toril_tests::repository().join("deploy/alerts.yml")).expect("the rules");
    let tests = std::fs::read_to_string(toril_tests::repository().join("tests/prometheus/alerts.yml")).expect("tests");
    let names: Vec<_> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let untested: Vec<_> = names.iter().filter(|name| !tests.contains(&format!("alertname: {name}"))).collect();
    assert!(names.len() >= 8 && untested.is_empty(), "{untested:?}");

    for arguments in [["check", "rules", "deploy/alerts.yml"], ["test", "rules", "tests/prometheus/alerts.yml"]] {
        let verdict = promtool::run(&arguments, "").await;
        assert!(verdict.fine && verdict.text.contains("SUCCESS"), "{arguments:?}: {}", verdict.text);
    }
}

#[tokio::test]
async fn the_dashboard_and_the_alert_rules_use_existing_metrics() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    add(&toril, "fatal", "1").await;
    let described = page(&toril).await;
    let known = |name: &str| {
        let base = ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        described.contains(&format!("# TYPE {base} "))
    };
    let deploy = toril_tests::repository().join("deploy");
    let mut asked = BTreeSet::new();
    for file in ["grafana-dashboard.json", "alerts.yml", "keda.yml"] {
        let text = std::fs::read_to_string(deploy.join(file)).expect(file);
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let metric = |word: &&str| {
            ["jobs_", "job_", "queue_jobs", "pen_", "plugin_", "redis_", "process_"]
                .iter()
                .any(|start| word.starts_with(start))
        };
        asked.extend(words.filter(metric).map(str::to_owned));
    }

    let unknown: Vec<_> = asked.iter().filter(|name| !known(name)).collect();

    assert!(asked.len() > 10 && unknown.is_empty(), "{unknown:?} of {asked:?}");
}
