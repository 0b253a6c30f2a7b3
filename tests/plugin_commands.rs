//! The commands for plugin authors, which work on a component without Redis and without a host.

use std::fs;

use serde_json::{Value, json};
use toril_tests::toril::{Output, component, variant};
use toril_tests::{PostgresServer, RedisServer, Toril, github};

/// A folder with one plugin, and a configuration that grants it something.
fn with(plugin: &str, grants: &str) -> Toril {
    let config = format!("[queues.work]\nplugin = {plugin:?}\ntimeout = \"2s\"\n[plugins.{plugin}]\n{grants}\n");
    Toril::new().redis("redis://127.0.0.1:1").plugin(plugin).config(config)
}

fn file(toril: &Toril, plugin: &str) -> String {
    toril.plugin_path(plugin).to_string_lossy().into_owned()
}

/// `toril plugin COMMAND FILE …`, without a configuration.
async fn plugin(toril: &Toril, command: &str, name: &str, arguments: &[&str]) -> Output {
    let file = file(toril, name);
    toril.cli_without_config(["plugin", command, &file].iter().chain(arguments)).await
}

/// The same with the configuration.
async fn configured(toril: &Toril, command: &str, name: &str, arguments: &[&str]) -> Output {
    let file = file(toril, name);
    toril.cli(["plugin", command, &file].iter().chain(arguments)).await
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[tokio::test]
async fn inspect_shows_a_component_and_the_grants_that_it_needs() {
    let toril = Toril::new().plugin("agent-commands");

    let shown = plugin(&toril, "inspect", "agent-commands", &["--json"]).await.succeeded().json();

    assert_eq!(shown["grants"], json!(["http", "config", "keyvalue"]));
    assert_eq!(
        (&shown["jobs"][1]["name"], &shown["jobs"][1]["dataSchema"]["required"][0]),
        (&json!("send"), &json!("message"))
    );
    assert!(shown["producers"]["processed-by"].get("rustc").is_some(), "{shown}");
    let imports = strings(&shown["imports"]);
    assert!(imports.contains(&"toril:plugin/job-context@0.2.0"), "{imports:?}");
    // It has no functions, so it is of no interest.
    assert!(!imports.iter().any(|import| import.starts_with("toril:plugin/types")), "{imports:?}");
    let text = plugin(&toril, "inspect", "agent-commands", &[]).await.succeeded().stdout;
    assert!(
        text.contains(shown["version"].as_str().unwrap_or("none")) && text.contains("[plugins.agent-commands]"),
        "{text}"
    );
}

#[tokio::test]
async fn inspect_reports_that_a_component_needs_no_grants() {
    let toril = Toril::new().plugin("double");

    let shown = plugin(&toril, "inspect", "double", &["--json"]).await.succeeded().json();

    assert_eq!(shown["grants"], json!([]));
    assert_eq!(shown["imports"], json!(["toril:plugin/job-context@0.2.0"]));
}

#[tokio::test]
async fn inspect_rejects_a_component_with_the_hosts_own_message() {
    let toril = with("no-handler", "");

    let checked = toril.cli(["check"]).await.exited(2).stderr;
    let inspected = plugin(&toril, "inspect", "no-handler", &[]).await.exited(1).stderr;
    let tested = plugin(&toril, "test", "no-handler", &["--name", "x"]).await.exited(1).stderr;

    let words = inspected.trim().strip_prefix("error: ").unwrap_or("nothing");
    assert!(checked.contains(words), "check says:\n{checked}\ninspect says:\n{inspected}");
    assert_eq!(inspected, tested);
}

#[tokio::test]
async fn a_component_with_other_types_under_the_interfaces_name_is_rejected() {
    let toril = Toril::new().plugin("other-types");

    let refused = plugin(&toril, "inspect", "other-types", &[]).await.exited(1).stderr;

    assert!(
        refused.contains("is not a plugin for this host: it exports toril:plugin/handler@0.2.0 with other types"),
        "{refused}"
    );
}

#[tokio::test]
async fn options_grant_the_same_as_an_entry() {
    let toril = Toril::new().plugin("basics");
    let arguments = ["--name", "kv", "--data", r#"{"key": "visits"}"#, "--json"];

    let refused = plugin(&toril, "test", "basics", &arguments).await.exited(1).json();
    let granted =
        plugin(&toril, "test", "basics", &[&arguments[..], &["--keyvalue"]].concat()).await.succeeded().json();

    let message = refused["failure"]["message"].as_str().unwrap_or_default();
    assert_eq!(message.matches("keyvalue = true").count(), 1, "suggested once: {message}");
    assert_eq!(granted["result"]["value"], 1, "{granted}");
}

#[tokio::test]
async fn inspect_shows_the_line_for_a_pool_of_a_component_that_uses_postgresql() {
    let toril = Toril::new().plugin("postgres");

    let shown = plugin(&toril, "inspect", "postgres", &["--json"]).await.succeeded().json();
    let text = plugin(&toril, "inspect", "postgres", &[]).await.succeeded().stdout;

    assert_eq!(shown["grants"], json!(["config", "postgres"]));
    assert!(text.contains("postgres.main.url = \"env:…\""), "{text}");
}

#[tokio::test]
async fn an_option_grants_a_pool_and_no_error_shows_its_connection_string() {
    let (toril, server) = (Toril::new().plugin("postgres"), PostgresServer::start().await);
    let toril = toril.env("TEST_URL", server.url());
    let arguments = ["--name", "query", "--data", r#"{"sql": "select 1 as one"}"#];
    let run = async |more: &[&str]| plugin(&toril, "test", "postgres", &[&arguments[..], more].concat()).await;

    let refused = run(&[]).await.exited(1).stdout;
    assert!(refused.contains("[plugins.postgres.postgres.main]"), "{refused}");
    assert!(refused.contains("for this run: --postgres POOL=URL"), "{refused}");

    for option in [format!("main={}", server.url()), "main=env:TEST_URL".to_owned()] {
        let report = run(&["--postgres", &option, "--json"]).await.succeeded().json();
        assert_eq!(report["result"]["rows"], json!([["1"]]), "{report}");
    }
    for wrong in ["postgres://me:hunter2@db", "main=mysql://me:hunter2@db", "main=env:NOT_SET"] {
        let output = run(&["--postgres", wrong]).await;
        assert!(output.code != Some(0) && !output.stderr.contains("hunter2"), "{}", output.stderr);
    }
}

#[tokio::test]
async fn a_pool_that_cannot_be_used_is_a_problem_at_its_line_which_does_not_show_the_connection_string() {
    let pool = "[plugins.postgres.postgres.main]\nurl = \"env:DATABASE_URL\"";
    let toril = with("postgres", pool).env("DATABASE_URL", "mysql://me:hunter2@db/shop");

    let checked = toril.cli(["check"]).await.exited(2).stderr;

    assert!(checked.contains("pool main under [plugins.postgres.postgres] cannot be used: its `url`"), "{checked}");
    assert!(checked.contains("queues.toml:") && !checked.contains("hunter2"), "{checked}");
}

#[tokio::test]
async fn a_job_runs_without_redis_and_everything_it_did_is_printed() {
    let toril = Toril::new().plugin("basics");
    fs::write(toril.folder().join("job.json"), r#"{ "name": "progress", "id": "7", "attempt": 2, "maxAttempts": 3 }"#)
        .expect("writes the job");

    let report = plugin(&toril, "test", "basics", &["--job", "job.json", "--json"]).await.succeeded().json();

    assert_eq!((&report["outcome"], &report["result"]), (&json!("completed"), &json!({ "lines": 3 })), "{report}");
    assert_eq!(
        report["job"],
        json!({ "queue": "test", "id": "7", "name": "progress", "attempt": 2, "maxAttempts": 3 })
    );
    assert_eq!(report["progress"], json!([50, { "step": "two" }]));
    let levels: Vec<_> = report["log"].as_array().into_iter().flatten().map(|line| &line["level"]).collect();
    assert_eq!(levels, [&json!("info"), &json!("warn"), &json!("error")]);
    assert!(report["fuel"].as_u64() > Some(0) && report["durationMs"].as_f64() > Some(0.0), "{report}");
    // A Rust guest starts with 1 MiB for its stack.
    assert!(report["peakMemory"].as_u64() > Some(1 << 20), "{report}");
}

#[tokio::test]
async fn more_work_needs_more_fuel_and_more_memory() {
    let toril = Toril::new().plugin("basics");
    let huge = async |bytes: u32| {
        let data = json!({ "bytes": bytes }).to_string();
        plugin(&toril, "test", "basics", &["--name", "huge", "--data", &data, "--json"]).await.succeeded().json()
    };

    let (small, large) = (huge(1_000).await, huge(900_000).await);

    for measure in ["peakMemory", "fuel"] {
        assert!(small[measure].as_u64() < large[measure].as_u64(), "{measure}: {} {}", small[measure], large[measure]);
    }
}

#[tokio::test]
async fn every_outcome_except_completed_exits_with_code_1() {
    let toril = Toril::new().plugin("basics");
    for (name, data, outcome) in [
        ("fatal", "{}", "failed"),
        ("fail-times", r#"{"times":1}"#, "retry"),
        ("defer", r#"{"ms":60000}"#, "deferred"),
        ("rate-limit", r#"{"ms":60000}"#, "rate-limited"),
        ("await", "{}", "awaiting-children"),
        ("panic", "{}", "retry"),
    ] {
        let report =
            plugin(&toril, "test", "basics", &["--name", name, "--data", data, "--json"]).await.exited(1).json();
        assert_eq!(report["outcome"], outcome, "{report}");
    }
}

#[tokio::test]
async fn a_wrong_command_line_or_job_exits_with_code_2() {
    let toril = Toril::new().plugin("basics");
    fs::write(toril.folder().join("job.json"), r#"{ "nme": "echo" }"#).expect("writes the job");

    plugin(&toril, "test", "basics", &[]).await.exited(2);
    plugin(&toril, "test", "basics", &["--name", "echo", "--data", "{"]).await.exited(2);
    plugin(&toril, "test", "nothing-there", &["--name", "echo"]).await.exited(2);
    let misspelt = plugin(&toril, "test", "basics", &["--job", "job.json"]).await.exited(2);
    assert!(misspelt.stderr.contains("job.json") && misspelt.stderr.contains("`nme`"), "{}", misspelt.stderr);
}

#[tokio::test]
async fn data_that_does_not_fit_its_schema_fails_like_on_a_host() {
    let toril = Toril::new().plugin("double");

    let report = plugin(&toril, "test", "double", &["--name", "double", "--data", r#"{"n":"x"}"#, "--json"]).await;

    let failure = &report.exited(1).json()["failure"];
    assert_eq!(failure["kind"], "invalid-data");
    assert!(failure["message"].as_str().is_some_and(|message| message.contains("field /n")), "{failure}");
}

#[tokio::test]
async fn settings_come_from_the_entry_of_the_named_configuration() {
    let toril =
        with("basics", "config = { colour = \"red\" }\nsecrets = { word = \"env:THE_WORD\" }").env("THE_WORD", "olé");
    let read = |key: &str| json!({ "key": key }).to_string();
    let value = async |arguments: &[&str]| {
        configured(&toril, "test", "basics", &[&["--json"], arguments].concat()).await.succeeded().json()["result"]["value"].clone()
    };

    assert_eq!(value(&["--name", "config", "--data", &read("colour")]).await, "red");
    assert_eq!(value(&["--name", "config", "--data", &read("word")]).await, "olé");
    assert_eq!(value(&["--name", "config", "--data", &read("colour"), "--set", "colour=blue"]).await, "blue");
    let without = plugin(&toril, "test", "basics", &["--name", "config", "--data", &read("colour"), "--json"]).await;
    assert_eq!(without.succeeded().json()["result"]["value"], Value::Null);
}

#[tokio::test]
async fn the_timeout_defaults_to_that_of_the_queue() {
    let toril = with("basics", "");
    fs::write(toril.folder().join("job.json"), r#"{ "name": "remaining", "queue": "work" }"#).expect("writes the job");
    let remaining = async |arguments: &[&str]| {
        let report =
            configured(&toril, "test", "basics", &[&["--json", "--job", "job.json"], arguments].concat()).await;
        report.succeeded().json()["result"]["remaining"].as_u64().unwrap_or(0)
    };

    assert!((1..=2_000).contains(&remaining(&[]).await));
    assert!((2_001..=60_000).contains(&remaining(&["--timeout", "1m"]).await));
}

#[tokio::test]
async fn memory_and_fuel_can_be_bounded_for_one_run() {
    let toril = Toril::new().plugin("basics");
    let huge = ["--name", "huge", "--data", r#"{"bytes":900000}"#, "--json"];
    let kind = async |bound: &[&str]| {
        let report = plugin(&toril, "test", "basics", &[&huge[..], bound].concat()).await.exited(1).json();
        report["failure"]["kind"].clone()
    };

    assert_eq!(kind(&["--memory", "2MiB"]).await, "memory");
    assert_eq!(kind(&["--fuel", "1000"]).await, "fuel");
    plugin(&toril, "test", "basics", &[&huge[..], &["--memory", "1KiB"]].concat()).await.exited(2);
}

#[tokio::test]
async fn the_fuel_of_an_interrupted_run_is_unknown() {
    let toril = Toril::new().plugin("spin");
    let spin = ["--name", "spin", "--timeout", "200ms"];

    let report = plugin(&toril, "test", "spin", &[&spin[..], &["--json"]].concat()).await.exited(1).json();
    let text = plugin(&toril, "test", "spin", &spin).await.exited(1).stdout;

    assert_eq!((&report["failure"]["kind"], &report["fuel"]), (&json!("timeout"), &Value::Null));
    assert!(text.contains("fuel unknown"), "{text}");
}

#[tokio::test]
async fn a_denial_names_the_option_that_grants_it_and_is_in_the_log() {
    let toril = Toril::new().plugin("basics");
    let fetch = ["--name", "fetch", "--data", r#"{"url":"http://localhost:1/x"}"#];

    let text = plugin(&toril, "test", "basics", &fetch).await.exited(1).stdout;

    assert!(text.contains("for this run: --http ORIGIN, or --config FILE"), "{text}");
    assert!(text.contains("warn   plugin basics may not send requests to http://localhost:1: add"), "{text}");
}

#[tokio::test]
async fn recorded_requests_are_replayed_without_the_network() {
    let (toril, github) = (Toril::new().plugin("github-sync"), github::serve().await);
    let url = github.url().to_owned();
    let (set, job) = (format!("api-url={url}"), json!({ "repo": "octo-org/hello-world" }).to_string());
    let sync = ["--name", "sync", "--data", &job, "--set", &set, "--set", "token=hunter2", "--keyvalue", "--json"];
    let granted = [&sync[..], &["--http", &url]].concat();

    let denied = plugin(&toril, "test", "github-sync", &sync).await.exited(1).json();
    let recorded =
        plugin(&toril, "test", "github-sync", &[&granted[..], &["--http-record", "tape.json"]].concat()).await;
    let recorded = recorded.succeeded().json();
    let asked = github.requests().len();
    let replayed =
        plugin(&toril, "test", "github-sync", &[&granted[..], &["--http-replay", "tape.json"]].concat()).await;

    assert!(denied["failure"]["message"].as_str().is_some_and(|message| message.contains(&url)), "{denied}");
    assert_eq!(recorded["result"]["stars"], 80, "{recorded}");
    assert_eq!(replayed.succeeded().json()["result"]["stars"], 80);
    assert!(asked > 1 && asked == github.requests().len(), "the replay sent a request");
    let tape = fs::read_to_string(toril.folder().join("tape.json")).expect("a recording");
    assert!(!tape.contains("hunter2"), "the token was recorded: {tape}");
}

#[tokio::test]
async fn a_request_that_was_not_recorded_fails() {
    let toril = Toril::new().plugin("basics");
    fs::write(toril.folder().join("tape.json"), r#"{ "exchanges": [] }"#).expect("writes the recording");
    let fetch = ["--name", "fetch", "--data", r#"{"url":"http://localhost:1/x"}"#, "--http", "http://localhost:1"];

    let report =
        plugin(&toril, "test", "basics", &[&fetch[..], &["--http-replay", "tape.json"]].concat()).await.exited(1);

    assert!(report.stdout.contains("the recording has no answer to GET http://localhost:1/x"), "{}", report.stdout);
}

/// All data in Redis: each key with its serialized value.
async fn everything(redis: &RedisServer) -> Vec<(String, Vec<u8>)> {
    let mut connection = redis.connection().await;
    let mut keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.expect("keys");
    keys.sort();
    let mut all = Vec::new();
    for key in keys {
        let dump: Vec<u8> = redis::cmd("DUMP").arg(&key).query_async(&mut connection).await.expect("a value");
        all.push((key, dump));
    }
    all
}

#[tokio::test]
async fn replaying_a_failed_job_changes_nothing_in_redis() {
    let redis = RedisServer::start().await;
    let config = "[queues.work]\nplugin = \"basics\"\nattempts = 2\nbackoff = \"10ms\"\n";
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(config).spawn_run();
    toril.wait_ready().await;
    toril.cli(["add", "work", "fail-times", "--data", r#"{"times":2}"#, "--wait"]).await.exited(1);
    toril.end().await;
    let before = everything(&redis).await;

    let same = configured(&toril, "test", "basics", &["--from", "work/1", "--json"]).await.exited(1).json();
    let later = configured(&toril, "test", "basics", &["--from", "work/1", "--attempt", "3", "--json"]).await;
    let missing = configured(&toril, "test", "basics", &["--from", "nowhere/1"]).await.exited(1);

    assert_eq!((&same["job"]["queue"], &same["job"]["attempt"]), (&json!("work"), &json!(2)), "{same}");
    assert_eq!(same["failure"]["message"], "attempt 2 failed");
    assert_eq!(later.succeeded().json()["result"], json!({ "attempts": 3 }));
    assert!(missing.stderr.contains("queue nowhere has no job 1"), "{}", missing.stderr);
    assert_eq!(before, everything(&redis).await);
}

#[tokio::test]
async fn types_for_producers_come_from_the_schemas() {
    let toril = Toril::new().plugin("agent-commands");

    let ts = plugin(&toril, "types", "agent-commands", &["--lang", "ts"]).await.succeeded().stdout;
    let python = plugin(&toril, "types", "agent-commands", &["--lang", "python"]).await.succeeded().stdout;

    assert!(ts.contains("export interface AgentCommandsSend {\n"), "{ts}");
    assert!(ts.contains("export interface AgentCommandsSendResult {\n"), "{ts}");
    assert!(ts.contains("  contextId?: string | null;\n"), "{ts}");
    assert!(python.contains("class AgentCommandsSend(TypedDict):\n"), "{python}");
    assert!(python.contains("    message: AgentCommandsSendContent\n"), "{python}");
}

#[tokio::test]
async fn the_next_build_of_a_large_plugin_reuses_compiled_functions() {
    let toril = Toril::new();
    let compiled = async |build: &str| {
        // As large as one with an engine.
        let bytes = variant(&component("basics"), &build.repeat(1 << 20));
        fs::write(toril.folder().join("large.wasm"), bytes).expect("writes the component");
        let file = toril.folder().join("large.wasm").display().to_string();
        let arguments = ["plugin", "test", &file, "--name", "echo"];
        let printed = toril.cli_without_config(arguments).await.succeeded().stderr;
        let number = |after: &str| {
            let (before, _) = printed.split_once(after).unwrap_or_else(|| panic!("no \"{after}\" in: {printed}"));
            before.rsplit([' ', '"']).next().and_then(|number| number.parse::<u32>().ok()).expect("a number")
        };
        (number(" functions compiled"), number(" taken from earlier components"))
    };

    let (first, none) = compiled("1").await;
    let (rest, taken) = compiled("2").await;

    assert!(first > 100 && none == 0, "{first} compiled and {none} taken the first time");
    assert!(rest < first / 5 && taken > rest, "{rest} compiled and {taken} taken the second time, of {first}");
}
