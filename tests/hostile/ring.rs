//! A host with two queues: one of a hostile plugin, and another one whose jobs must not be affected.

use serde_json::{Value, json};
use toril_tests::toril::{component, shared_cache};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, http, wait_until};

/// The maximum memory of the host over all cases, in bytes.
pub const PEAK: u64 = 512 * 1024 * 1024;

/// The host. The plugin and its queue are both called `hostile`.
pub struct Ring {
    pub toril: Toril,
    pid: u32,
    // Ends after the host.
    redis: RedisServer,
}

impl Ring {
    /// With this guest as the plugin. `config` has additional lines of its queue, and the tables after that.
    pub async fn open(guest: &str, config: &str) -> Self {
        Self::with(&component(guest), config, |toril| toril).await
    }

    /// The same with these bytes as the plugin, and with additional settings of the host.
    pub async fn with(bytes: &[u8], config: &str, set_up: impl FnOnce(Toril) -> Toril) -> Self {
        let redis = RedisServer::start().await;
        let cache = shared_cache().join("hostile");
        let toril = Toril::new().redis(redis.url()).plugin("basics").config(queues(config)).cache(cache);
        toril.replace_plugin("hostile", bytes);
        let mut toril = set_up(toril).spawn_run();
        toril.wait_ready().await;
        let pid = toril.pid();
        Self { toril, redis, pid }
    }

    /// Changes the settings of the hostile queue and its plugin while the host runs. Works once.
    pub async fn configure(&mut self, config: &str) {
        self.configure_later(config);
        self.toril.wait_for_log("configuration reloaded", LONG).await;
    }

    /// The same without waiting until the host has applied them.
    pub fn configure_later(&mut self, config: &str) {
        self.toril.rewrite_config(queues(config));
    }

    /// Runs a job of the hostile plugin to its end while the other queue works, and returns the job from Redis.
    pub async fn job(&mut self, name: &str, data: Value) -> Value {
        // Through standard input, because data may be longer than a command line.
        let add = ["add", "hostile", name, "--data", "-"];
        let id = self.toril.cli_with_input(add, data.to_string()).await.succeeded().stdout;
        self.ended(id.trim()).await
    }

    /// Waits until a job of the hostile plugin has ended, while the other queue works.
    pub async fn ended(&mut self, id: &str) -> Value {
        let mut others = 0;
        loop {
            self.run_other_job().await;
            others += 1;
            let job = self.toril.cli(["job", "hostile", id, "--json"]).await.succeeded().json();
            let ended = ["completed", "failed"].contains(&job["state"].as_str().unwrap_or_default());
            if ended && others >= 3 {
                return job;
            }
        }
    }

    /// The same for a job that fails. Returns its reason.
    pub async fn failure(&mut self, name: &str, data: Value) -> String {
        let job = self.job(name, data).await;
        assert_eq!(job["state"], "failed", "{job}");
        job["failedReason"].as_str().unwrap_or_default().to_owned()
    }

    /// The whole log of a job.
    pub async fn log(&self, job: &Value) -> Vec<String> {
        let key = format!("bull:hostile:{}:logs", job["id"].as_str().unwrap_or_default());
        let mut connection = self.redis.connection().await;
        redis::cmd("LRANGE").arg(key).arg(&[0, -1]).query_async(&mut connection).await.expect("LRANGE")
    }

    /// A connection to the host's Redis.
    pub async fn connection(&self) -> redis::aio::MultiplexedConnection {
        self.redis.connection().await
    }

    /// The answer of a Redis command that returns a number.
    pub async fn count(&self, command: &str, key: &str) -> i64 {
        let mut connection = self.redis.connection().await;
        redis::cmd(command).arg(key).query_async(&mut connection).await.expect("a number")
    }

    /// Replaces the plugin with these bytes, which the host must reject while the other queue works. Returns the
    /// reason.
    pub async fn refusal(&mut self, bytes: &[u8]) -> String {
        self.toril.replace_plugin("hostile", bytes);
        self.refused().await
    }

    /// Waits until the host rejects the newest file of the plugin, and returns the reason. The previous version still
    /// works.
    pub async fn refused(&mut self) -> String {
        let reason = wait_until("the file to be rejected", LONG, async || {
            self.run_other_job().await;
            let ready = http::get(&self.toril.url("/readyz")).await.expect("an answer").json();
            let plugins = ready["plugins"].as_array().cloned().unwrap_or_default();
            let status = plugins.into_iter().find(|status| status["plugin"] == "hostile").unwrap_or_default();
            status["refused"].as_str().map(str::to_owned)
        });
        let reason = reason.await;
        let logged = self.toril.wait_for_log("plugin not reloaded", LONG).await;
        assert!(logged.contains("hostile"), "{logged}");
        self.toril.cli(["add", "hostile", "echo", "--wait"]).await.succeeded();
        let folder = self.toril.plugin_path("hostile").with_file_name("");
        reason.replace(&*folder.to_string_lossy(), "")
    }

    /// Runs one job of the other queue to completion.
    pub async fn run_other_job(&self) {
        let result = self.toril.cli(["add", "work", "echo", "--data", "{\"n\":1}", "--wait"]).await.succeeded().json();
        assert_eq!(result, json!({ "n": 1 }));
    }

    /// Checks that the host was not affected: it is the same process, it is ready, it works, and it has never used
    /// much memory.
    pub async fn assert_unaffected(mut self) {
        assert_eq!(http::get(&self.toril.url("/readyz")).await.expect("an answer").status, 200);
        self.run_other_job().await;
        assert!(self.toril.is_running());
        assert_eq!(self.toril.pid(), self.pid);
        let peak = peak(self.pid);
        assert!(peak < PEAK, "the host has used {peak} bytes of memory");
    }
}

fn queues(hostile: &str) -> String {
    format!("[queues.work]\nplugin = \"basics\"\n[queues.hostile]\nplugin = \"hostile\"\n{hostile}\n")
}

/// The peak of a process's resident memory, in bytes.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the host runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number of KiB") * 1024
}
