//! Plugins whose instances run several jobs (`isolation = "reuse"`): what jobs see of each other, and when an
//! instance is discarded.

use serde_json::{Value, json};
use toril_tests::toril::{component, engine_cache, variant};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, agent, http, node, wait_until};

const REUSE: &str = "[plugins.basics]\nisolation = \"reuse\"\nkeyvalue = true\n";
/// Two queues of one plugin, so that one of them can have a short `timeout`.
const QUEUES: &str = "[queues.work]\nplugin = \"basics\"\nconcurrency = 4\ntimeout = \"1h\"\n\
    [queues.hasty]\nplugin = \"basics\"\ntimeout = \"300ms\"\n";

struct Case {
    redis: RedisServer,
    toril: Toril,
}

impl Case {
    /// A host of `basics`, with these lines in its entry.
    async fn with(lines: &str) -> Self {
        Self::of(&format!("{QUEUES}{REUSE}{lines}")).await
    }

    async fn of(config: &str) -> Self {
        let redis = RedisServer::start().await;
        let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(config).spawn_run();
        toril.wait_ready().await;
        Self { redis, toril }
    }

    /// A host of a component that contains an engine. Compiling it takes half a minute, so all tests share the
    /// compiled code.
    async fn of_language(component: &str, lines: &str) -> Self {
        let redis = RedisServer::start().await;
        let config = format!(
            "[queues.work]\nplugin = \"example\"\ntimeout = \"1h\"\n[plugins.example]\nisolation = \"reuse\"\n{lines}"
        );
        let toril = Toril::new().redis(redis.url()).plugin_as(component, "example").config(config);
        let mut toril = toril.cache(engine_cache()).spawn_run();
        toril.wait_ready().await;
        Self { redis, toril }
    }

    async fn run(&self, queue: &str, name: &str, data: Value) -> Value {
        let data = data.to_string();
        self.toril.cli(["add", queue, name, "--data", &data, "--wait"]).await.succeeded().json()
    }

    async fn fails(&self, queue: &str, name: &str, data: Value) -> String {
        let data = data.to_string();
        self.toril.cli(["add", queue, name, "--data", &data, "--wait"]).await.exited(1).stderr
    }

    /// Runs another job. Returns its number in its instance.
    async fn served(&self, data: Value) -> u64 {
        self.run("work", "served", data).await["served"].as_u64().expect("a number")
    }

    async fn job(&self, id: &str) -> Value {
        node::run("job", json!({ "redis": self.redis.url(), "queue": "work", "id": id })).await
    }

    /// The lines of a job's log.
    async fn log(&self, id: &str) -> Vec<String> {
        let job = self.job(id).await;
        let lines = job["logs"].as_array().unwrap_or_else(|| panic!("no log: {job}"));
        lines.iter().map(|line| line.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The value of the metric whose line begins like this, 0 if it does not exist.
    async fn metric(&self, line: &str) -> f64 {
        let page = http::get(&self.toril.url("/metrics")).await.expect("an answer").body;
        let value = page.lines().find_map(|other| other.strip_prefix(line)).map(str::trim);
        value.map_or(0.0, |value| value.parse().expect("a number"))
    }

    /// Starts a job that runs until it is cancelled.
    async fn begin_waiting(&self, queue: &str, id: &str) {
        self.toril.cli(["add", queue, "served", "--data", "{\"wait\":true}", "--id", id]).await.succeeded();
        wait_until("the waiting job to run", LONG, async || self.job(id).await["state"] == "active").await;
    }

    /// Ends it, and returns its result.
    async fn end_waiting(&self, queue: &str, id: &str) -> Value {
        self.toril.cli(["cancel", queue, id]).await.succeeded();
        wait_until("the waiting job to end", LONG, async || self.job(id).await["state"] == "completed").await;
        let job = self.job(id).await;
        job["returnvalue"].clone()
    }
}

#[tokio::test]
async fn an_instance_runs_one_job_after_the_other_and_keeps_its_state() {
    let case = Case::with("").await;

    for number in 1..=4 {
        assert_eq!(case.served(json!({})).await, number);
    }

    assert_eq!(case.metric("pens_reused_total{plugin=\"basics\"}").await, 3.0);
    assert_eq!(case.metric("pen_start_seconds_count{plugin=\"basics\"}").await, 1.0);
}

#[tokio::test]
async fn without_the_setting_each_job_has_its_own_instance() {
    let case = Case::of(QUEUES).await;

    assert_eq!(case.served(json!({})).await, 1);
    assert_eq!(case.served(json!({})).await, 1);
    assert_eq!(case.metric("pens_reused_total{plugin=\"basics\"}").await, 0.0);
}

#[tokio::test]
async fn an_instance_is_discarded_after_the_maximum_number_of_jobs() {
    let case = Case::with("reuse_jobs = 2\n").await;

    let mut served = Vec::new();
    for _ in 0..5 {
        served.push(case.served(json!({})).await);
    }

    assert_eq!(served, [1, 2, 1, 2, 1]);
}

#[tokio::test]
async fn an_instance_is_discarded_after_any_failure() {
    let case = Case::with("").await;

    for (name, data, reason) in [
        ("fatal", json!({}), "this job cannot be done"),
        ("fail-times", json!({ "times": 9 }), "attempt 1 failed"),
        ("panic", json!({}), "trapped"),
        ("bad-json", json!({}), "not JSON"),
        ("huge", json!({ "bytes": 2 << 20 }), "max_result"),
    ] {
        assert_eq!(case.served(json!({})).await, 1, "before {name}");
        assert_eq!(case.served(json!({})).await, 2, "before {name}");
        let failed = case.fails("work", name, data).await;
        assert!(failed.contains(reason), "{failed}");
    }
    assert_eq!(case.served(json!({})).await, 1);
}

#[tokio::test]
async fn an_instance_is_discarded_after_a_timeout_in_the_plugin_or_in_a_host_call() {
    let case = Case::with("").await;

    for (name, data) in [("served", json!({ "spin": true })), ("ignore-cancel", json!({}))] {
        assert_eq!(case.served(json!({})).await, 1);
        assert_eq!(case.served(json!({})).await, 2);
        let failed = case.fails("hasty", name, data).await;
        assert!(failed.contains("timeout: the plugin did not finish within 300ms"), "{failed}");
    }
    assert_eq!(case.served(json!({})).await, 1);
}

#[tokio::test]
async fn an_instance_is_discarded_when_its_memory_has_grown() {
    let case = Case::with("").await;

    assert_eq!(case.served(json!({})).await, 1);
    assert_eq!(case.served(json!({ "hoard": 16 << 20 })).await, 2);
    assert_eq!(case.served(json!({})).await, 1);
}

#[tokio::test]
async fn an_instance_is_discarded_when_it_leaks_host_resources() {
    let case = Case::with("").await;

    assert_eq!(case.served(json!({ "open": 10 })).await, 1);
    assert_eq!(case.served(json!({ "open": 10 })).await, 2);
    assert_eq!(case.served(json!({ "open": 200 })).await, 3);
    assert_eq!(case.served(json!({})).await, 1);
}

#[tokio::test]
async fn an_instance_is_discarded_with_its_version_and_with_its_settings() {
    let mut case = Case::with("").await;

    assert_eq!(case.served(json!({})).await, 1);
    case.toril.replace_plugin("basics", &variant(&component("blue/basics"), "other"));
    case.toril.wait_for_log("plugin reloaded", LONG).await;
    assert_eq!(case.served(json!({})).await, 1);
    assert_eq!(case.served(json!({})).await, 2);
    assert_eq!(case.run("work", "version", json!({})).await["version"], "blue");

    case.toril.rewrite_config(format!("{QUEUES}{REUSE}config = {{ a = 1 }}\n"));
    case.toril.wait_for_log("configuration reloaded", LONG).await;
    assert_eq!(case.served(json!({})).await, 1);
    assert_eq!(case.served(json!({})).await, 2);
    assert_eq!(case.run("work", "config", json!({ "key": "a" })).await["value"], "1");
}

#[tokio::test]
async fn a_job_that_runs_while_its_plugin_is_replaced_leaves_no_instance_of_the_old_version() {
    let mut case = Case::with("").await;

    case.begin_waiting("work", "long").await;
    case.toril.replace_plugin("basics", &variant(&component("blue/basics"), "other"));
    case.toril.wait_for_log("plugin reloaded", LONG).await;
    assert_eq!(case.end_waiting("work", "long").await["served"], 1);

    assert_eq!(case.run("work", "version", json!({})).await["version"], "blue");
    assert_eq!(case.metric("pens_reused_total{plugin=\"basics\"}").await, 0.0);
}

#[tokio::test]
async fn an_instance_is_discarded_if_its_cancelled_job_did_not_end() {
    let case = Case::with("").await;

    assert_eq!(case.served(json!({})).await, 1);
    case.toril.cli(["add", "work", "ignore-cancel", "--id", "deaf"]).await.succeeded();
    wait_until("the job to run", LONG, async || case.job("deaf").await["state"] == "active").await;
    case.toril.cli(["cancel", "work", "deaf"]).await.succeeded();
    wait_until("the job to fail", LONG, async || case.job("deaf").await["state"] == "failed").await;

    assert_eq!(case.served(json!({})).await, 1);
}

#[tokio::test]
async fn jobs_that_run_at_the_same_time_have_different_instances() {
    let case = Case::with("").await;

    case.begin_waiting("work", "long").await;
    assert_eq!(case.served(json!({})).await, 1);
    assert_eq!(case.served(json!({})).await, 2);

    let ended = case.end_waiting("work", "long").await;
    assert_eq!((&ended["served"], &ended["last"]), (&json!(1), &json!(1)), "{ended}");
}

#[tokio::test]
async fn an_idle_instance_holds_no_slot_that_another_plugin_needs() {
    let redis = RedisServer::start().await;
    let config = "[queues.work]\nplugin = \"basics\"\n[queues.other]\nplugin = \"other\"\n\
        [plugins.basics]\nisolation = \"reuse\"\n[plugins.other]\nisolation = \"reuse\"\n";
    let toril = Toril::new().redis(redis.url()).plugin("basics").plugin_as("basics", "other").config(config);
    let mut toril = toril.host("max_pens = 1").spawn_run();
    toril.wait_ready().await;
    let case = Case { redis, toril };
    let other = async || case.run("other", "served", json!({})).await["served"].clone();

    assert_eq!(case.served(json!({})).await, 1);
    assert_eq!(case.served(json!({})).await, 2);
    assert_eq!(other().await, 1);
    assert_eq!(other().await, 2);
    assert_eq!(case.served(json!({})).await, 1);
}

#[tokio::test]
async fn a_waiting_job_gets_the_slot_of_a_finished_job_of_another_plugin() {
    let redis = RedisServer::start().await;
    let config = "[queues.work]\nplugin = \"basics\"\n[queues.other]\nplugin = \"other\"\n\
        [plugins.basics]\nisolation = \"reuse\"\n";
    let toril = Toril::new().redis(redis.url()).plugin("basics").plugin_as("basics", "other").config(config);
    let mut toril = toril.host("max_pens = 1").spawn_run();
    toril.wait_ready().await;
    let case = Case { redis, toril };

    case.begin_waiting("work", "long").await;
    let (other, ()) = tokio::join!(case.run("other", "served", json!({})), async {
        let claimed = async || case.metric("jobs_running{queue=\"other\"}").await >= 1.0;
        wait_until("the other job to be claimed", LONG, claimed).await;
        case.end_waiting("work", "long").await;
    });

    assert_eq!(other["served"], 1);
}

#[tokio::test]
async fn each_job_has_its_own_deadline() {
    let case = Case::with("").await;

    assert_eq!(case.served(json!({})).await, 1);
    let failed = case.fails("hasty", "served", json!({ "spin": true })).await;
    assert!(failed.contains("timeout: "), "{failed}");

    let remaining = async || case.run("work", "remaining", json!({})).await["remaining"].as_u64().unwrap_or_default();
    for _ in 0..2 {
        let left = remaining().await;
        assert!((1_800_000..=3_600_000).contains(&left), "{left}");
    }
}

#[tokio::test]
async fn each_job_has_its_own_log_lines_and_its_own_limit() {
    let case = Case::with("").await;

    assert_eq!(case.served(json!({ "lines": 1_005 })).await, 1);
    assert_eq!(case.served(json!({ "lines": 5 })).await, 2);

    let (first, second) = (case.log("1").await, case.log("2").await);
    assert_eq!(first.len(), 1_001);
    assert!(first.iter().take(1_000).all(|line| line.ends_with("of job 1")), "{first:?}");
    assert_eq!(second.len(), 5, "{second:?}");
    assert!(second.iter().all(|line| line.ends_with("of job 2")), "{second:?}");
}

#[tokio::test]
async fn a_denied_request_is_in_the_log_of_its_own_job_each_time() {
    let case = Case::with("").await;

    let denied = json!({ "fetch": "http://127.0.0.1:1/" });
    for (number, data) in [denied.clone(), json!({}), denied].into_iter().enumerate() {
        assert_eq!(case.served(data).await, number as u64 + 1);
    }

    let denials = async |id| case.log(id).await.iter().filter(|line| line.contains("may not send requests")).count();
    assert_eq!([denials("1").await, denials("2").await, denials("3").await], [1, 0, 1]);
}

#[tokio::test]
async fn fuel_is_counted_and_limited_for_each_job() {
    let case = Case::with("").await;
    let used = async || case.metric("pen_fuel_sum{plugin=\"basics\"}").await;

    case.served(json!({ "lines": 50 })).await;
    let first = used().await;
    for _ in 0..5 {
        case.served(json!({ "lines": 50 })).await;
    }

    let all = used().await;
    assert!(first > 0.0 && all < first * 9.0, "{first} for one job, {all} for six");
}

#[tokio::test]
async fn an_instance_in_typescript_runs_several_jobs_and_writes_into_the_log_of_each() {
    writes_into_the_log_of_each("basics-js").await;
}

#[tokio::test]
async fn an_instance_in_python_runs_several_jobs_and_writes_into_the_log_of_each() {
    writes_into_the_log_of_each("basics-py").await;
}

async fn writes_into_the_log_of_each(component: &str) {
    let agent = agent::serve().await;
    let case = Case::of_language(component, &format!("http = [{:?}]\nkeyvalue = true\n", agent.url())).await;
    let url = format!("{}/.well-known/agent-card.json", agent.url());

    for number in 1..=3 {
        assert_eq!(case.served(json!({})).await, number);
    }
    for id in ["1", "2", "3"] {
        let log = case.log(id).await;
        assert_eq!(log.len(), 1, "{log:?}");
        assert!(log[0].ends_with(&format!("job {id} is number {id}")), "{log:?}");
    }
    // A finished job's calls of the host do not end the instance.
    for (name, data) in [
        ("fetch", json!({ "url": url })),
        ("fetch", json!({ "url": url })),
        ("kv", json!({ "key": "n" })),
        ("sleep", json!({ "ms": 1 })),
    ] {
        case.run("work", name, data).await;
    }
    assert_eq!(case.served(json!({})).await, 4);
    case.fails("work", "fatal", json!({})).await;
    assert_eq!(case.served(json!({})).await, 1);
}

#[tokio::test]
async fn unfinished_work_of_a_typescript_job_continues_in_a_later_one_and_logs_there() {
    let case = Case::of_language("basics-js", "").await;

    case.run("work", "linger", json!({})).await;
    // Longer than the leftover timer, in the same event loop.
    case.run("work", "sleep", json!({ "ms": 1_000 })).await;

    assert_eq!([case.log("1").await, case.log("2").await], [vec![], vec!["job 1 was not done".to_owned()]]);
}
