//! Compares Toril with BullMQ's own worker in Node: the same jobs on two servers, and every key afterwards.

mod chance;
mod each_step;
mod model;
mod stream;
mod worker_options;

use serde_json::{Value, json};

use self::stream::{Stream, job};

#[tokio::test]
async fn plain_jobs() {
    Stream::jobs((0..12).map(|n| job("echo", json!({ "n": n }), json!({}))).collect()).leaves_the_same().await;
}

#[tokio::test]
async fn long_data_and_long_results_among_short_ones() {
    // Sizes in bytes of JSON, on both sides of the size from which data is sent separately.
    let sizes = [30, 4_095, 4_096, 4_097, 40, 70_000, 50];
    let data = |text: &str| json!({ "text": text, "ä": "\u{1f9ea}" });
    let around = data("").to_string().len();
    let jobs = sizes.map(|size| job("echo", data(&"x".repeat(size - around)), json!({})));
    Stream::jobs(jobs.to_vec()).leaves_the_same().await;
}

#[tokio::test]
async fn priorities_and_last_in_first_out() {
    let orders = [
        json!({ "priority": 3 }),
        json!({}),
        json!({ "lifo": true }),
        json!({ "priority": 1 }),
        json!({ "priority": 3 }),
    ];
    let jobs = (0..20).map(|n: usize| job("echo", json!(n), orders[n % orders.len()].clone()));
    Stream::jobs(jobs.collect()).leaves_the_same().await;
}

#[tokio::test]
async fn jobs_that_are_kept_by_count() {
    // For equal times, the ids decide which is older.
    let id = |n: usize| format!("job-{n:03}");
    let jobs = (0..30).map(|n| {
        let name = if n % 3 == 0 { "fatal" } else { "echo" };
        let keep = if n % 2 == 0 { json!(5) } else { json!({ "count": 4 }) };
        job(name, json!({}), json!({ "jobId": id(n), "removeOnComplete": keep, "removeOnFail": keep }))
    });
    Stream::jobs(jobs.collect()).leaves_the_same().await;
}

#[tokio::test]
async fn jobs_that_are_not_kept() {
    let keeps = [
        json!(true),
        json!(false),
        json!(0),
        json!({ "age": 3600, "limit": 10 }),
        json!({ "age": 3600, "count": 100 }),
    ];
    let jobs = (0..20).map(|n: usize| {
        let keep = &keeps[n % keeps.len()];
        job(["echo", "fatal", "progress"][n % 3], json!({}), json!({ "removeOnComplete": keep, "removeOnFail": keep }))
    });
    Stream::jobs(jobs.collect()).leaves_the_same().await;
}

#[tokio::test]
async fn failures_that_are_retried_at_once() {
    let jobs = (1..8).map(|n| {
        let opts = json!({ "attempts": 1 + n % 4, "lifo": n % 2 == 0, "stackTraceLimit": n % 3 });
        job("fail-times", json!({ "times": n % 3 }), opts)
    });
    let fatal = job("fatal", json!({}), json!({ "attempts": 3 }));
    Stream::jobs(jobs.chain([fatal]).collect()).leaves_the_same().await;
}

#[tokio::test]
async fn delayed_jobs_and_failures_that_are_retried_later() {
    let jobs = (0..6).map(|n| {
        let backoff = if n % 2 == 0 { json!({ "type": "fixed", "delay": 60 }) } else { json!(40) };
        job(
            "fail-times",
            json!({ "times": n % 3 }),
            json!({ "attempts": 3, "backoff": backoff, "delay": 50 * n, "priority": n % 2 }),
        )
    });
    Stream::jobs(jobs.collect()).leaves_the_same_for_each_job().await;
}

#[tokio::test]
async fn progress_and_logs() {
    let jobs = (0..3).map(|n| job("progress", json!({}), json!({ "keepLogs": n + 1 })));
    Stream::jobs(jobs.collect()).leaves_the_same().await;
}

#[tokio::test]
async fn flows_with_failing_children() {
    let child = |name: &str, opts: Value| json!({ "name": name, "queueName": "work", "data": {}, "opts": opts });
    let flow = |children: Vec<Value>| json!({ "name": "echo", "queueName": "work", "data": {}, "children": children });
    let flows = json!([
        flow(vec![child("echo", json!({})), child("echo", json!({ "removeOnComplete": true }))]),
        flow(vec![child("fatal", json!({ "failParentOnFailure": true })), child("echo", json!({}))]),
        flow(vec![child("fatal", json!({ "ignoreDependencyOnFailure": true }))]),
        flow(vec![child("fatal", json!({ "continueParentOnFailure": true })), child("echo", json!({}))]),
        flow(vec![child("fatal", json!({ "removeDependencyOnFailure": true })), child("echo", json!({}))]),
    ]);
    Stream::new(json!({ "flows": with_ids(flows) }), 14).leaves_the_same().await;
}

/// Gives every job of these flows an id.
fn with_ids(mut flows: Value) -> Value {
    fn name(flow: &mut Value, id: String) {
        for (n, child) in flow["children"].as_array_mut().into_iter().flatten().enumerate() {
            name(child, format!("{id}-{n}"));
        }
        flow["opts"]["jobId"] = json!(id);
    }
    for (n, flow) in flows.as_array_mut().into_iter().flatten().enumerate() {
        name(flow, format!("flow-{n}"));
    }
    flows
}

#[tokio::test]
async fn jobs_with_a_deduplication_id() {
    let deduplicated = |id: &str, more: Value| {
        let mut deduplication = json!({ "id": id });
        deduplication.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        json!({ "deduplication": deduplication })
    };
    let jobs = vec![
        job("echo", json!(1), deduplicated("a", json!({}))),
        job("echo", json!(2), deduplicated("a", json!({}))),
        job("echo", json!(3), deduplicated("b", json!({ "ttl": 60_000 }))),
        job("fatal", json!(4), deduplicated("c", json!({ "keepLastIfActive": true }))),
        job("echo", json!(5), json!({})),
    ];
    Stream::new(json!({ "jobs": jobs }), 4).leaves_the_same().await;
}

#[tokio::test]
async fn schedulers_by_interval_and_by_pattern() {
    let scheduler = |id: &str, repeat: Value| json!({ "id": id, "repeat": repeat, "name": "echo", "data": { "of": id }, "opts": { "attempts": 2, "keepLogs": 3 } });
    let schedulers = json!([
        scheduler("often", json!({ "every": 3_600_000, "limit": 5 })),
        scheduler("berlin", json!({ "pattern": "0 0 29 2 *", "tz": "Europe/Berlin", "immediately": true })),
    ]);
    Stream::new(json!({ "schedulers": schedulers }), 2).leaves_the_same_for_each_job().await;
}
