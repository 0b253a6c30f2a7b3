//! Toril as a library.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;
use toril::attempt::{Attempt, Finished, Outcome, Runner};
use toril::config::{self, Config, Env, JobDefaults};
use toril::host::{Host, Shutdown};
use toril::queue::{JobSpec, QueueWorker, Redis, Service, add};
use toril_tests::toril::component;
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, http};

/// A configuration in a folder of its own, with the guest `basics`.
fn configuration(redis: &RedisServer, folder: &tempfile::TempDir) -> Config {
    std::fs::write(folder.path().join("basics.wasm"), component("basics")).expect("writes");
    let text = format!(
        "[redis]\nurl = {:?}\n[host]\nlisten = \"127.0.0.1:0\"\nplugins = \".\"\n[queues.work]\nplugin = \"basics\"\nconcurrency = 4\nattempts = 2\n",
        redis.url()
    );
    let path = folder.path().join("queues.toml");
    std::fs::write(&path, &text).expect("writes");
    config::load(&path, &Env::of::<String, String>([])).expect("a valid configuration")
}

#[tokio::test]
async fn a_host_starts_works_and_shuts_down() {
    let (redis, folder) = (RedisServer::start().await, tempfile::tempdir().expect("a folder"));
    let config = configuration(&redis, &folder);
    let client = Redis::new(&config.redis).expect("a URL");
    let defaults = config.queues["work"].job_defaults.clone();

    let host = Host::start(config, Env::of::<String, String>([])).await.expect("it starts");
    let job = JobSpec::new("work", "echo", json!({ "a": 1 }), &defaults);
    let result = add(&client, job, true).await.expect("added").wait(LONG).await.expect("it completes");
    let address = host.listen().expect("it listens");
    let health = http::get(&format!("http://{address}/readyz")).await.expect("an answer");
    let ended = host.shutdown(Duration::from_secs(30)).await;

    assert_eq!((result, health.status, ended), (json!({ "a": 1 }), 200, Shutdown::Clean));
}

/// Fails in the host's own code on jobs of one name, and completes all others.
struct Panics;

impl Runner for Panics {
    fn run(&self, attempt: Attempt) -> BoxFuture<'_, Finished> {
        async move {
            assert!(attempt.job.name != "panic", "a mistake in the host");
            Finished {
                outcome: Outcome::Completed(json!("done").into()),
                plugin: "none".into(),
                version: None,
                usage: None,
            }
        }
        .boxed()
    }
}

#[tokio::test]
async fn a_panic_in_the_host_fails_that_attempt_and_nothing_else() {
    let (redis, folder) = (RedisServer::start().await, tempfile::tempdir().expect("a folder"));
    let config = configuration(&redis, &folder);
    let client = Arc::new(Redis::new(&config.redis).expect("a URL"));
    let settings = &config.queues["work"];
    let service = Service::new(client.clone(), Arc::new(|_: &str| JobDefaults::default()));
    let worker = QueueWorker::prepare(service, "work", settings, Arc::new(Panics)).await.expect("it is ready");
    worker.begin();
    let job = |name: &str| JobSpec::new("work", name, json!({}), &settings.job_defaults);

    let panics = add(&client, job("panic"), true).await.expect("added");
    let other = add(&client, job("other"), true).await.expect("added");

    assert_eq!(other.wait(LONG).await.expect("it completes"), json!("done"));
    let failed = panics.wait(LONG).await.expect_err("it fails, after both its attempts").to_string();
    assert!(failed.contains("Toril itself failed"), "{failed}");
    assert!(worker.close(LONG).await, "nothing is left running");
}
