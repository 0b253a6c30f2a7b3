//! Redis over TLS, with a custom certificate.

use serde_json::json;
use toril_tests::{RedisServer, Toril, node};

#[tokio::test]
async fn jobs_run_over_tls_with_a_custom_certificate_authority() {
    let redis = RedisServer::start_tls().await;
    let config = format!(
        "[redis]\nurl = {:?}\nca = {:?}\n[queues.work]\nplugin = \"basics\"\n",
        redis.url(),
        redis.ca_path().display().to_string()
    );
    let mut toril = Toril::new().plugin("basics").config(config).spawn_run();
    toril.wait_ready().await;

    let ca = redis.ca_path().display().to_string();
    let input = json!({ "redis": redis.url(), "queue": "work", "jobs": [{ "name": "echo", "data": { "a": 1 } }], "wait": true });
    let done = node::run_with_env("add", input, &[("NODE_EXTRA_CA_CERTS", &ca)]).await;

    assert_eq!(done["results"][0]["value"], json!({ "a": 1 }));
}

#[tokio::test]
async fn redis_tls_in_the_environment_turns_a_plain_url_into_a_tls_one() {
    let redis = RedisServer::start_tls().await;
    let config =
        format!("[redis]\nca = {:?}\n[queues.work]\nplugin = \"basics\"\n", redis.ca_path().display().to_string());
    let toril = Toril::new()
        .config(config)
        .env("REDIS_URL", redis.url().replace("rediss://", "redis://"))
        .env("REDIS_TLS", "true");

    toril.cli(["queues"]).await.succeeded();
}

#[tokio::test]
async fn an_untrusted_certificate_is_rejected() {
    let redis = RedisServer::start_tls().await;
    let config =
        format!("[redis]\nurl = {:?}\nconnect_timeout = \"1s\"\n[queues.work]\nplugin = \"basics\"\n", redis.url());
    let toril = Toril::new().config(config);

    let output = toril.cli(["queues"]).await.exited(1);

    assert!(output.stderr.contains("certificate"), "{}", output.stderr);
}
