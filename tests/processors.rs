//! Compares BullMQ's sandboxed processors in Node with Toril: the same file of `tests/processors` runs on two servers, and
//! must leave the same data in every key. `docs/parity.md` has a row for each test.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use toril_tests::stub_agent::{AgentRequest, Answer, StubAgent};
use toril_tests::toril::engine_cache;
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, contents, node, repository, wait_until};

type Contents = BTreeMap<String, Value>;

/// The ends of temporary keys: the marker, the stalled check, the rate limiter and locks.
const PASSING: [&str; 5] = [":marker", ":stalled", ":stalled-check", ":limiter", ":lock"];

/// Headers of the connection.
const CONNECTION: [&str; 4] = ["connection", "content-length", "host", "transfer-encoding"];

/// A processor's file, and the jobs that it gets.
struct Case {
    file: &'static str,
    fill: Value,
    /// How many jobs of the queue `work` end.
    ends: usize,
    /// Cancels each job that has set its progress, for this reason.
    cancel: Option<&'static str>,
    /// The server that the processor sends requests to.
    shop: Option<StubAgent>,
}

impl Case {
    fn of(file: &'static str, jobs: Value) -> Self {
        let ends = jobs.as_array().map_or(0, Vec::len);
        Self { file, fill: json!({ "jobs": jobs }), ends, cancel: None, shop: None }
    }

    fn flows(file: &'static str, flows: Value, ends: usize) -> Self {
        Self { file, fill: json!({ "flows": flows }), ends, cancel: None, shop: None }
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

    fn with_shop(mut self, shop: StubAgent) -> Self {
        self.shop = Some(shop);
        self
    }

    fn path(&self) -> PathBuf {
        repository().join("tests/processors").join(self.file)
    }

    /// The processor's settings. Each side has its own path on the server, which shows who sent a request.
    fn settings(&self, side: &str) -> Vec<(&'static str, String)> {
        let Some(shop) = &self.shop else { return Vec::new() };
        vec![("SHOP_API", format!("{}/{side}/", shop.url())), ("SHOP_SIGNING_KEY", "a key of the test".to_owned())]
    }

    /// The requests that a side has sent, in order, without what belongs to its connection.
    fn requests(&self, side: &str) -> Vec<Value> {
        let prefix = format!("/{side}/");
        let received = self.shop.iter().flat_map(|shop| shop.requests());
        let own = received.filter_map(|request| {
            let path = request.path.strip_prefix(&prefix)?.to_owned();
            let headers: BTreeMap<_, _> =
                request.headers.into_iter().filter(|(name, _)| !CONNECTION.contains(&name.as_str())).collect();
            Some(json!({ "path": path, "method": request.method, "headers": headers, "body": request.body }))
        });
        own.collect()
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

    /// Builds the processor as the plugin `processor`, with the packages of `tests/npm`.
    async fn build(&self, toril: &Toril) {
        let packages = repository().join("tests/npm/node_modules");
        toril.build_plugin("processor", &self.path(), &packages).await;
    }

    async fn by_toril(&self) -> Contents {
        let redis = node::filled(&self.fill).await;
        let mut config = "[queues.work]\nplugin = \"processor\"\nconcurrency = 1\nmetrics = false\n\
                          [plugins.processor]\nadd_to = [\"work\", \"target\"]\n"
            .to_owned();
        if let Some(shop) = &self.shop {
            let settings = self.settings("toril").into_iter().map(|(name, value)| format!("{name} = {value:?}\n"));
            config += &format!("http = [{:?}]\n[plugins.processor.env]\n", shop.url());
            config.extend(settings);
        }
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
        let redis = node::filled(&self.fill).await;
        let mut input = json!({ "redis": redis.url(), "queue": "work", "processor": self.path() });
        if let Some(reason) = self.cancel {
            input["cancel"] = json!({ "reason": reason });
        }
        let settings = self.settings("node");
        // As on a server, and as in a plugin.
        let environment: Vec<_> =
            [("TZ", "UTC")].into_iter().chain(settings.iter().map(|(name, value)| (*name, value.as_str()))).collect();
        let mut worker = node::spawn("sandboxed", input, &environment);
        worker.wait_ready().await;
        self.left(&redis).await
    }

    /// Compares every key of both, and their requests. Returns the data.
    async fn leaves_the_same(&self) -> Contents {
        let (ours, theirs) = tokio::join!(self.by_toril(), self.by_node());
        let keys = |contents: &Contents| contents.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&ours), keys(&theirs), "{}: the keys, ours and then theirs", self.file);
        for (key, value) in &ours {
            assert_eq!(value, &theirs[key], "{}: {key}, ours and then theirs", self.file);
        }
        let (ours_sent, theirs_sent) = (self.requests("toril"), self.requests("node"));
        assert_eq!(ours_sent, theirs_sent, "{}: the requests, ours and then theirs", self.file);
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

/// Runs the processor of a web shop, which is written as users of BullMQ write theirs. Returns what both sides have left,
/// and the paths that both have requested.
async fn fulfilled(order: Value, ends: usize) -> (Contents, Vec<String>) {
    let opts = json!({ "jobId": "order", "timestamp": 1_770_000_000_000_u64, "attempts": 3, "backoff": 300 });
    let shop = StubAgent::start(shop).await;
    let case = Case::of("order-fulfilment.ts", json!([job("order", json!({ "order": order }), opts)]));
    let case = case.ending(ends).with_shop(shop);
    let left = case.leaves_the_same().await;
    let paths =
        case.requests("toril").iter().filter_map(|request| request["path"].as_str().map(str::to_owned)).collect();
    (left, paths)
}

fn order(id: &str, country: &str) -> Value {
    let line = |sku: &str, quantity: u32, grams: u32, amount: f64, currency: &str| {
        let price = json!({ "amount": amount, "currency": currency });
        json!({ "sku": sku, "quantity": quantity, "grams": grams, "price": price })
    };
    json!({
        "id": id, "placedAt": "2026-03-06T15:30:00Z", "customer": { "email": "ada@example.com", "country": country },
        "lines": [line("LMP-0001", 2, 1900, 39.9, "EUR"), line("CHR-0420", 1, 4200, 120.0, "USD")],
    })
}

/// The APIs of the shop and of its carrier. The shop is busy at the first webhook of the order `late`.
fn shop(request: AgentRequest) -> Answer {
    let answer = |status, body: Value| Answer::Raw(status, "application/json", body.to_string());
    let body = serde_json::from_str::<Value>(&request.body).unwrap_or_default();
    match request.path.rsplit('/').next() {
        Some("rates") => answer(200, json!({ "base": "EUR", "rates": { "USD": 1.08 } })),
        Some("labels") if body["country"] == "US" => answer(422, json!({ "error": "no parcels to the US" })),
        Some("labels") => answer(200, json!({ "tracking": format!("TRK-{}", body["parcel"].as_str().unwrap_or("?")) })),
        Some("orders") if body["order"] == "late" && request.time == 1 => answer(503, json!({ "error": "busy" })),
        Some("orders") => answer(200, json!({})),
        _ => answer(404, json!({ "error": "not found" })),
    }
}

#[tokio::test]
async fn a_processor_of_a_shop_prices_ships_and_reports_an_order() {
    let (left, paths) = fulfilled(order("o1", "FR"), 3).await;
    let result = &left["work:order"]["returnvalue"];
    assert_eq!((&result["total"], &result["arrives"]), (&json!("190.91 EUR"), &json!("2026-03-12")), "{result}");
    assert_eq!(left["work:order:logs"].as_array().map(Vec::len), Some(3), "{}", left["work:order:logs"]);
    assert_eq!(left["work:order"]["progress"], json!({ "step": "done", "percent": 100 }));
    assert_eq!(paths, ["rates?base=EUR&symbols=USD", "labels", "labels", "webhooks/orders"]);
}

#[tokio::test]
async fn a_processor_of_a_shop_refuses_an_invalid_order_without_a_retry() {
    let mut invalid = order("o1", "FR");
    invalid["lines"][1]["quantity"] = json!(0);
    invalid["customer"]["email"] = json!("nobody");
    let (left, paths) = fulfilled(invalid, 1).await;
    let failed = &left["work:order"];
    let reason =
        "invalid order: customer.email: Invalid email address; lines.1.quantity: Too small: expected number to be >=1";
    assert_eq!((&failed["failedReason"], &failed["atm"]), (&json!(reason), &json!(1)), "{failed}");
    assert_eq!(paths, [""; 0]);
}

#[tokio::test]
async fn a_processor_of_a_shop_goes_on_with_the_failed_step_after_a_503() {
    let (left, paths) = fulfilled(order("late", "FR"), 3).await;
    let logs = left["work:order:logs"].to_string();
    assert!(logs.contains(r#"attempt 2 goes on with the step \"notify\""#), "{logs}");
    assert_eq!(left["work:order"]["atm"], 2, "{}", left["work:order"]);
    assert_eq!(paths, ["rates?base=EUR&symbols=USD", "labels", "labels", "webhooks/orders", "webhooks/orders"]);
}

#[tokio::test]
async fn a_processor_of_a_shop_fails_an_order_of_which_a_parcel_was_refused() {
    let mut small = order("o1", "US");
    small["lines"] = json!([small["lines"][0]]);
    let (left, paths) = fulfilled(small, 2).await;
    assert_eq!(left["work:parcel-o1-1"]["failedReason"], "label of parcel o1-1: 422 no parcels to the US");
    assert_eq!(left["work:order"]["failedReason"], "child bull:work:parcel-o1-1 failed");
    assert_eq!(paths, ["labels"]);
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
