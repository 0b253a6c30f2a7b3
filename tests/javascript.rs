//! The JavaScript engine, through plain modules that need neither Node nor a Redis server. `hostile` has hostile ones.

use std::fs;

use serde_json::{Value, json};
use toril_tests::toril::engine_cache;
use toril_tests::{Toril, agent};

const CONFIG: &str = "[queues.work]\nplugin = \"plugin\"\n";

/// A plugin that is built from one module.
struct Plugin(Toril);

impl Plugin {
    async fn of(source: &str) -> Self {
        let toril = Toril::new().config(CONFIG).cache(engine_cache());
        fs::write(toril.folder().join("plugin.mjs"), source).expect("writes the module");
        toril.cli(["plugin", "build", "plugin.mjs"]).await.succeeded();
        Self(toril)
    }

    /// The report of one job.
    async fn report(&self, name: &str, data: Value) -> Value {
        self.report_with(name, data, &[]).await
    }

    async fn report_with(&self, name: &str, data: Value, options: &[&str]) -> Value {
        let data = data.to_string();
        let job = ["plugin", "test", "plugins/plugin.wasm", "--name", name, "--data", &data, "--json"];
        self.0.cli(job.iter().chain(options)).await.json()
    }

    /// The result of one job.
    async fn result(&self, data: Value) -> Value {
        let report = self.report("job", data).await;
        assert_eq!(report["outcome"], "completed", "{report}");
        report["result"].clone()
    }

    /// The reason why one job failed.
    async fn failure(&self) -> String {
        let report = self.report("job", json!(null)).await;
        assert_ne!(report["outcome"], "completed", "{report}");
        report["failure"].to_string()
    }
}

#[tokio::test]
async fn a_rejection_that_nothing_handles_ends_the_attempt() {
    let plugin = Plugin::of(
        "export async function handle() {
           Promise.reject(new Error('nobody sees this'));
           await new Promise((resolve) => setTimeout(resolve, 60_000));
         }",
    )
    .await;
    let failure = plugin.failure().await;
    assert!(failure.contains("nobody sees this"), "{failure}");
}

#[tokio::test]
async fn a_rejection_that_is_handled_later_in_the_same_turn_ends_nothing() {
    let plugin = Plugin::of(
        "export async function handle() {
           const rejected = Promise.reject(new Error('handled'));
           await null;
           return rejected.catch((error) => error.message);
         }",
    )
    .await;
    assert_eq!(plugin.result(json!(null)).await, "handled");
}

#[tokio::test]
async fn an_error_in_a_timer_ends_the_attempt() {
    let plugin = Plugin::of(
        "export async function handle() {
           setTimeout(() => { throw new Error('in a timer'); }, 1);
           await new Promise((resolve) => setTimeout(resolve, 60_000));
         }",
    )
    .await;
    let failure = plugin.failure().await;
    assert!(failure.contains("in a timer"), "{failure}");
}

#[tokio::test]
async fn a_promise_that_nothing_can_settle_ends_the_attempt() {
    let plugin = Plugin::of("export const handle = () => new Promise(() => {});").await;
    let failure = plugin.failure().await;
    assert!(failure.contains("awaits something that will never happen"), "{failure}");
}

#[tokio::test]
async fn recursion_is_at_least_1500_calls_deep_and_then_a_range_error() {
    let plugin = Plugin::of(
        "export function handle() {
           let depth = 0;
           const deeper = () => { depth += 1; deeper(); };
           try { deeper(); } catch (error) { return { depth, name: error.name }; }
         }",
    )
    .await;
    let result = plugin.result(json!(null)).await;
    assert_eq!(result["name"], "RangeError");
    assert!(result["depth"].as_u64() >= Some(1500), "{result}");
}

#[tokio::test]
async fn two_jobs_draw_different_random_numbers() {
    let plugin = Plugin::of("export const handle = () => [Math.random(), crypto.randomUUID()];").await;
    let (first, second) = (plugin.result(json!(null)).await, plugin.result(json!(null)).await);
    assert!(first[0] != second[0] && first[1] != second[1], "{first} {second}");
}

#[tokio::test]
async fn random_bytes_at_the_top_level_fail_the_build() {
    let toril = Toril::new().config(CONFIG).cache(engine_cache());
    fs::write(toril.folder().join("plugin.mjs"), "const id = crypto.randomUUID();\nexport const handle = () => id;\n")
        .expect("writes the module");
    let refused = toril.cli(["plugin", "build", "plugin.mjs"]).await.exited(1);
    assert!(refused.stderr.contains("every job would get the same"), "{}", refused.stderr);
}

#[tokio::test]
async fn the_top_level_runs_at_build_time_and_each_job_starts_from_its_state() {
    let plugin = Plugin::of("let count = 0;\ncount += 1;\nexport const handle = () => (count += 1);\n").await;
    assert_eq!((plugin.result(json!(null)).await, plugin.result(json!(null)).await), (json!(2), json!(2)));
}

#[tokio::test]
async fn the_clock_of_a_job_is_that_of_the_host() {
    let plugin = Plugin::of("export const handle = () => Date.now();").await;
    let now = plugin.result(json!(null)).await.as_f64().expect("a number");
    let host = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_millis() as f64;
    assert!((host - now).abs() < 600_000.0, "{now} and {host}");
}

#[tokio::test]
async fn timers_run_in_the_order_of_their_times_and_microtasks_before_them() {
    let plugin = Plugin::of(
        "export async function handle() {
           const order = [];
           setTimeout(() => order.push('30 ms'), 30);
           const cleared = setTimeout(() => order.push('cleared'), 1);
           setTimeout(() => order.push('5 ms'), 5);
           queueMicrotask(() => order.push('microtask'));
           clearTimeout(cleared);
           await new Promise((resolve) => setTimeout(resolve, 60));
           return order;
         }",
    )
    .await;
    assert_eq!(plugin.result(json!(null)).await, json!(["microtask", "5 ms", "30 ms"]));
}

#[tokio::test]
async fn an_unexpected_error_leaves_a_stack_with_the_authors_lines() {
    let plugin = Plugin::of("function inner() {\n  null.property;\n}\nexport const handle = () => inner();\n").await;
    let report = plugin.report("job", json!(null)).await;
    let stack = report["failure"]["stack"].as_str().unwrap_or_default();
    let frames: Vec<_> = stack.lines().skip(1).map(str::trim).collect();
    assert_eq!(frames, ["at inner (plugin.mjs:2:3)", "at handle (plugin.mjs:4:29)"], "{report}");
    assert!(report["log"].to_string().contains("at inner (plugin.mjs:2:3)"), "{report}");
}

#[tokio::test]
async fn json_is_written_as_node_writes_it() {
    let plugin = Plugin::of(
        r#"export const handle = () => JSON.stringify({
             numbers: [0, -0, 1.5, 1e21, 1e-7, 123456789012, NaN, Infinity, 2 ** 53],
             text: 'ü "\\/ \b\f\n\r\t\u0001\u2028 \ud83d\ude00 \ud800',
             skipped: undefined, list: [undefined, () => 1, Symbol('x'), null],
             date: new Date(0), boxed: [new Number(3), new String('s'), new Boolean(false)],
             own: { toJSON(key) { return `for ${key}`; } }, map: new Map([[1, 2]]), bytes: new Uint8Array([1, 2]),
             __proto__: { inherited: 1 }, ['__proto__']: 'own', 2: 'b', 1: 'a',
             get computed() { return 'read'; },
           });"#,
    )
    .await;
    let expected = concat!(
        r#"{"1":"a","2":"b","numbers":[0,0,1.5,1e+21,1e-7,123456789012,null,null,9007199254740992],"#,
        r#""text":"ü \"\\/ \b\f\n\r\t\u0001"#,
        "\u{2028} \u{1f600} ",
        r#"\ud800","list":[null,null,null,null],"date":"1970-01-01T00:00:00.000Z","boxed":[3,"s",false],"#,
        r#""own":"for own","map":{},"bytes":{"0":1,"1":2},"__proto__":"own","computed":"read"}"#,
    );
    assert_eq!(plugin.result(json!(null)).await, expected);
}

#[tokio::test]
async fn json_is_read_as_node_reads_it() {
    let plugin = Plugin::of(
        r#"const texts = ['[1,-0,1e3,0.1,123456789012345680000]', '{"a":1,"a":2,"__proto__":3}', '"\\ud83d\\ude00\\u0041\\n"', ' [ ] ', '{"b":{"c":[{}]}}'];
           const wrong = ['', '01', '[1,]', '{"a":1,}', "{'a':1}", '"\t"', '1 2', 'nul', '"\\x"', '[1', '-', '1.', '+1'];
           export const handle = ({ data }) => ({
             data,
             right: texts.map((text) => { const value = JSON.parse(text); return [JSON.stringify(value), Object.is(value[1], -0)]; }),
             wrong: wrong.map((text) => { try { JSON.parse(text); return text; } catch (error) { return error.name; } }),
             own: Object.hasOwn(JSON.parse('{"__proto__":3}'), '__proto__'),
             revived: JSON.parse('{"a":[1,2]}', (key, value) => (typeof value === 'number' ? value * 2 : value)),
           });"#,
    )
    .await;
    let data = json!({ "deep": [[[{ "ü": "\u{0}" }]]], "n": 1e300 });
    let result = plugin.result(data.clone()).await;
    assert_eq!(result["data"], data);
    let right = [
        json!(["[1,0,1000,0.1,123456789012345680000]", true]),
        json!([r#"{"a":2,"__proto__":3}"#, false]),
        json!(["\"\u{1f600}A\\n\"", false]),
        json!(["[]", false]),
        json!([r#"{"b":{"c":[{}]}}"#, false]),
    ];
    assert_eq!(result["right"], json!(right));
    assert_eq!(result["wrong"], json!(vec!["SyntaxError"; 13]));
    assert_eq!(result["own"], true);
    assert_eq!(result["revived"], json!({ "a": [2, 4] }));
}

#[tokio::test]
async fn a_deep_document_is_read_and_written() {
    let plugin = Plugin::of("export const handle = ({ data }) => JSON.stringify(JSON.parse(data)) === data;").await;
    let text = format!("{}1{}", "[".repeat(1000), "]".repeat(1000));
    assert_eq!(plugin.result(json!(text)).await, true);
}

#[tokio::test]
async fn a_document_that_is_too_deep_is_an_error_that_the_plugin_can_catch() {
    let plugin = Plugin::of(
        "export const handle = ({ data }) => {
           const text = '['.repeat(data) + ']'.repeat(data);
           const read = (...more) => { try { return JSON.parse(text, ...more).length; } catch (error) { return error.name; } };
           return [read(), read((key, value) => value)];
         };",
    )
    .await;
    assert_eq!(plugin.result(json!(100_000)).await, json!(["RangeError", "RangeError"]));
}

#[tokio::test]
async fn an_error_in_a_microtask_ends_the_attempt() {
    let plugin = Plugin::of(
        "export async function handle() {
           queueMicrotask(() => { throw new Error('in a microtask'); });
           await new Promise((resolve) => setTimeout(resolve, 60_000));
         }",
    )
    .await;
    let failure = plugin.failure().await;
    assert!(failure.contains("in a microtask"), "{failure}");
}

#[tokio::test]
async fn a_result_with_a_cycle_fails_the_job_for_good() {
    let plugin = Plugin::of("export const handle = () => { const a = {}; a.a = a; return a; };").await;
    let report = plugin.report("job", json!(null)).await;
    assert_eq!(report["outcome"], "failed", "{report}");
    assert!(report["failure"].to_string().contains("cannot be written as JSON"), "{report}");
}

#[tokio::test]
async fn more_requests_than_an_attempt_may_have_open_wait_for_each_other() {
    let agent = agent::serve().await;
    let plugin = Plugin::of(
        "export async function handle({ data }) {
           const answers = Array.from({ length: 60 }, () => fetch(data).then((response) => response.json()));
           return (await Promise.all(answers)).length;
         }",
    )
    .await;
    let url = format!("{}/.well-known/agent-card.json", agent.url());
    let report = plugin.report_with("job", json!(url), &["--http", agent.url()]).await;
    assert_eq!(report["result"], 60, "{report}");
}

#[tokio::test]
async fn both_copies_of_a_response_have_its_whole_body() {
    let agent = agent::serve().await;
    let plugin = Plugin::of(
        "export async function handle({ data }) {
           const response = await fetch(data);
           const copy = response.clone();
           return (await response.text()) === (await copy.text());
         }",
    )
    .await;
    let url = format!("{}/.well-known/agent-card.json", agent.url());
    let report = plugin.report_with("job", json!(url), &["--http", agent.url()]).await;
    assert_eq!(report["result"], true, "{report}");
}
