//! A server that is too old, and one that hides its version.

use redis::cmd;
use toril_tests::proxy::Proxy;
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril};

const QUEUE: &str = "[queues.work]\nplugin = \"basics\"\n";
const UNKNOWN: &str = "the version of the Redis server is unknown";

fn host(url: impl Into<String>) -> Toril {
    Toril::new().redis(url).plugin("basics").config(QUEUE)
}

/// A server that reports version 5 to clients of the proxy.
async fn old() -> (RedisServer, Proxy) {
    let redis = RedisServer::start().await;
    let info: String = cmd("INFO").arg("server").query_async(&mut redis.connection().await).await.expect("INFO");
    let line = info.lines().find(|line| line.starts_with("redis_version:")).expect("a version").trim().to_owned();
    let major = line["redis_version:".len()..].split('.').next().expect("a major version").to_owned();
    assert_eq!(major.len(), 1, "{line}");
    let proxy = Proxy::start(redis.port()).await;
    proxy.replace_in_answers(&format!("redis_version:{major}."), "redis_version:5.");
    (redis, proxy)
}

#[tokio::test]
async fn a_server_that_is_too_old_is_rejected_with_its_version_and_the_required_one() {
    let (_redis, proxy) = old().await;

    let mut toril = host(format!("redis://127.0.0.1:{}", proxy.port())).spawn_run();

    let line = toril.wait_for_log("is too old", LONG).await;
    assert!(line.contains("Redis 5.") && line.contains("needs Redis 6.2 or newer"), "{line}");
    assert!(line.contains(&format!("127.0.0.1:{}", proxy.port())), "{line}");
    assert!(!toril.wait_exit(LONG).await.success());
}

#[tokio::test]
async fn a_command_that_connects_rejects_an_old_server() {
    let (_redis, proxy) = old().await;
    let toril = host(format!("redis://127.0.0.1:{}", proxy.port()));

    let added = toril.cli(["add", "work", "echo"]).await.exited(1);

    assert!(added.stderr.contains("is too old") && added.stderr.contains("6.2"), "{}", added.stderr);
}

#[tokio::test]
async fn check_rejects_an_old_server_only_if_asked_to_connect() {
    let (redis, proxy) = old().await;
    let toril = host(format!("redis://127.0.0.1:{}", proxy.port()));

    toril.cli(["check"]).await.succeeded();
    let checked = toril.cli(["check", "--redis"]).await.exited(1);

    assert!(checked.stderr.contains("is too old"), "{}", checked.stderr);
    host(redis.url()).cli(["check", "--redis"]).await.succeeded();
}

#[tokio::test]
async fn a_server_that_hides_its_version_causes_a_warning_and_is_used() {
    let redis = RedisServer::start().await;
    let proxy = Proxy::start(redis.port()).await;
    proxy.replace_in_answers("version", "nothing");

    let mut toril = host(format!("redis://127.0.0.1:{}", proxy.port())).spawn_run();
    toril.wait_ready().await;

    let line = toril.wait_for_log(UNKNOWN, LONG).await;
    assert!(line.contains("WARN") && line.contains("6.2"), "{line}");
    toril.cli(["add", "work", "echo", "--wait"]).await.succeeded();
}

#[tokio::test]
async fn hello_is_used_if_info_is_not_allowed() {
    let redis = RedisServer::start().await;
    let mut user = cmd("ACL");
    user.arg("SETUSER").arg("toril").arg("on").arg(">secret").arg("~*").arg("&*").arg("+@all");
    user.arg("-info").query_async::<()>(&mut redis.connection().await).await.expect("a user");

    let mut toril = host(redis.url().replace("redis://", "redis://toril:secret@")).spawn_run();
    toril.wait_ready().await;

    assert!(!toril.logs().contains(UNKNOWN), "{}", toril.logs());
}
