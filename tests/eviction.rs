//! A Redis that evicts keys when its memory is full.

use redis::cmd;
use toril_tests::{RedisServer, Toril};

const WORDS: &str = "Redis evicts keys, and jobs with them, when its memory is full";

async fn started(url: String) -> Toril {
    let queue = "[queues.work]\nplugin = \"basics\"\n";
    let mut toril = Toril::new().redis(url).plugin("basics").config(queue).spawn_run();
    toril.wait_ready().await;
    toril.wait_for_log("INFO ready", toril_tests::wait::LONG).await;
    toril
}

#[tokio::test]
async fn a_redis_that_may_evict_jobs_causes_a_warning_at_the_start() {
    let redis = RedisServer::start_with(&["--maxmemory-policy", "allkeys-lru"]).await;

    let toril = started(redis.url()).await;

    let warnings: Vec<_> = toril.logs().lines().filter(|line| line.contains(WORDS)).map(str::to_owned).collect();
    assert_eq!(warnings.len(), 1, "{}", toril.logs());
    assert!(warnings[0].contains("WARN") && warnings[0].contains("allkeys-lru"), "{warnings:?}");
}

#[tokio::test]
async fn a_redis_that_never_evicts_keys_causes_no_warning() {
    let redis = RedisServer::start().await;

    let toril = started(redis.url()).await;

    assert!(!toril.logs().contains(WORDS), "{}", toril.logs());
}

#[tokio::test]
async fn a_user_without_the_permission_to_check_causes_no_warning() {
    let redis = RedisServer::start_with(&["--maxmemory-policy", "allkeys-lru"]).await;
    let mut connection = redis.connection().await;
    let mut user = cmd("ACL");
    user.arg("SETUSER").arg("toril").arg("on").arg(">secret").arg("~*").arg("&*").arg("+@all").arg("-info");
    user.query_async::<()>(&mut connection).await.expect("a user");

    let toril = started(redis.url().replace("redis://", "redis://toril:secret@")).await;

    assert!(!toril.logs().contains(WORDS), "{}", toril.logs());
}
