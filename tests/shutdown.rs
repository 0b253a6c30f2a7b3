//! How a host ends: in order, by force, and killed. No job is lost in any case.

use serde_json::{Value, json};
use toril_tests::proxy::Proxy;
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, node, wait_until};

const WORK: &str = "[queues.work]\nplugin = \"basics\"\nconcurrency = 4\ntimeout = \"10m\"\nlock_duration = \"1s\"\nstalled_interval = \"500ms\"\n";

async fn host(redis: &RedisServer, shutdown_timeout: &str) -> Toril {
    let mut toril = Toril::new()
        .redis(redis.url())
        .plugin("basics")
        .host(format!("shutdown_timeout = {shutdown_timeout:?}"))
        .config(WORK)
        .spawn_run();
    toril.wait_ready().await;
    toril
}

async fn add(redis: &RedisServer, count: usize, name: &str, data: Value) {
    let jobs: Vec<_> = (0..count).map(|_| json!({ "name": name, "data": data })).collect();
    node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs })).await;
}

async fn state(toril: &Toril, id: &str) -> Value {
    toril.cli(["job", "work", id, "--json"]).await.succeeded().json()
}

async fn wait_for_state(toril: &Toril, id: &str, wanted: &str) {
    wait_until(&format!("job {id} to be {wanted}"), LONG, async || state(toril, id).await["state"] == wanted).await;
}

#[tokio::test]
async fn on_sigterm_running_jobs_finish_and_the_exit_code_is_0() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, "60s").await;
    add(&redis, 6, "sleep", json!({ "ms": 1500 })).await;
    wait_for_state(&toril, "4", "active").await;

    toril.terminate();

    assert_eq!(toril.wait_exit(LONG).await.code(), Some(0));
    for id in ["1", "2", "3", "4"] {
        assert_eq!(state(&toril, id).await["state"], "completed");
    }
    // The host did not claim the other two.
    for id in ["5", "6"] {
        assert_eq!(state(&toril, id).await["state"], "waiting");
    }
}

#[tokio::test]
async fn a_plugin_sees_the_shutdown() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, "60s").await;
    add(&redis, 1, "sleep-until-cancelled", json!({})).await;
    wait_for_state(&toril, "1", "active").await;

    toril.terminate();

    assert_eq!(toril.wait_exit(LONG).await.code(), Some(0));
    assert_eq!(state(&toril, "1").await["returnvalue"], json!({ "cancelled": "the host is shutting down" }));
}

#[tokio::test]
async fn an_idle_host_ends_at_once() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, "60s").await;
    // With a delayed job, the worker waits for a timer.
    node::run(
        "add",
        json!({ "redis": redis.url(), "queue": "work",
        "jobs": [{ "name": "echo", "data": {}, "opts": { "delay": 600_000 } }] }),
    )
    .await;
    toril.cli(["add", "work", "echo", "--wait"]).await.succeeded();

    toril.interrupt();

    assert_eq!(toril.wait_exit(LONG).await.code(), Some(0));
}

#[tokio::test]
async fn a_job_longer_than_shutdown_timeout_is_requeued_and_the_exit_code_is_3() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, "300ms").await;
    add(&redis, 1, "sleep", json!({ "ms": 4_000 })).await;
    wait_for_state(&toril, "1", "active").await;

    toril.terminate();

    assert_eq!(toril.wait_exit(LONG).await.code(), Some(3));
    let given_back = state(&toril, "1").await;
    assert_eq!((&given_back["state"], &given_back["attemptsMade"]), (&json!("waiting"), &json!(0)), "{given_back}");
    toril.start(["run"]);
    toril.wait_ready().await;
    wait_for_state(&toril, "1", "completed").await;
    let job = node::run("job", json!({ "redis": redis.url(), "queue": "work", "id": "1" })).await;
    assert_eq!((&job["attemptsMade"], &job["stalledCounter"]), (&json!(1), &json!(0)), "{job}");
}

#[tokio::test]
async fn a_spinning_guest_does_not_delay_a_forced_shutdown() {
    let redis = RedisServer::start().await;
    let mut toril = Toril::new()
        .redis(redis.url())
        .plugin("spin")
        .host("shutdown_timeout = \"200ms\"")
        .config("[queues.work]\nplugin = \"spin\"\ntimeout = \"10m\"\n")
        .spawn_run();
    toril.wait_ready().await;
    add(&redis, 1, "any", json!({})).await;
    wait_for_state(&toril, "1", "active").await;

    toril.terminate();

    assert_eq!(toril.wait_exit(LONG).await.code(), Some(3));
    assert_eq!(state(&toril, "1").await["state"], "waiting");
}

#[tokio::test]
async fn a_host_that_is_ended_while_it_starts_claims_nothing() {
    let redis = RedisServer::start().await;
    let network = Proxy::start(redis.port()).await;
    let queue = "[queues.work]\nplugin = \"basics\"\nlock_duration = \"1h\"\n";
    let url = format!("redis://127.0.0.1:{}", network.port());
    let mut toril = Toril::new().redis(url).plugin("basics").config(queue).spawn_run();
    toril.wait_ready().await;
    // Now Redis has the scripts of a host.
    toril.cli(["add", "work", "echo", "--wait"]).await.succeeded();
    assert_eq!(toril.end().await, Some(0));
    add(&redis, 1, "sleep", json!({ "ms": 600_000 })).await;

    // The last request of a host before it has started.
    network.hold_request("schedules:work");
    toril.start(["run"]);
    wait_until("the last request before the host is ready", LONG, async || network.has_held()).await;
    toril.terminate();

    assert_eq!(toril.wait_exit(LONG).await.code(), Some(0));
    assert_eq!(state(&toril, "2").await["state"], "waiting");
}

#[tokio::test]
async fn a_second_signal_interrupts_at_once() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, "10m").await;
    add(&redis, 1, "sleep", json!({ "ms": 300_000 })).await;
    wait_for_state(&toril, "1", "active").await;

    toril.terminate();
    toril.wait_for_log("shutting down", LONG).await;
    toril.terminate();

    assert_eq!(toril.wait_exit(LONG).await.code(), Some(3));
    assert_eq!(state(&toril, "1").await["state"], "waiting");
}

#[tokio::test]
async fn the_jobs_of_a_killed_host_run_again_after_their_locks_expire() {
    let redis = RedisServer::start().await;
    let mut killed = host(&redis, "60s").await;
    add(&redis, 12, "sleep", json!({ "ms": 1_000 })).await;
    wait_for_state(&killed, "4", "active").await;

    killed.kill();
    killed.wait_exit(LONG).await;
    let next = host(&redis, "60s").await;

    for id in 1..=12 {
        wait_for_state(&next, &id.to_string(), "completed").await;
    }
    let queues = next.cli(["queues", "--json"]).await.json();
    assert_eq!((&queues[0]["completed"], &queues[0]["active"]), (&json!(12), &json!(0)), "{queues}");
}

#[tokio::test]
async fn a_host_that_was_paused_for_longer_than_its_lock_does_not_overwrite_the_result() {
    let redis = RedisServer::start().await;
    let mut paused = host(&redis, "60s").await;
    add(&redis, 1, "sleep", json!({ "ms": 2_000 })).await;
    wait_for_state(&paused, "1", "active").await;

    paused.pause();
    let other = host(&redis, "60s").await;
    wait_for_state(&other, "1", "completed").await;
    let written = async || {
        let mut job = state(&other, "1").await;
        // The job also has a record of what each host tried.
        job.as_object_mut().and_then(|fields| fields.remove("attempts"));
        job
    };
    let before = written().await;
    paused.resume();
    // Its own attempt must end first.
    paused.wait_for_log("attempt ended", LONG).await;
    assert_eq!(paused.end().await, Some(0));

    assert_eq!(written().await, before);
}

#[tokio::test]
async fn a_result_is_written_after_an_outage_of_redis() {
    let mut redis = RedisServer::start().await;
    // The lock must outlast the outage.
    let config = "[queues.work]\nplugin = \"basics\"\nlock_duration = \"2m\"\n";
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(config).spawn_run();
    toril.wait_ready().await;
    add(&redis, 1, "sleep", json!({ "ms": 1_500 })).await;
    wait_for_state(&toril, "1", "active").await;

    redis.stop().await;
    toril.wait_for_log("attempt ended", LONG).await;
    redis.restart().await;

    wait_for_state(&toril, "1", "completed").await;
    let ended = toril.logs().lines().filter(|line| line.contains("attempt ended")).count();
    assert_eq!(ended, 1, "the job was run again:\n{}", toril.logs());
}

#[tokio::test]
async fn jobs_run_again_after_an_outage_of_redis() {
    let mut redis = RedisServer::start().await;
    let toril = host(&redis, "60s").await;
    toril.cli(["add", "work", "echo", "--wait"]).await.succeeded();

    redis.kill();
    tokio::time::timeout(LONG, redis.restart()).await.expect("it starts again");

    toril.cli(["add", "work", "echo", "--wait", "--wait-timeout", "50s"]).await.succeeded();
}

#[tokio::test]
async fn health_reports_the_outage_and_the_return_of_redis() {
    let mut redis = RedisServer::start().await;
    let toril = host(&redis, "60s").await;
    let ready = async || toril_tests::http::get(&toril.url("/readyz")).await.expect("an answer");

    redis.stop().await;
    wait_until("the host not to be ready", LONG, async || ready().await.status == 503).await;
    assert_eq!(toril_tests::http::get(&toril.url("/healthz")).await.expect("an answer").status, 200);
    redis.restart().await;

    wait_until("the host to be ready again", LONG, async || ready().await.status == 200).await;
}

#[tokio::test]
async fn a_job_that_repeatedly_kills_its_host_fails_and_becomes_a_dead_letter() {
    let redis = RedisServer::start().await;
    let config = format!("{WORK}dead_letter = \"dead\"\n");
    for started in 1..=2 {
        let mut victim = Toril::new().redis(redis.url()).plugin("basics").config(config.clone()).spawn_run();
        victim.wait_ready().await;
        if started == 1 {
            victim.cli(["add", "work", "sleep", "--id", "poison", "--data", "{\"ms\":600000}"]).await.succeeded();
        }
        wait_until("the job to run", LONG, async || state(&victim, "poison").await["attemptsStarted"] == started).await;
        victim.kill();
        victim.wait_exit(LONG).await;
    }
    let mut last = Toril::new().redis(redis.url()).plugin("basics").config(config).spawn_run();
    last.wait_ready().await;

    wait_for_state(&last, "poison", "failed").await;
    let dead = wait_until("the dead letter", LONG, async || {
        let job = node::run("job", json!({ "redis": redis.url(), "queue": "dead", "id": "work-poison-1" })).await;
        Some(job).filter(|job| !job.is_null())
    })
    .await;
    assert_eq!(dead["data"]["id"], json!("poison"));
}
