//! The same plugin in Rust, TypeScript and Python: one table of jobs runs on each of the three components.

use serde_json::{Value, json};
use toril_tests::toril::engine_cache;
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, agent, node, wait_until};

/// The components of the example, by language.
const RUST: &str = "basics";
const TYPESCRIPT: &str = "basics-js";
const PYTHON: &str = "basics-py";

struct Case {
    redis: RedisServer,
    toril: Toril,
    agent: agent::AgentServer,
}

impl Case {
    /// A host of one of the components. Compiling one that contains an engine takes half a minute, so all tests share
    /// the compiled code.
    async fn of(component: &str) -> Self {
        let (redis, agent) = (RedisServer::start().await, agent::serve().await);
        let config = format!(
            "[queues.work]\nplugin = \"example\"\nconcurrency = 4\ntimeout = \"2m\"\nattempts = 2\n\
             [plugins.example]\nkeyvalue = true\nadd_to = [\"work\"]\nhttp = [{:?}]\nconfig = {{ region = \"eu\" }}\n",
            agent.url()
        );
        let toril = Toril::new().redis(redis.url()).plugin_as(component, "example").config(config);
        let mut toril = toril.cache(engine_cache()).spawn_run();
        toril.wait_ready().await;
        Self { redis, toril, agent }
    }

    async fn completes(&self, name: &str, data: Value) -> Value {
        let data = data.to_string();
        self.toril.cli(["add", "work", name, "--data", &data, "--wait"]).await.succeeded().json()
    }

    async fn fails(&self, name: &str, data: Value) -> String {
        let data = data.to_string();
        self.toril.cli(["add", "work", name, "--data", &data, "--wait"]).await.exited(1).stderr
    }

    async fn job(&self, id: &str) -> Value {
        node::run("job", json!({ "redis": self.redis.url(), "queue": "work", "id": id })).await
    }
}

/// Runs every behaviour that the three have in common in one host, because its start takes the time.
async fn behaves(component: &str) {
    let case = Case::of(component).await;

    assert_eq!(case.completes("echo", json!({ "a": [1, "ü"] })).await, json!({ "a": [1, "ü"] }), "echo");
    assert_eq!(case.completes("fail-times", json!({ "times": 1 })).await["attempts"], 2, "fails once, then completes");
    let exhausted = case.fails("fail-times", json!({ "times": 5 })).await;
    assert!(exhausted.contains("attempt 2 failed"), "{exhausted}");
    let fatal = case.fails("fatal", json!({})).await;
    assert!(fatal.contains("this job cannot be done"), "{fatal}");
    assert_eq!(case.job("4").await["attemptsMade"], 1, "a fatal failure is not retried");

    case.completes("defer", json!({ "ms": 300 })).await;
    let deferred = case.job("5").await;
    assert_eq!(deferred["attemptsMade"], 1, "deferring uses up no attempt: {deferred}");
    assert!(deferred["attemptsStarted"].as_u64() >= Some(2), "{deferred}");

    case.completes("rate-limit", json!({ "ms": 300 })).await;
    assert_eq!(case.job("6").await["attemptsMade"], 1, "a rate limit uses up no attempt");

    case.completes("progress", json!({})).await;
    let report = case.job("7").await;
    assert_eq!(report["progress"], json!({ "step": "two" }), "{report}");
    assert_eq!(report["logs"].as_array().map(Vec::len), Some(3), "{report}");

    let url = format!("{}/.well-known/agent-card.json", case.agent.url());
    assert_eq!(case.completes("fetch", json!({ "url": url })).await["status"], 200, "an HTTP request");
    let denied = case.fails("fetch", json!({ "url": "http://127.0.0.1:1/" })).await;
    assert!(denied.contains("add \"http://127.0.0.1:1\" to `http`"), "{denied}");
    let denied = case.job("9").await;
    assert_eq!(denied["attemptsMade"], 1, "a denied request is not retried: {denied}");
    assert!(denied["logs"].to_string().contains("may not send requests to http://127.0.0.1:1"), "{denied}");

    assert_eq!(case.completes("config", json!({ "key": "region" })).await["value"], "eu", "configuration");
    assert_eq!(case.completes("kv", json!({ "key": "n" })).await["value"], 1, "key-value data");
    assert_eq!(case.completes("kv", json!({ "key": "n" })).await["value"], 2, "key-value data is kept");

    case.completes("checkpoint", json!({})).await;
    let stepped = case.toril.cli(["queues", "--json"]).await.succeeded().json();
    assert_eq!(stepped[0]["failed"], 3, "nothing else has failed: {stepped}");

    case.toril.cli(["add", "work", "sleep-until-cancelled", "--id", "long"]).await.succeeded();
    wait_until("the long job to run", LONG, async || case.job("long").await["state"] == "active").await;
    case.toril.cli(["cancel", "work", "long", "--reason", "enough"]).await.succeeded();
    assert_eq!(case.job("long").await["state"], "completed", "a plugin sees that its job is cancelled");
}

#[tokio::test]
async fn a_plugin_in_rust_does_everything() {
    behaves(RUST).await;
}

#[tokio::test]
async fn a_plugin_in_typescript_does_everything() {
    behaves(TYPESCRIPT).await;
}

#[tokio::test]
async fn a_plugin_in_python_does_everything() {
    behaves(PYTHON).await;
}

/// The engine for TypeScript only interprets, so any work for each character of a string is slow.
#[tokio::test]
async fn a_long_text_costs_little_in_a_typescript_plugin() {
    let toril = Toril::new().plugin_as(TYPESCRIPT, "example").config("[queues.work]\nplugin = \"example\"\n");
    let toril = toril.cache(engine_cache());
    let file = toril.plugin_path("example").display().to_string();
    let fuel = async |text: &str| {
        let data = json!({ "text": text });
        let arguments = ["plugin", "test", &file, "--name", "echo", "--json", "--data", &data.to_string()];
        let report = toril.cli(arguments).await.succeeded().json();
        assert_eq!(report["result"], data);
        report["fuel"].as_u64().expect("it is counted")
    };
    let text = "aé€😀".repeat(8 * 1024);

    let (short, long) = (fuel("a").await, fuel(&text).await);

    let each = long.saturating_sub(short) / text.len() as u64;
    assert!(each < 400, "{each} a byte: {short} for one byte, {long} for {}", text.len());
}
