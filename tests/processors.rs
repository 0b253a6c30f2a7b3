//! Compares BullMQ's sandboxed processors in Node with Toril: the same file of `tests/processors` runs on two servers, and
//! must leave the same data in every key. `docs/parity.md` has a row for each test.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use serde_json::{Value, json};
use toril_tests::toril::engine_cache;
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, contents, node, repository, wait_until};

type Contents = BTreeMap<String, Value>;

/// The ends of temporary keys: the marker, the stalled check, the rate limiter and locks.
const PASSING: [&str; 5] = [":marker", ":stalled", ":stalled-check", ":limiter", ":lock"];

/// A processor's file, and the jobs that it gets.
struct Case {
    file: &'static str,
    fill: Value,
    /// How many jobs of the queue `work` end.
    ends: usize,
    /// Cancels each job that has set its progress, for this reason.
    cancel: Option<&'static str>,
}

impl Case {
    fn of(file: &'static str, jobs: Value) -> Self {
        let ends = jobs.as_array().map_or(0, Vec::len);
        Self { file, fill: json!({ "jobs": jobs }), ends, cancel: None }
    }

    fn flows(file: &'static str, flows: Value, ends: usize) -> Self {
        Self { file, fill: json!({ "flows": flows }), ends, cancel: None }
    }

    /// Expects this number of jobs to end, if it is not the number of added ones.
    fn ending(mut self, ends: usize) -> Self {
        self.ends = ends;
        self
    }

    fn cancelling(mut self, reason: &'static str) -> Self {
        self.cancel = Some(reason);
        self
    }

    fn path(&self) -> PathBuf {
        repository().join("tests/processors").join(self.file)
    }

    async fn filled(&self) -> RedisServer {
        let redis = RedisServer::start().await;
        let mut fill = self.fill.clone();
        fill["redis"] = json!(redis.url());
        fill["queue"] = json!("work");
        node::run("fill", fill).await;
        redis
    }

    async fn left(&self, redis: &RedisServer) -> Contents {
        let mut connection = redis.connection().await;
        let what = format!("{} jobs to end", self.ends);
        wait_until(&what, LONG, async || contents::ended(&mut connection.clone(), "bull:work").await >= self.ends)
            .await;
        let mut left = contents::of(&mut connection, "bull").await;
        left.retain(|key, _| !PASSING.iter().any(|passing| key.ends_with(passing)));
        left
    }

    /// Builds the processor as the plugin `processor`, in a folder where `npm` would have installed the SDK.
    async fn build(&self, toril: &Toril) {
        let folder = toril.folder().join("project");
        let programs = folder.join("node_modules/.bin");
        fs::create_dir_all(&programs).expect("a folder for programs");
        let bundler = repository().join("sdk/js/bin/toril-plugin-build.js");
        symlink(bundler, programs.join("toril-plugin-build")).expect("a link to the bundler");
        let extension = self.path().extension().unwrap_or_default().to_owned();
        let file = folder.join("processor").with_extension(extension);
        fs::copy(self.path(), &file).expect("a copy of the processor");
        let plugins = toril.folder().join("plugins");
        let build = [OsStr::new("plugin"), "build".as_ref(), file.as_os_str(), "--out".as_ref(), plugins.as_os_str()];
        toril.cli(build).await.succeeded();
    }

    async fn by_toril(&self) -> Contents {
        let redis = self.filled().await;
        let config = "[queues.work]\nplugin = \"processor\"\nconcurrency = 1\nmetrics = false\n\
                      [plugins.processor]\nadd_to = [\"work\", \"target\"]\n";
        let mut toril = Toril::new().redis(redis.url()).config(config).cache(engine_cache());
        self.build(&toril).await;
        toril = toril.spawn_run();
        toril.wait_ready().await;
        if let Some(reason) = self.cancel {
            let connection = redis.connection().await;
            wait_until("the job to have progress", LONG, async || {
                let mut ask = redis::cmd("HEXISTS");
                ask.arg("bull:work:1").arg("progress");
                ask.query_async::<bool>(&mut connection.clone()).await.unwrap_or(false)
            })
            .await;
            toril.cli(["cancel", "work", "1", "--reason", reason]).await.succeeded();
        }
        self.left(&redis).await
    }

    async fn by_node(&self) -> Contents {
        let redis = self.filled().await;
        let mut input = json!({ "redis": redis.url(), "queue": "work", "processor": self.path() });
        if let Some(reason) = self.cancel {
            input["cancel"] = json!({ "reason": reason });
        }
        let mut worker = node::spawn("sandboxed", input, &[]);
        worker.wait_ready().await;
        self.left(&redis).await
    }

    /// Compares every key of both. Returns the data.
    async fn leaves_the_same(&self) -> Contents {
        let (ours, theirs) = tokio::join!(self.by_toril(), self.by_node());
        let keys = |contents: &Contents| contents.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&ours), keys(&theirs), "{}: the keys, ours and then theirs", self.file);
        for (key, value) in &ours {
            assert_eq!(value, &theirs[key], "{}: {key}, ours and then theirs", self.file);
        }
        ours
    }
}

fn job(name: &str, data: Value, opts: Value) -> Value {
    json!({ "name": name, "data": data, "opts": opts })
}

#[tokio::test]
async fn a_result_of_a_processor_is_stored_as_json() {
    let names = ["nothing", "number", "date", "text", "function"];
    let jobs = names.map(|name| job("result", json!(name), json!({})));
    Case::of("result.cjs", json!(jobs)).leaves_the_same().await;
}

#[tokio::test]
async fn a_processor_may_be_the_default_export_of_a_compiled_module() {
    Case::of("exports-default.cjs", json!([job("a", json!([1]), json!({}))])).leaves_the_same().await;
}

#[tokio::test]
async fn a_processor_may_be_a_synchronous_function_in_a_plain_script() {
    Case::of("synchronous.js", json!([job("abc", json!({}), json!({}))])).leaves_the_same().await;
}

#[tokio::test]
async fn a_processor_sees_all_fields_of_its_job() {
    let opts = json!({ "attempts": 2, "priority": 3, "keepLogs": 5, "deduplication": { "id": "d" } });
    Case::of("fields.mjs", json!([job("a", json!({ "b": null }), opts)])).leaves_the_same().await;
}

#[tokio::test]
async fn a_processor_sees_the_options_of_its_job_by_their_long_names() {
    let opts = json!({ "attempts": 3, "backoff": 40, "keepLogs": 5, "deduplication": { "id": "d" },
        "removeOnComplete": { "count": 9 } });
    let jobs = json!([job("a", json!({}), opts), job("b", json!({}), json!({}))]);
    Case::of("options.ts", jobs).leaves_the_same().await;
}

#[tokio::test]
async fn an_error_that_a_processor_throws_is_the_reason_of_the_failure() {
    // Node's child process exits after the last one, and would fail the job after it.
    let names = ["own", "cause", "empty", "text", "big", "number", "nothing"];
    let jobs = names.map(|name| job(name, json!({}), json!({})));
    Case::of("throws.ts", json!(jobs)).leaves_the_same().await;
}

#[tokio::test]
async fn a_failed_attempt_of_a_processor_is_retried() {
    let jobs = json!([
        job("a", json!({}), json!({ "attempts": 3 })),
        job("b", json!({}), json!({ "attempts": 2 })),
        job("c", json!({}), json!({ "attempts": 3, "backoff": { "type": "fixed", "delay": 300 } })),
    ]);
    let left = Case::of("throws-at-once.cjs", jobs).leaves_the_same().await;
    assert_eq!(left["work:1"]["stacktrace"], 2, "each failure has its stack: {}", left["work:1"]);
}

#[tokio::test]
async fn an_unrecoverable_error_of_a_processor_fails_the_job_for_good() {
    let again = json!({ "attempts": 5 });
    let jobs = json!([job("a", json!({ "customer": 7 }), again.clone()), job("b", json!({ "plain": true }), again)]);
    Case::of("unrecoverable.ts", jobs).leaves_the_same().await;
}

#[tokio::test]
async fn an_unrecoverable_error_is_known_by_its_name() {
    let jobs = json!([job("a", json!({}), json!({ "attempts": 5 }))]);
    Case::of("unrecoverable-by-name.cjs", jobs).leaves_the_same().await;
}

#[tokio::test]
async fn a_processor_delays_its_job_without_using_up_an_attempt() {
    let jobs = json!([job("a", json!({}), json!({ "attempts": 2 }))]);
    Case::of("delayed.ts", jobs).leaves_the_same().await;
}

#[tokio::test]
async fn a_processor_puts_its_job_back_before_the_others() {
    let jobs = json!([
        job("a", json!({}), json!({})),
        job("b", json!({}), json!({})),
        job("c", json!({}), json!({ "priority": 2 }))
    ]);
    Case::of("waits.ts", jobs).leaves_the_same().await;
}

#[tokio::test]
async fn a_processor_limits_the_rate_of_its_queue() {
    Case::of("rate-limit.ts", json!([job("a", json!({}), json!({}))])).leaves_the_same().await;
}

#[tokio::test]
async fn a_rate_limit_error_without_a_limit_puts_the_job_back() {
    Case::of("rate-limit-without-limit.cjs", json!([job("a", json!({}), json!({}))])).leaves_the_same().await;
}

#[tokio::test]
async fn a_processor_waits_for_children_that_it_has_added() {
    Case::of("children.ts", json!([job("parent", json!({}), json!({}))])).ending(5).leaves_the_same().await;
}

#[tokio::test]
async fn a_processor_lists_the_children_of_its_job() {
    let child = |n: usize| json!({ "name": "leaf", "queueName": "work", "data": { "n": n }, "opts": { "jobId": format!("c{n}") } });
    let mut children: Vec<_> = (0..5).map(child).collect();
    let ignored = json!({ "jobId": "ignored", "ignoreDependencyOnFailure": true });
    children.push(json!({ "name": "fatal", "queueName": "work", "data": {}, "opts": ignored }));
    let flow = json!({ "name": "parent", "queueName": "work", "data": {}, "opts": { "jobId": "parent" }, "children": children });
    Case::flows("dependencies.cjs", json!([flow]), 7).leaves_the_same().await;
}

#[tokio::test]
async fn a_processor_with_a_failed_child_cannot_wait_for_its_children() {
    let opts = json!({ "jobId": "child", "failParentOnFailure": true });
    let child = json!({ "name": "fatal", "queueName": "work", "data": {}, "opts": opts });
    let flow = json!({ "name": "parent", "queueName": "work", "data": {}, "opts": { "jobId": "parent" }, "children": [child] });
    Case::flows("failed-child.ts", json!([flow]), 2).leaves_the_same().await;
}

#[tokio::test]
async fn a_processor_reports_progress_logs_and_new_data() {
    let jobs = json!([job("a", json!({ "from": 1 }), json!({})), job("b", json!({}), json!({ "keepLogs": 2 }))]);
    Case::of("reports.mjs", jobs).leaves_the_same().await;
}

#[tokio::test]
async fn a_processor_adds_jobs_bulks_and_flows_with_every_option() {
    Case::of("adds.ts", json!([job("a", json!({}), json!({}))])).leaves_the_same().await;
}

#[tokio::test]
async fn options_of_an_added_job_are_refused_with_the_messages_of_bullmq() {
    Case::of("refused.cjs", json!([job("a", json!({}), json!({}))])).leaves_the_same().await;
}

#[tokio::test]
async fn a_processor_that_exits_fails_the_attempt_with_the_exit_code() {
    Case::of("exits.cjs", json!([job("a", json!({ "code": 3 }), json!({}))])).leaves_the_same().await;
}

/// A job with two attempts. The second one starts when Node's child process has exited, because BullMQ would give it to
/// the exiting process before.
fn exits_and_returns() -> Value {
    json!([job("a", json!({}), json!({ "attempts": 2, "backoff": 5000 }))])
}

#[tokio::test]
async fn an_uncaught_error_fails_the_attempt() {
    Case::of("uncaught.mjs", exits_and_returns()).leaves_the_same().await;
}

#[tokio::test]
async fn an_unhandled_rejection_fails_the_attempt() {
    Case::of("unhandled.mjs", exits_and_returns()).leaves_the_same().await;
}

#[tokio::test]
async fn a_moved_job_stays_moved_although_its_processor_returns() {
    Case::of("moved-and-returns.ts", json!([job("a", json!({}), json!({}))])).leaves_the_same().await;
}

#[tokio::test]
async fn the_signal_of_a_processor_aborts_when_its_job_is_cancelled() {
    let jobs = json!([job("a", json!({}), json!({ "attempts": 3 }))]);
    Case::of("cancelled.ts", jobs).cancelling("no longer needed").leaves_the_same().await;
}

/// Every file is compared by one test, and every test of this file has its row in the table of the manual.
#[test]
fn the_manual_has_a_row_for_each_processor() {
    let root = repository();
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let (tests, manual) = (read("tests/processors.rs"), read("docs/parity.md"));
    let folder = std::fs::read_dir(root.join("tests/processors")).expect("the processors");
    for file in folder.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()) {
        assert!(tests.contains(&format!("\"{file}\"")), "no test runs tests/processors/{file}");
        assert!(manual.contains(&format!("`{file}`")), "docs/parity.md has no row for {file}");
    }
    let marker = ["#[tokio::test]", "async fn "].join("\n");
    let names = tests.split(&marker).skip(1).filter_map(|test| test.split('(').next());
    for name in names {
        assert!(manual.contains(&format!("`{name}`")), "docs/parity.md has no row for the test {name}");
    }
}
