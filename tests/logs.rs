//! The host's log: one line for each event with its fields, and a level that can change while the host runs.

use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, http, node, wait_until};

const WORK: &str =
    "[queues.work]\nplugin = \"basics\"\nconcurrency = 5\nlock_duration = \"1s\"\nstalled_interval = \"1s\"\n";

async fn host(toril: Toril) -> Toril {
    let mut toril = toril.plugin("basics").spawn(["run", "--log-format", "json"]);
    toril.wait_ready().await;
    toril
}

fn lines(toril: &Toril) -> Vec<Value> {
    toril.logs().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The lines with this message about one job.
fn of(lines: &[Value], message: &str, job: &str) -> Vec<Value> {
    lines.iter().filter(|line| line["message"] == message && line["job_id"] == job).cloned().collect()
}

async fn add(redis: &RedisServer, jobs: Value) {
    node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs, "wait": true })).await;
}

#[tokio::test]
async fn each_end_of_an_attempt_is_one_line_with_job_plugin_and_outcome() {
    let redis = RedisServer::start().await;
    let toril = host(Toril::new().redis(redis.url()).env("TORIL_LOG", "toril=debug").config(WORK)).await;
    let again = json!({ "attempts": 2, "backoff": 1 });
    let job = |id: &str, name: &str| json!({ "name": name, "data": { "times": 1 }, "opts": { "jobId": id, "attempts": again["attempts"], "backoff": again["backoff"] } });
    add(&redis, json!([job("good", "echo"), job("bad", "fatal"), job("later", "fail-times")])).await;

    let lines = lines(&toril);

    let ended = |id: &str| of(&lines, "attempt ended", id);
    let outcomes = |id: &str| ended(id).iter().map(|line| line["outcome"].clone()).collect::<Vec<_>>();
    assert_eq!(
        (outcomes("good"), outcomes("bad"), outcomes("later")),
        (vec![json!("completed")], vec![json!("failed")], vec![json!("retry"), json!("completed")])
    );
    for line in ["good", "bad", "later"].into_iter().flat_map(ended) {
        assert_eq!(
            (&line["queue"], &line["plugin"], &line["level"]),
            (&json!("work"), &json!("basics"), &json!("INFO"))
        );
        assert!(line["version"].as_str().is_some_and(|version| version.len() == 12), "{line}");
        assert!(line["duration_ms"].is_u64() && line["attempt"].is_u64(), "{line}");
    }
    assert_eq!(ended("bad")[0]["failure"], "plugin");
    let started = of(&lines, "attempt started", "later");
    assert_eq!(started.iter().map(|line| line["attempt"].clone()).collect::<Vec<_>>(), [1, 2]);
    assert!(started.iter().all(|line| line["level"] == "DEBUG" && line["queue"] == "work"), "{started:?}");
}

#[tokio::test]
async fn a_stalled_job_a_reload_and_the_shutdown_are_one_line_each() {
    let redis = RedisServer::start().await;
    let mut first = host(Toril::new().redis(redis.url()).config(WORK)).await;
    let opts = json!({ "jobId": "lost" });
    let jobs = json!([{ "name": "sleep-until-cancelled", "data": {}, "opts": opts }]);
    node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs })).await;
    wait_until("the job to run", LONG, async || {
        first.cli(["job", "work", "lost", "--json"]).await.succeeded().json()["state"] == "active"
    })
    .await;
    first.kill();
    let mut second = host(Toril::new().redis(redis.url()).config(WORK)).await;
    second.wait_for_log("job stalled", LONG).await;
    wait_until("the job to run again, and to end", LONG, async || {
        second.cli(["cancel", "work", "lost"]).await;
        second.logs().contains("attempt ended")
    })
    .await;
    second.rewrite_config(format!("{WORK}attempts = 3\n"));
    second.wait_for_log("configuration reloaded", LONG).await;
    second.replace_plugin("basics", &toril_tests::toril::component("blue/basics"));
    second.wait_for_log("plugin reloaded", LONG).await;
    assert_eq!(second.end().await, Some(0));

    let lines = lines(&second);

    let stalled = of(&lines, "job stalled", "lost");
    assert_eq!((stalled.len(), &stalled[0]["queue"], &stalled[0]["level"]), (1, &json!("work"), &json!("WARN")));
    for message in ["configuration reloaded", "plugin reloaded", "shutting down: no more jobs are claimed", "shut down"]
    {
        assert_eq!(lines.iter().filter(|line| line["message"] == message).count(), 1, "{message}");
    }
    let reloaded = lines.iter().find(|line| line["message"] == "plugin reloaded").expect("a line");
    assert!(reloaded["version"].is_string() && reloaded["version"] != reloaded["replaced"], "{reloaded}");
}

async fn put(toril: &Toril, filter: Value) -> http::Response {
    let (url, body) = (toril.url("/api/v1/host/log"), json!({ "filter": filter }).to_string());
    http::request("PUT", &url, &[("content-type", "application/json")], &body).await.expect("an answer")
}

async fn now(toril: &Toril) -> Value {
    http::get(&toril.url("/api/v1/host/log")).await.expect("an answer").json()
}

/// Runs another job, and returns how many lines say that an attempt has begun.
async fn begun(redis: &RedisServer, toril: &Toril) -> usize {
    let ended = |toril: &Toril| toril.logs().matches("attempt ended").count();
    let before = ended(toril);
    add(redis, json!([{ "name": "echo", "data": {} }])).await;
    wait_until("the attempt to be logged", LONG, async || ended(toril) > before).await;
    toril.logs().matches("attempt started").count()
}

#[tokio::test]
async fn the_log_filter_changes_over_http_and_the_last_change_wins() {
    let redis = RedisServer::start().await;
    let mut toril = host(Toril::new().redis(redis.url()).config(WORK)).await;
    assert_eq!(now(&toril).await["source"], "default");
    assert_eq!(begun(&redis, &toril).await, 0);

    let changed = put(&toril, json!("toril=debug")).await;
    assert_eq!((changed.status, changed.json()), (200, json!({ "filter": "toril=debug", "source": "request" })));
    assert_eq!(begun(&redis, &toril).await, 1);

    // A change of another key does not affect it. A change of `log` does.
    toril.rewrite_config(format!("{WORK}attempts = 3\n"));
    toril.wait_for_log("configuration reloaded", LONG).await;
    assert_eq!(now(&toril).await["source"], "request");
    toril = toril.host("log = \"toril=info\"");
    toril.rewrite_config(format!("{WORK}attempts = 3\n"));
    wait_until("the configuration's filter to apply", LONG, async || now(&toril).await["source"] == "configuration")
        .await;
    assert_eq!(begun(&redis, &toril).await, 1);

    assert_eq!(put(&toril, json!("toril=debug")).await.status, 200);
    assert_eq!(put(&toril, Value::Null).await.json(), json!({ "filter": "toril=info", "source": "configuration" }));
}

#[tokio::test]
async fn an_invalid_filter_is_rejected_and_changes_nothing() {
    let redis = RedisServer::start().await;
    let toril = host(Toril::new().redis(redis.url()).env("TORIL_LOG", "toril=info").config(WORK)).await;
    for filter in [json!("toril=loud"), json!(""), json!("x".repeat(1001))] {
        let refused = put(&toril, filter.clone()).await;
        assert_eq!(refused.status, 422, "{filter}: {}", refused.body);
    }
    assert_eq!(now(&toril).await, json!({ "filter": "toril=info", "source": "environment" }));
    let read_only = host(Toril::new().redis(redis.url()).host("admin = \"read-only\"").config(WORK)).await;
    assert_eq!(put(&read_only, json!("debug")).await.status, 403);
}
