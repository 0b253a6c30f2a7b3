//! A host with two queues: one of a hostile plugin, and one beside it whose jobs must not notice.

use serde_json::{Value, json};
use toril_tests::toril::{component, shared_cache};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, http, wait_until};

/// The most memory that the host has ever had in any of the cases, in bytes.
pub const PEAK: u64 = 512 * 1024 * 1024;

/// The host. The plugin is called `hostile`, and so is its queue.
pub struct Ring {
    pub toril: Toril,
    pid: u32,
    // Ends after the host.
    redis: RedisServer,
}

impl Ring {
    /// With this guest as the plugin, further lines of its queue, and what follows that in the configuration.
    pub async fn open(guest: &str, config: &str) -> Self {
        Self::with(&component(guest), config, |toril| toril).await
    }

    /// The same with these bytes as the plugin, and a host that is set up further.
    pub async fn with(bytes: &[u8], config: &str, set_up: impl FnOnce(Toril) -> Toril) -> Self {
        let redis = RedisServer::start().await;
        let cache = shared_cache().join("hostile");
        let toril =
            Toril::new().redis(redis.url()).plugin("basics").config(queues(config)).host(format!("cache = {cache:?}"));
        toril.replace_plugin("hostile", bytes);
        let mut toril = set_up(toril).spawn_run();
        toril.wait_ready().await;
        let pid = toril.pid();
        Self { toril, redis, pid }
    }

    /// Gives the hostile queue and its plugin other settings while the host runs. Once.
    pub async fn configure(&mut self, config: &str) {
        self.configure_later(config);
        self.toril.wait_for_log("configuration reloaded", LONG).await;
    }

    /// The same without waiting until the host has done it.
    pub fn configure_later(&mut self, config: &str) {
        self.toril.rewrite_config(queues(config));
    }

    /// Runs a job of the hostile plugin to its end while the other queue works, and returns what Redis holds of it.
    pub async fn job(&mut self, name: &str, data: Value) -> Value {
        // From standard input: data may be longer than a command line.
        let add = ["add", "hostile", name, "--data", "-"];
        let id = self.toril.cli_with_input(add, data.to_string()).await.succeeded().stdout;
        self.ended(id.trim()).await
    }

    /// A job of the hostile plugin, as soon as it has ended while the other queue works.
    pub async fn ended(&mut self, id: &str) -> Value {
        let mut beside = 0;
        loop {
            self.beside().await;
            beside += 1;
            let job = self.toril.cli(["job", "hostile", id, "--json"]).await.succeeded().json();
            let ended = ["completed", "failed"].contains(&job["state"].as_str().unwrap_or_default());
            if ended && beside >= 3 {
                return job;
            }
        }
    }

    /// The same for a job that fails: why it did.
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

    /// A connection to its Redis.
    pub async fn connection(&self) -> redis::aio::MultiplexedConnection {
        self.redis.connection().await
    }

    /// What a command of Redis answers that counts.
    pub async fn count(&self, command: &str, key: &str) -> i64 {
        let mut connection = self.redis.connection().await;
        redis::cmd(command).arg(key).query_async(&mut connection).await.expect("a number")
    }

    /// Puts these bytes in the plugin's place, which are refused while the other queue works, and returns why they are.
    pub async fn refusal(&mut self, bytes: &[u8]) -> String {
        self.toril.replace_plugin("hostile", bytes);
        self.refused().await
    }

    /// Why the newest file of the plugin is refused, as soon as it is. The version before still works.
    pub async fn refused(&mut self) -> String {
        let reason = wait_until("the file to be refused", LONG, async || {
            self.beside().await;
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

    /// One job of the other queue, which completes.
    pub async fn beside(&self) {
        let result = self.toril.cli(["add", "work", "echo", "--data", "{\"n\":1}", "--wait"]).await.succeeded().json();
        assert_eq!(result, json!({ "n": 1 }));
    }

    /// The host did not notice: it is the same process, it is ready, it works, and it has never had much memory.
    pub async fn unnoticed(mut self) {
        assert_eq!(http::get(&self.toril.url("/readyz")).await.expect("an answer").status, 200);
        self.beside().await;
        assert!(self.toril.is_running());
        assert_eq!(self.toril.pid(), self.pid);
        let peak = peak(self.pid);
        assert!(peak < PEAK, "the host has had {peak} bytes of memory");
    }
}

fn queues(hostile: &str) -> String {
    format!("[queues.work]\nplugin = \"basics\"\n[queues.hostile]\nplugin = \"hostile\"\n{hostile}\n")
}

/// The most resident memory that a process has had, in bytes.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the host runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number of KiB") * 1024
}
