//! `github-sync` between a Redis and the tests' own GitHub: what its tests begin with.

use std::time::Duration;

use serde_json::{Value, json};

use super::GithubServer;
use crate::wait::LONG;
use crate::{RedisServer, Toril, wait_until};

/// A repository that is there.
pub const HELLO: &str = "octo-org/hello-world";

/// The id of the GitHub App.
pub const APP: &str = "1234";

/// Its private key, which is used for nothing else.
pub const APP_KEY: &str = include_str!("../../github/app.pem");

/// A request that waits for so long waits until the test is over.
const STALLED: Duration = Duration::from_secs(600);

/// Redis, GitHub, and a host between them.
pub struct Case {
    /// The case's own.
    pub redis: RedisServer,
    /// The case's own.
    pub github: GithubServer,
    /// The host.
    pub toril: Toril,
}

impl Case {
    /// With nothing but what every case has.
    pub async fn start() -> Self {
        Self::with("", "").await
    }

    /// With further settings of the plugin, each after a comma, and further lines of its queue.
    pub async fn with(settings: &str, queue: &str) -> Self {
        Self::authorised("token", "hunter2", settings, queue).await
    }

    /// With a GitHub App, of which the plugin has this private key. The app is registered with [`APP_KEY`], and installed on
    /// `octo-org` and `octocat`.
    pub async fn as_app(key: &str, settings: &str) -> Self {
        let settings = format!(", app-id = {APP:?}{settings}");
        let case = Self::authorised("private-key", key, &settings, "").await;
        case.github.register_app(APP, APP_KEY);
        case.github.install_app("octo-org", 7);
        case.github.install_app("octocat", 8);
        case
    }

    async fn authorised(secret: &str, value: &str, settings: &str, queue: &str) -> Self {
        let (redis, github) = (RedisServer::start().await, super::serve().await);
        let url = github.url();
        let keep = if settings.contains("keep = ") { "" } else { ", keep = \"5000\"" };
        let config = format!(
            "[queues.github-sync]\nplugin = \"github-sync\"\nconcurrency = 8\nattempts = 3\nbackoff = \"10ms\"\n\
             lock_duration = \"1s\"\nstalled_interval = \"500ms\"\nmax_stalled = 1000\n{queue}\n\
             [plugins.github-sync]\nhttp = [{url:?}]\nkeyvalue = true\nadd_to = [\"github-sync\"]\n\
             config = {{ api-url = {url:?}{keep}{settings} }}\nsecrets = {{ {secret} = \"env:THE_SECRET\" }}\n"
        );
        let toril = Toril::new().redis(redis.url()).plugin("github-sync").config(config).env("THE_SECRET", value);
        let mut toril = toril.spawn_run();
        toril.wait_ready().await;
        Self { redis, github, toril }
    }

    /// Syncs, and returns the job's result.
    pub async fn sync(&self, data: Value) -> Value {
        let data = data.to_string();
        self.toril.cli(["add", "github-sync", "sync", "--data", &data, "--wait"]).await.succeeded().json()
    }

    /// Syncs only the issues of one repository.
    pub async fn issues(&self) -> Value {
        self.sync(json!({ "repo": HELLO, "resources": ["issues"] })).await
    }

    /// Adds a job, and does not wait for it.
    pub async fn add(&self, data: Value) -> String {
        let arguments = ["add", "github-sync", "sync", "--data", &data.to_string(), "--json"];
        let added = self.toril.cli(arguments).await.succeeded().json();
        added["id"].as_str().map(str::to_owned).unwrap_or_else(|| panic!("no id: {added}"))
    }

    /// Syncs, and returns what the command says of the job's failure.
    pub async fn fails(&self, data: Value) -> String {
        let data = data.to_string();
        self.toril.cli(["add", "github-sync", "sync", "--data", &data, "--wait"]).await.exited(1).stderr
    }

    /// A job as it is now.
    pub async fn job(&self, id: &str) -> Value {
        self.toril.cli(["job", "github-sync", id, "--json"]).await.succeeded().json()
    }

    /// A job, once it is completed.
    pub async fn completed(&self, id: &str) -> Value {
        let completed = async || Some(self.job(id).await).filter(|job| job["state"] == "completed");
        wait_until(&format!("the job {id} to be completed"), LONG, completed).await
    }

    /// Gives the plugin other settings in `queues.toml`, where these words are.
    pub async fn reconfigure(&mut self, from: &str, to: &str) {
        let config = std::fs::read_to_string(self.toril.config_path()).expect("queues.toml");
        assert!(config.contains(from), "{config}");
        let reloads = |toril: &Toril| toril.logs().matches("configuration reloaded").count();
        let before = reloads(&self.toril);
        self.toril.rewrite_config(config.replace(from, to));
        wait_until("the configuration to be reloaded", LONG, async || reloads(&self.toril) > before).await;
    }

    /// A document that the plugin keeps.
    pub async fn kept(&self, key: &str) -> Value {
        let mut connection = self.redis.connection().await;
        let key = format!("toril:plugin:github-sync:{key}");
        let text: Option<String> = redis::cmd("GET").arg(key).query_async(&mut connection).await.expect("GET");
        text.map_or(Value::Null, |text| serde_json::from_str(&text).expect("JSON"))
    }

    /// The keys that are kept and match a pattern of Redis, in no order.
    pub async fn keys(&self, pattern: &str) -> Vec<String> {
        let mut connection = self.redis.connection().await;
        let pattern = format!("toril:plugin:github-sync:{pattern}");
        redis::cmd("KEYS").arg(pattern).query_async(&mut connection).await.expect("KEYS")
    }

    /// Lets the requests through that come before this one, and keeps this one waiting.
    pub async fn stall_request(&self, number: usize) {
        self.github.reset();
        (1..number).for_each(|_| self.github.delay_next(Duration::ZERO));
        self.github.delay_next(STALLED);
    }

    /// Waits until GitHub was asked so often.
    pub async fn wait_for_requests(&self, requests: usize) {
        let enough = async || self.github.requests().len() >= requests;
        wait_until(&format!("{requests} requests"), LONG * 2, enough).await;
    }

    /// Kills the host, forgets what GitHub was asked, and starts the host again.
    pub async fn kill_and_start_again(&mut self) {
        self.toril.kill();
        self.github.reset();
        self.toril.start(["run"]);
        self.toril.wait_ready().await;
    }
}

/// One count of one resource in the result of a job.
pub fn of(result: &Value, resource: &str, count: &str) -> u64 {
    result["resources"][resource][count].as_u64().unwrap_or_else(|| panic!("no {resource}/{count}: {result}"))
}
