//! Options of the worker itself: the same in the queue's table and in Node.

use serde_json::{Value, json};

use super::stream::{Contents, Stream, job};

fn ids(left: &Contents, state: &str) -> Vec<String> {
    let members = left.get(state).and_then(Value::as_array).into_iter().flatten();
    members.map(|member| member.as_str().map_or_else(|| member.to_string(), str::to_owned)).collect()
}

/// Jobs with these options, half of which fail, with ids in the order in which they run.
fn mixed(count: usize, opts: &Value) -> Vec<Value> {
    let one = |n: usize| {
        let mut opts = opts.clone();
        opts["jobId"] = json!(format!("job-{n:02}"));
        job(if n.is_multiple_of(2) { "echo" } else { "fatal" }, json!({}), opts)
    };
    (0..count).map(one).collect()
}

#[tokio::test]
async fn without_metrics_no_metrics_key_is_written() {
    let left = Stream::jobs(mixed(4, &json!({}))).without_metrics().leaves_the_same().await;

    assert!(left.keys().all(|key| !key.starts_with("metrics")), "{:?}", left.keys());
}

#[tokio::test]
async fn jobs_without_retention_options_are_kept_by_the_count_of_the_worker() {
    let lines = "remove_on_complete = 3\nremove_on_fail = { count = 2 }";
    let node = json!({ "settings": { "removeOnComplete": { "count": 3 }, "removeOnFail": { "count": 2 } } });

    let left = Stream::jobs(mixed(20, &json!({}))).with(lines, node).leaves_the_same().await;

    assert_eq!((ids(&left, "completed").len(), ids(&left, "failed").len()), (3, 2));
}

#[tokio::test]
async fn jobs_without_retention_options_are_removed_if_the_worker_says_so() {
    let node = json!({ "settings": { "removeOnComplete": { "count": 0 }, "removeOnFail": { "count": 0 } } });
    let stream = Stream::jobs(mixed(6, &json!({})));

    let left = stream.with("remove_on_complete = true\nremove_on_fail = true", node).leaves_the_same().await;

    assert!(left.keys().all(|key| !key.starts_with("job-")), "{:?}", left.keys());
}

#[tokio::test]
async fn age_and_limit_of_the_worker_remove_old_jobs() {
    let lines = "remove_on_complete = { age = \"1h\", limit = 2 }\nremove_on_fail = { age = \"1h\", count = 4 }";
    let node = json!({ "settings": {
        "removeOnComplete": { "age": 3600, "limit": 2 }, "removeOnFail": { "age": 3600, "count": 4 },
    } });
    let stream = Stream::jobs(mixed(6, &json!({}))).after_old_ones(5).with(lines, node);

    let left = stream.leaves_the_same().await;

    // Each completed job removes two of them, and the first failed job removes all.
    let old = |state| ids(&left, state).iter().filter(|id| id.starts_with("old-")).count();
    assert_eq!((old("completed"), old("failed")), (0, 0));
    assert_eq!((ids(&left, "completed").len(), ids(&left, "failed").len()), (3, 3));
}

#[tokio::test]
async fn a_jobs_own_options_win_over_those_of_the_worker() {
    let node = json!({ "settings": { "removeOnComplete": { "count": 0 }, "removeOnFail": { "count": 0 } } });
    let keeps = json!({ "removeOnComplete": false, "removeOnFail": 100 });
    let stream = Stream::jobs(mixed(6, &keeps));

    let left = stream.with("remove_on_complete = true\nremove_on_fail = true", node).leaves_the_same().await;

    assert_eq!((ids(&left, "completed").len(), ids(&left, "failed").len()), (3, 3));
}

#[tokio::test]
async fn the_workers_retention_applies_to_children_and_their_parents() {
    let child = |name: &str, id: &str| json!({ "name": name, "queueName": "work", "data": {}, "opts": { "jobId": id, "ignoreDependencyOnFailure": true } });
    let children = [child("echo", "child-1"), child("fatal", "child-2")];
    let flow =
        json!({ "name": "echo", "queueName": "work", "data": {}, "opts": { "jobId": "parent" }, "children": children });
    let node = json!({ "settings": { "removeOnComplete": { "count": 0 }, "removeOnFail": { "count": 5 } } });
    let stream = Stream::new(json!({ "flows": [flow] }), 3);

    let left = stream.with("remove_on_complete = true\nremove_on_fail = 5", node).leaves_the_same().await;

    assert_eq!((ids(&left, "completed").len(), ids(&left, "failed")), (0, vec!["child-2".to_owned()]));
}

#[tokio::test]
async fn a_job_that_has_reached_the_maximum_of_starts_is_not_retried() {
    let failing = job("fail-times", json!({ "times": 9 }), json!({ "jobId": "failing", "attempts": 5 }));
    let fine = job("fail-times", json!({ "times": 1 }), json!({ "jobId": "fine", "attempts": 5 }));
    let stream = Stream::jobs(vec![failing, fine]);

    let left = stream.with("max_started_attempts = 2", started(2)).leaves_the_same().await;

    assert_eq!((&left["failing"]["atm"], &left["failing"]["ats"]), (&json!(2), &json!(2)));
    assert_eq!(left["failing"]["failedReason"], "attempt 2 failed");
    assert_eq!(ids(&left, "completed"), ["fine"]);
}

#[tokio::test]
async fn a_job_over_the_maximum_of_starts_fails_without_running() {
    let late = json!({ "jobId": "deferred", "attempts": 5 });
    let stream = Stream::jobs(vec![job("defer-once", json!({}), late)]);

    let left = stream.with("max_started_attempts = 1", started(1)).leaves_the_same_for_each_job().await;

    let failed = &left["deferred"];
    assert_eq!(failed["failedReason"], "job started more than allowable limit");
    assert_eq!((&failed["atm"], &failed["ats"]), (&json!(1), &json!(2)));
}

fn started(most: u32) -> Value {
    json!({ "settings": { "maxStartedAttempts": most } })
}

#[tokio::test]
async fn the_workers_name_is_in_every_job_that_it_has_run() {
    let again = job("fail-times", json!({ "times": 1 }), json!({ "jobId": "again", "attempts": 2 }));
    let stream = Stream::jobs(mixed(4, &json!({})).into_iter().chain([again]).collect());

    let left = stream.with("", json!({ "settings": { "name": "eu-1" } })).with_host("name = \"eu-1\"");
    let left = left.leaves_the_same().await;

    assert_eq!(
        (&left["job-00"]["pb"], &left["job-01"]["pb"], &left["again"]["pb"]),
        (&json!("eu-1"), &json!("eu-1"), &json!("eu-1"))
    );
}

#[tokio::test]
async fn a_worker_without_a_name_writes_none() {
    let left = Stream::jobs(mixed(2, &json!({}))).leaves_the_same().await;

    assert!(left["job-00"].get("pb").is_none(), "{}", left["job-00"]);
}

#[tokio::test]
async fn jobs_with_a_custom_backoff_strategy_of_the_worker() {
    let jobs = (0..4).map(|n| {
        let opts = json!({ "jobId": format!("job-{n}"), "attempts": 3, "backoff": { "type": "steps" } });
        job("fail-times", json!({ "times": n }), opts)
    });
    let lines = "backoff_strategies.steps = { type = \"linear\", delay = \"20ms\" }";

    let stream = Stream::jobs(jobs.collect()).with(lines, json!({ "linear": 20 }));

    let left = stream.leaves_the_same_for_each_job().await;
    assert_eq!(ids(&left, "failed"), ["job-3"]);
}
