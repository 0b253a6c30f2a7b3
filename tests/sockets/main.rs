//! Plugins that connect to servers over TCP: real servers, a real host, and the guest `sockets`.

mod ending;
mod granted;
mod limits;
mod names;
mod python;
mod seen;
mod tls;

use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, wait_until};

/// A host with the plugin `sockets`.
struct Case {
    // Ends first.
    toril: Toril,
    _redis: RedisServer,
}

impl Case {
    /// With these lines of the plugin's entry.
    async fn open(entry: &str) -> Self {
        Self::with("", entry).await
    }

    /// With these lines of the queue, and of the plugin's entry.
    async fn with(queue: &str, entry: &str) -> Self {
        let redis = RedisServer::start().await;
        let config = format!("[queues.work]\nplugin = \"sockets\"\n{queue}\n[plugins.sockets]\n{entry}\n");
        let mut toril = Toril::new().redis(redis.url()).plugin("sockets").config(config).spawn_run();
        toril.wait_ready().await;
        Self { toril, _redis: redis }
    }

    /// Runs a job to completion, and returns its result.
    async fn run(&self, name: &str, data: Value) -> Value {
        let add = ["add", "work", name, "--data", "-", "--wait"];
        self.toril.cli_with_input(add, data.to_string()).await.succeeded().json()
    }

    /// The same for a job that fails. Returns its reason.
    async fn failure(&self, name: &str, data: Value) -> String {
        let add = ["add", "work", name, "--data", "-", "--wait"];
        self.toril.cli_with_input(add, data.to_string()).await.exited(1).stderr
    }

    /// Takes these steps with a server, and returns what was read.
    async fn talk(&self, server: &str, steps: Value) -> Value {
        self.run("talk", json!({ "server": server, "steps": steps })).await
    }

    /// The same for a step that fails. Returns the reason.
    async fn talk_failure(&self, server: &str, steps: Value) -> String {
        self.failure("talk", json!({ "server": server, "steps": steps })).await
    }

    /// The result of one call of `wasi:sockets`.
    async fn wasi(&self, call: Value) -> String {
        let results = self.run("wasi", json!([call])).await;
        results[0].as_str().unwrap_or_default().to_owned()
    }

    /// Adds a job without waiting for it, and returns its id.
    async fn start(&self, name: &str, data: Value) -> String {
        let add = ["add", "work", name, "--data", &data.to_string()];
        self.toril.cli(add).await.succeeded().stdout.trim().to_owned()
    }

    /// Waits for the end of a job, and returns it.
    async fn ended(&self, id: &str) -> Value {
        wait_until(&format!("job {id} to end"), LONG, async || {
            let job = self.toril.cli(["job", "work", id, "--json"]).await.succeeded().json();
            ["completed", "failed"].contains(&job["state"].as_str().unwrap_or_default()).then_some(job)
        })
        .await
    }

    /// The log of the newest job.
    async fn log(&self, id: &str) -> String {
        self.toril.cli(["job", "work", id, "--json"]).await.succeeded().json()["logs"].to_string()
    }
}
