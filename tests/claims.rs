//! Each claim of a job is separate: its lock, its cancellation, and a result that could not be written.

use redis::cmd;
use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, node, wait_until};

async fn host(redis: &RedisServer, prefix: &str, queue: &str) -> Toril {
    let server = format!("[redis]\nurl = {:?}\nprefix = {prefix:?}\n", redis.url());
    let config = format!("{server}[queues.work]\nplugin = \"basics\"\nconcurrency = 2\n{queue}\n");
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(config).spawn_run();
    toril.wait_ready().await;
    toril
}

async fn add(redis: &RedisServer, prefix: &str, name: &str, data: Value, opts: Value) {
    let mut opts = opts;
    opts["jobId"] = json!("job");
    let jobs = json!([{ "name": name, "data": data, "opts": opts }]);
    node::run("add", json!({ "redis": redis.url(), "prefix": prefix, "queue": "work", "jobs": jobs })).await;
}

async fn field(redis: &RedisServer, prefix: &str, name: &str) -> Option<String> {
    let key = format!("{prefix}:work:job");
    cmd("HGET").arg(key).arg(name).query_async(&mut redis.connection().await).await.expect("an answer")
}

async fn wait_for_start(redis: &RedisServer, prefix: &str, nth: u32) {
    let what = format!("start {nth} of the job");
    let started = async || field(redis, prefix, "ats").await.and_then(|ats| ats.parse::<u32>().ok()).unwrap_or(0);
    wait_until(&what, LONG, async || started().await == nth).await;
}

async fn wait_for_end(redis: &RedisServer, prefix: &str) -> String {
    wait_until("the job's end", LONG, async || field(redis, prefix, "returnvalue").await).await
}

/// Takes a job away from its host and puts it back into the queue, as the stalled-job check does.
async fn lose_lock(redis: &RedisServer, prefix: &str) {
    let mut take = redis::pipe();
    take.atomic();
    take.del(format!("{prefix}:work:job:lock"));
    take.cmd("LREM").arg(format!("{prefix}:work:active")).arg(1).arg("job");
    take.cmd("RPUSH").arg(format!("{prefix}:work:wait")).arg("job");
    take.cmd("ZADD").arg(format!("{prefix}:work:marker")).arg(0).arg("0");
    take.query_async::<()>(&mut redis.connection().await).await.expect("the lock is taken");
}

#[tokio::test]
async fn a_job_that_the_same_host_claims_again_survives_the_loss_of_the_earlier_lock() {
    let redis = RedisServer::start().await;
    let _toril = host(&redis, "bull", "lock_duration = \"1s\"\nstalled_interval = \"1s\"").await;
    // Longer than a lock without renewal, and than the interval of the stalled-job check.
    add(&redis, "bull", "sleep", json!({ "ms": 5_000 }), json!({})).await;
    wait_for_start(&redis, "bull", 1).await;

    lose_lock(&redis, "bull").await;

    wait_for_start(&redis, "bull", 2).await;
    assert_eq!(wait_for_end(&redis, "bull").await, r#"{"slept":5000}"#);
    assert_eq!(field(&redis, "bull", "ats").await.as_deref(), Some("2"), "the second claim was interrupted as well");
}

#[tokio::test]
async fn a_job_that_the_same_host_claims_again_can_be_cancelled() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, "bull", "lock_duration = \"1s\"").await;
    add(&redis, "bull", "sleep-until-cancelled", json!({}), json!({})).await;
    wait_for_start(&redis, "bull", 1).await;
    lose_lock(&redis, "bull").await;
    wait_for_start(&redis, "bull", 2).await;
    toril.wait_for_log("lock-lost", LONG).await;

    toril.cli(["cancel", "work", "job", "--reason", "the second"]).await.succeeded();

    assert_eq!(wait_for_end(&redis, "bull").await, r#"{"cancelled":"the second"}"#);
}

#[tokio::test]
async fn cancelling_affects_no_job_of_another_prefix() {
    let redis = RedisServer::start().await;
    let (one, two) = (host(&redis, "one", "").await, host(&redis, "two", "").await);
    for prefix in ["one", "two"] {
        add(&redis, prefix, "sleep-until-cancelled", json!({}), json!({})).await;
        wait_for_start(&redis, prefix, 1).await;
    }

    one.cli(["cancel", "work", "job", "--reason", "first"]).await.succeeded();
    two.cli(["cancel", "work", "job", "--reason", "second"]).await.succeeded();

    assert_eq!(wait_for_end(&redis, "one").await, r#"{"cancelled":"first"}"#);
    assert_eq!(wait_for_end(&redis, "two").await, r#"{"cancelled":"second"}"#);
}

/// Makes a host keep the result of a job whose lock was lost, while no host can claim the job again.
async fn kept_result(redis: &RedisServer) -> Toril {
    let toril = host(redis, "bull", "").await;
    // BullMQ's own script finishes it, which needs the lock.
    add(redis, "bull", "sleep", json!({ "ms": 1_500 }), json!({ "deduplication": { "id": "d" } })).await;
    wait_for_start(redis, "bull", 1).await;
    toril.cli(["pause", "work"]).await.succeeded();
    lose_lock(redis, "bull").await;
    let mut connection = redis.connection().await;
    wait_until("the result to be kept", LONG, async || {
        let found: u64 =
            cmd("EXISTS").arg("toril:finished:bull:work:job").query_async(&mut connection).await.expect("an answer");
        found == 1
    })
    .await;
    toril
}

#[tokio::test]
async fn a_kept_result_is_written_by_the_next_claim_of_its_job() {
    let redis = RedisServer::start().await;
    let mut toril = kept_result(&redis).await;

    toril.cli(["resume", "work"]).await.succeeded();

    assert_eq!(wait_for_end(&redis, "bull").await, r#"{"slept":1500}"#);
    toril.wait_for_log("writing the pending outcome of an earlier attempt", LONG).await;
}

#[tokio::test]
async fn a_kept_result_does_not_end_a_job_that_was_added_again_under_the_same_id() {
    let redis = RedisServer::start().await;
    let toril = kept_result(&redis).await;
    toril.cli(["remove", "work", "job"]).await.succeeded();
    add(&redis, "bull", "sleep", json!({ "ms": 7 }), json!({})).await;
    // As if its first host had gone away.
    let key = "bull:work:job";
    cmd("HSET").arg(key).arg("ats").arg(1).query_async::<()>(&mut redis.connection().await).await.expect("is written");

    toril.cli(["resume", "work"]).await.succeeded();

    assert_eq!(wait_for_end(&redis, "bull").await, r#"{"slept":7}"#);
}
