//! Limits of misbehaving plugins, and that others are not affected. Covers what is not a row of the table in
//! `tests/hostile`.

use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, http, node, wait_until};

/// Runs one job of queue `work` on this plugin. Returns the reason of its failure, and the servers.
async fn failure(plugin: &str, settings: &str, name: &str, data: Value) -> (String, (Toril, RedisServer)) {
    let redis = RedisServer::start().await;
    let config = format!("[queues.work]\nplugin = {plugin:?}\n{settings}\n");
    let mut toril = Toril::new().redis(redis.url()).plugin(plugin).config(config).spawn_run();
    toril.wait_ready().await;
    let output = toril.cli(["add", "work", name, "--data", &data.to_string(), "--wait"]).await.exited(1);
    assert_eq!(http::get(&toril.url("/healthz")).await.expect("an answer").status, 200);
    (output.stderr, (toril, redis))
}

#[tokio::test]
async fn a_wait_in_a_host_call_ends_at_the_timeout() {
    let (error, _) = failure("basics", "timeout = \"1s\"", "sleep", json!({ "ms": 60_000 })).await;
    assert!(error.contains("did not finish within 1s"), "{error}");
}

#[tokio::test]
async fn an_attempt_without_fuel_ends_with_an_error_that_names_the_limit() {
    let (error, _) = failure("spin", "[plugins.spin]\nfuel = 1_000_000", "any", json!({})).await;
    assert!(error.contains("`fuel = 1000000` under [plugins.spin]"), "{error}");
}

#[tokio::test]
async fn a_panic_of_the_plugin_fails_the_attempt_and_its_message_is_in_the_jobs_log() {
    let (error, (toril, _redis)) = failure("basics", "", "panic", json!({})).await;
    assert!(error.contains("the plugin trapped"), "{error}");
    let job = toril.cli(["job", "work", "1", "--json"]).await.succeeded().json();
    assert!(job["logs"].to_string().contains("panicked"), "{job}");
    assert!(job["stacktrace"][0].as_str().is_some_and(|trace| trace.contains("wasm backtrace")), "{job}");
}

#[tokio::test]
async fn a_result_that_is_too_large_fails_the_attempt() {
    let settings = "[plugins.basics]\nmax_result = \"1000B\"";
    let (error, _) = failure("basics", settings, "huge", json!({ "bytes": 1001 })).await;
    assert!(error.contains("returned 1001 bytes and may return 1000"), "{error}");
}

#[tokio::test]
async fn a_request_to_an_origin_that_was_not_granted_is_refused_and_the_error_says_what_to_add() {
    let (error, (toril, _redis)) = failure("basics", "", "fetch", json!({ "url": "http://127.0.0.1:9/secret" })).await;
    assert!(error.contains("add \"http://127.0.0.1:9\" to `http` under [plugins.basics]"), "{error}");
    assert!(!toril.logs().contains("/secret"), "the path of a request is in the host's log");
}

/// A host whose queues use this plugin, and another queue, `work`, which does not.
async fn host_beside_work(redis: &RedisServer, plugin: &str, queues: &str) -> Toril {
    let mut toril = Toril::new()
        .redis(redis.url())
        .plugin(plugin)
        .plugin("basics")
        .host("pen_threads = 2")
        .host("shutdown_timeout = \"1s\"")
        .config(format!("{queues}[queues.work]\nplugin = \"basics\"\n"))
        .spawn_run();
    toril.wait_ready().await;
    toril
}

/// Checks that queue `work` runs jobs, and that the host is ready.
async fn assert_works(toril: &Toril, redis: &RedisServer) {
    let jobs: Vec<_> = (0..50).map(|n| json!({ "name": "echo", "data": { "n": n } })).collect();
    let done = node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs, "wait": true })).await;
    assert!(done["results"].as_array().expect("results").iter().all(|result| result["ok"] == true), "{done}");
    assert_eq!(http::get(&toril.url("/readyz")).await.expect("an answer").status, 200);
}

#[tokio::test]
async fn spinning_guests_delay_neither_other_queues_nor_health() {
    let redis = RedisServer::start().await;
    let config = "[queues.spinning]\nplugin = \"spin\"\nconcurrency = 8\ntimeout = \"20s\"\n";
    let toril = host_beside_work(&redis, "spin", config).await;
    let spinning: Vec<_> = (0..8).map(|_| json!({ "name": "any", "data": {} })).collect();
    node::run("add", json!({ "redis": redis.url(), "queue": "spinning", "jobs": spinning })).await;
    wait_until("all eight to spin", LONG, async || active(&toril, "spinning").await == 8).await;

    assert_works(&toril, &redis).await;

    // All eight must still spin, else the test has shown nothing.
    assert_eq!(active(&toril, "spinning").await, 8);
}

/// The queue's loop runs a job inline if the previous one took no time.
#[tokio::test]
async fn guests_that_were_quick_and_then_compute_delay_neither_other_queues_nor_health() {
    let redis = RedisServer::start().await;
    let queues: Vec<_> = (0..6).map(|n| format!("computing-{n}")).collect();
    let computing: String = queues.iter().map(|queue| format!("[queues.{queue}]\nplugin = \"bench\"\n")).collect();
    let toril = host_beside_work(&redis, "bench", &computing).await;
    let add = async |queue: &str, jobs: Vec<Value>, wait: bool| {
        node::run("add", json!({ "redis": redis.url(), "queue": queue, "jobs": jobs, "wait": wait })).await
    };
    let many = json!({ "name": "cpu", "data": { "rounds": u32::MAX } });
    for queue in &queues {
        add(queue, vec![json!({ "name": "noop", "data": {} }); 20], true).await;
        add(queue, vec![many.clone()], false).await;
    }
    for queue in &queues {
        wait_until("all six to compute", LONG, async || active(&toril, queue).await == 1).await;
    }

    assert_works(&toril, &redis).await;

    // The last one must still compute, else the test has shown nothing.
    assert_eq!(active(&toril, &queues[5]).await, 1);
}

async fn active(toril: &Toril, queue: &str) -> u64 {
    let queues = toril.cli(["queues", "--json"]).await.succeeded().json();
    let found = queues.as_array().and_then(|queues| queues.iter().find(|view| view["name"] == queue).cloned());
    found.and_then(|view| view["active"].as_u64()).unwrap_or_default()
}

#[tokio::test]
async fn the_hosts_memory_shrinks_again_after_guests_that_took_all_they_could() {
    let redis = RedisServer::start().await;
    let config = "[queues.work]\nplugin = \"allocate\"\nconcurrency = 4\n[plugins.allocate]\nmemory = \"256MiB\"\n";
    let mut toril = Toril::new().redis(redis.url()).plugin("allocate").config(config).spawn_run();
    toril.wait_ready().await;
    let round = async || {
        let jobs: Vec<_> = (0..8).map(|_| json!({ "name": "any", "data": {} })).collect();
        node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs, "wait": true })).await;
    };
    // The first round fills what stays allocated: code, and the slots of the pool.
    round().await;
    let before = resident(toril.pid());
    round().await;
    round().await;

    let pid = toril.pid();
    wait_until("the memory to be freed", LONG, async || resident(pid) < before + 64 * 1024 * 1024).await;
}

/// Resident memory of a process in bytes, from the second field of `/proc/PID/statm`, in pages.
fn resident(pid: u32) -> u64 {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).expect("the host runs");
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("pages") * 4096
}
