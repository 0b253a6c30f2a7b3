//! Toril as a library.

use std::num::NonZeroU32;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;
use toril::attempt::{Attempt, Finished, Outcome, QueueName, Runner};
use toril::config::{self, Config, Env, HostSettings, JobDefaults, Plugin};
use toril::host::{Host, Shutdown};
use toril::plugin::{Handle, Plugins};
use toril::queue::{JobSpec, QueueWorker, Redis, Service, add_and_listen};
use toril_tests::toril::{component, shared_cache};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, http, wait_until};

fn work() -> QueueName {
    QueueName::new("work").expect("a name")
}

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
    let job = JobSpec::new(work(), "echo", json!({ "a": 1 }), &defaults);
    let result = add_and_listen(&client, job).await.expect("added").wait(LONG).await.expect("it completes");
    let address = host.listen().expect("it listens");
    let health = http::get(&format!("http://{address}/readyz")).await.expect("an answer");
    let ended = host.shutdown(LONG).await;

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
    let service = Service::new(client.clone(), Arc::new(|_: &QueueName| JobDefaults::default()));
    let worker = QueueWorker::prepare(service, &work(), settings, Arc::new(Panics)).await.expect("it is ready");
    worker.begin();
    let job = |name: &str| JobSpec::new(work(), name, json!({}), &settings.job_defaults);

    let panics = add_and_listen(&client, job("panic")).await.expect("added");
    let other = add_and_listen(&client, job("other")).await.expect("added");

    assert_eq!(other.wait(LONG).await.expect("it completes"), json!("done"));
    let failed = panics.wait(LONG).await.expect_err("it fails, after both its attempts").to_string();
    assert!(failed.contains("The host panicked"), "{failed}");
    assert!(worker.close(LONG).await, "nothing is left running");
}

/// Runs jobs on a plugin.
struct OnPlugin {
    plugins: Plugins,
    handle: Handle,
}

impl Runner for OnPlugin {
    fn run(&self, attempt: Attempt) -> BoxFuture<'_, Finished> {
        self.plugins.run(&self.handle, attempt, LONG).boxed()
    }
}

/// A module with a memory of one page.
const MEMORY: &[u8] = b"\0asm\x01\0\0\0\x05\x03\x01\0\x01";

#[tokio::test]
async fn a_job_that_finds_the_pool_of_instances_used_up_by_others_runs_later_and_loses_no_attempt() {
    let (redis, folder) = (RedisServer::start().await, tempfile::tempdir().expect("a folder"));
    let config = configuration(&redis, &folder);
    let one = NonZeroU32::MIN;
    let settings = HostSettings { cache: shared_cache(), max_pens: one, ..HostSettings::default() };
    let plugins = Plugins::start(&settings).expect("an engine");
    let file = folder.path().join("basics.wasm");
    plugins.install(plugins.prepare_file(&file, "basics", &Plugin::default()).await.expect("it is loaded"));
    let handle = plugins.handle("basics").expect("it is there");
    // What the pens of other plugins would hold.
    let engine = plugins.engine().wasmtime();
    let module = wasmtime::Module::new(engine, MEMORY).expect("a module");
    let mut others = wasmtime::Store::new(engine, ());
    let mut taken = 0;
    while wasmtime::Instance::new(&mut others, &module, &[]).is_ok() {
        taken += 1;
    }
    assert!(taken > 0, "the pool had no room at all");

    let client = Arc::new(Redis::new(&config.redis).expect("a URL"));
    let service = Service::new(client.clone(), Arc::new(|_: &QueueName| JobDefaults::default()));
    let runner = Arc::new(OnPlugin { plugins, handle });
    let worker = QueueWorker::prepare(service, &work(), &config.queues["work"], runner).await.expect("it is ready");
    worker.begin();
    let job = JobSpec::new(work(), "echo", json!({ "a": 1 }), &JobDefaults::default());
    let added = add_and_listen(&client, job).await.expect("added");
    let mut connection = redis.connection().await;
    wait_until("the job to be put off", LONG, async || {
        let delayed: u64 =
            redis::cmd("ZCARD").arg("bull:work:delayed").query_async(&mut connection).await.expect("ZCARD");
        delayed == 1
    })
    .await;
    drop(others);

    let key = format!("bull:work:{}", added.id);
    assert_eq!(added.wait(LONG).await.expect("it completes"), json!({ "a": 1 }));
    let attempts: u32 = redis::cmd("HGET").arg(key).arg("atm").query_async(&mut connection).await.expect("HGET");
    assert_eq!(attempts, 1);
    assert!(worker.close(LONG).await, "nothing is left running");
}
