//! Options of jobs that the client adds, and what it sees of their ends.

use std::collections::HashSet;

use serde_json::json;
use toril_tests::wait::LONG;
use toril_tests::wait_until;

use crate::cell::{Queue, cases};

cases! {
    the_result_and_the_events_reach_the_client,
    a_thousand_jobs_added_at_once_complete_each_once ["concurrency = 20"],
    a_delayed_job_runs_after_its_delay,
    priorities_are_kept,
    a_lifo_job_runs_first,
    retries_wait_for_the_backoff,
    the_jitter_of_the_backoff_is_kept,
    the_last_failure_reason_is_reported,
    an_unrecoverable_failure_ends_a_job,
    progress_and_log_reach_the_client,
    a_step_saves_new_data,
    a_custom_id_is_added_once,
    a_deduplication_id_is_free_after_the_end,
    a_deduplication_id_is_held_for_its_time_to_live,
    a_debounced_job_has_the_last_data,
    the_last_duplicate_of_an_active_job_runs_after_it,
    completed_jobs_are_kept_as_their_options_say,
    failed_jobs_are_kept_as_their_options_say,
}

async fn the_result_and_the_events_reach_the_client(queue: Queue) {
    let data = json!({ "n": [1, null, "ü"], "large": "x".repeat(50_000) });
    let id = queue.add("echo", data.clone(), json!({})).await;

    assert_eq!(queue.completed(&id).await, data);
    let events = queue.call("events", json!({ "id": id })).await;
    assert_eq!(events, json!(["added", "waiting", "active", "completed"]));
    let job = queue.job(&id).await;
    assert_eq!((&job["state"], &job["attemptsMade"], &job["returnvalue"]), (&json!("completed"), &json!(1), &data));
}

async fn a_thousand_jobs_added_at_once_complete_each_once(queue: Queue) {
    let jobs: Vec<_> = (0..1000).map(|n| json!({ "name": "echo", "data": { "n": n } })).collect();
    let added = queue.call("add", json!({ "jobs": jobs, "bulk": true })).await;
    let ids = crate::cell::texts(&added);
    for (n, id) in ids.iter().enumerate() {
        assert_eq!(queue.completed(id).await, json!({ "n": n }));
    }
    let mut starts = queue.starts().await;
    starts.sort();
    let mut expected = ids.clone();
    expected.sort();
    assert_eq!(starts, expected);
}

async fn a_delayed_job_runs_after_its_delay(queue: Queue) {
    let id = queue.add("echo", json!({}), json!({ "delay": 400 })).await;
    queue.completed(&id).await;
    let job = queue.job(&id).await;
    let waited = job["processedOn"].as_u64().zip(job["timestamp"].as_u64()).map(|(began, added)| began - added);
    assert!(waited >= Some(400), "{job}");
}

async fn priorities_are_kept(queue: Queue) {
    queue.pause().await;
    let job = |priority: u32| json!({ "name": "echo", "data": {}, "opts": { "priority": priority } });
    let ids = queue.add_all(json!([job(3), job(1), { "name": "echo", "data": {} }, job(2), job(1)])).await;
    queue.resume().await;
    queue.all_ended(&ids).await;
    // Those without a priority first, and equal ones in the order in which they were added.
    assert_eq!(queue.starts().await, [2, 1, 4, 3, 0].map(|n: usize| ids[n].clone()));
}

async fn a_lifo_job_runs_first(queue: Queue) {
    queue.pause().await;
    let job = |opts: serde_json::Value| json!({ "name": "echo", "data": {}, "opts": opts });
    let ids = queue.add_all(json!([job(json!({})), job(json!({})), job(json!({ "lifo": true }))])).await;
    queue.resume().await;
    queue.all_ended(&ids).await;
    assert_eq!(queue.starts().await, [2, 0, 1].map(|n: usize| ids[n].clone()));
}

async fn retries_wait_for_the_backoff(queue: Queue) {
    let opts = json!({ "attempts": 3, "backoff": { "type": "exponential", "delay": 200 } });
    let id = queue.add("fail-times", json!({ "times": 2 }), opts).await;
    assert_eq!(queue.completed(&id).await, json!({ "attempts": 3 }));
    let job = queue.job(&id).await;
    let took = job["finishedOn"].as_u64().zip(job["timestamp"].as_u64()).map(|(ended, added)| ended - added);
    assert!(took >= Some(598), "{job}");
    assert_eq!((&job["attemptsMade"], &job["stacktraces"]), (&json!(3), &json!(2)));
    let events = crate::cell::texts(&queue.call("events", json!({ "id": id })).await);
    let count = |name: &str| events.iter().filter(|event| *event == name).count();
    assert_eq!((count("active"), count("delayed"), count("completed")), (3, 2, 1), "{events:?}");
}

async fn the_jitter_of_the_backoff_is_kept(queue: Queue) {
    let opts = json!({ "attempts": 2, "backoff": { "type": "fixed", "delay": 86_400_000, "jitter": 1 } });
    let jobs: Vec<_> = (0..8).map(|_| json!({ "name": "fail-times", "data": { "times": 1 }, "opts": opts })).collect();
    let mut delays = HashSet::new();
    for id in queue.add_all(json!(jobs)).await {
        let job = queue.wait_for_state(&id, "delayed").await;
        let delay = job["delay"].as_u64().unwrap_or_else(|| panic!("a delayed job without a delay: {job}"));
        assert!(delay <= 86_400_000, "{job}");
        delays.insert(delay);
    }
    // Without jitter all eight would wait a whole day.
    assert!(delays.len() > 1, "{delays:?}");
}

async fn the_last_failure_reason_is_reported(queue: Queue) {
    let id = queue.add("fail-times", json!({ "times": 5 }), json!({ "attempts": 2 })).await;
    assert_eq!(queue.failed(&id).await, "attempt 2 failed");
    let job = queue.job(&id).await;
    assert_eq!((&job["state"], &job["attemptsMade"]), (&json!("failed"), &json!(2)));
    assert_eq!((&job["failedReason"], &job["stacktraces"]), (&json!("attempt 2 failed"), &json!(2)));
    // This event follows `failed`.
    wait_until("the event retries-exhausted", LONG, async || {
        let events = queue.call("events", json!({ "id": id })).await;
        crate::cell::texts(&events).contains(&"retries-exhausted".to_owned())
    })
    .await;
}

async fn an_unrecoverable_failure_ends_a_job(queue: Queue) {
    let id = queue.add("fatal", json!({}), json!({ "attempts": 5 })).await;
    assert_eq!(queue.failed(&id).await, "this job cannot be done");
    assert_eq!(queue.job(&id).await["attemptsMade"], 1);
}

async fn progress_and_log_reach_the_client(queue: Queue) {
    let id = queue.add("progress", json!({}), json!({})).await;
    assert_eq!(queue.completed(&id).await, json!({ "lines": 3 }));
    let job = queue.job(&id).await;
    assert_eq!(job["progress"], json!({ "step": "two" }));
    let lines = ["half of it is done", "[warn] the other half is slow", "[error] nothing has gone wrong"];
    assert_eq!(job["logs"], json!(lines));
    let events = crate::cell::texts(&queue.call("events", json!({ "id": id })).await);
    assert_eq!(events.iter().filter(|event| *event == "progress").count(), 2, "{events:?}");
}

async fn a_step_saves_new_data(queue: Queue) {
    let id = queue.add("checkpoint", json!({}), json!({ "attempts": 2 })).await;
    queue.completed(&id).await;
    assert_eq!(queue.job(&id).await["data"], json!({ "step": 2, "from": 1 }));
}

async fn a_custom_id_is_added_once(queue: Queue) {
    let opts = json!({ "jobId": "order-7" });
    let first = queue.add("echo", json!({ "n": 1 }), opts.clone()).await;
    let second = queue.add("echo", json!({ "n": 2 }), opts.clone()).await;
    assert_eq!([first.as_str(), second.as_str()], ["order-7", "order-7"]);
    assert_eq!(queue.completed("order-7").await, json!({ "n": 1 }));
    queue.add("echo", json!({ "n": 3 }), opts).await;
    let other = queue.add("echo", json!({}), json!({})).await;
    queue.completed(&other).await;
    assert_eq!(queue.starts().await, ["order-7".to_owned(), other]);
}

async fn a_deduplication_id_is_free_after_the_end(queue: Queue) {
    queue.pause().await;
    let opts = json!({ "deduplication": { "id": "once" } });
    let first = queue.add("echo", json!({ "n": 1 }), opts.clone()).await;
    assert_eq!(queue.add("echo", json!({ "n": 2 }), opts.clone()).await, first);
    assert_eq!(queue.call("deduplicated", json!({ "id": "once" })).await, json!(first));
    queue.resume().await;
    assert_eq!(queue.completed(&first).await, json!({ "n": 1 }));
    assert_eq!(queue.call("deduplicated", json!({ "id": "once" })).await, json!(null));
    let next = queue.add("echo", json!({ "n": 3 }), opts).await;
    assert_eq!(queue.completed(&next).await, json!({ "n": 3 }));
}

async fn a_deduplication_id_is_held_for_its_time_to_live(queue: Queue) {
    let opts = json!({ "deduplication": { "id": "throttled", "ttl": 600_000 } });
    let first = queue.add("echo", json!({ "n": 1 }), opts.clone()).await;
    queue.completed(&first).await;
    assert_eq!(queue.add("echo", json!({ "n": 2 }), opts).await, first);
}

async fn a_debounced_job_has_the_last_data(queue: Queue) {
    let deduplication = json!({ "id": "debounced", "ttl": 2_000, "extend": true, "replace": true });
    let opts = json!({ "delay": 2_000, "deduplication": deduplication });
    let first = queue.add("echo", json!({ "n": 1 }), opts.clone()).await;
    let second = queue.add("echo", json!({ "n": 2 }), opts).await;
    assert_eq!(queue.completed(&second).await, json!({ "n": 2 }));
    assert_eq!(queue.starts().await, [second]);
    assert_eq!(queue.job(&first).await, json!(null));
}

async fn the_last_duplicate_of_an_active_job_runs_after_it(queue: Queue) {
    let opts = json!({ "deduplication": { "id": "latest", "keepLastIfActive": true } });
    // Longer than the client needs for both adds, though the other cases keep it busy.
    let first = queue.add("sleep", json!({ "ms": 6000 }), opts.clone()).await;
    queue.wait_for_state(&first, "active").await;
    queue.add("sleep", json!({ "ms": 1 }), opts.clone()).await;
    queue.add("sleep", json!({ "ms": 2 }), opts).await;
    assert_eq!(queue.completed(&first).await, json!({ "slept": 6000 }));
    let ids = queue.wait_for_ids("completed", 2).await;
    let next = ids.iter().find(|id| **id != first).expect("another job");
    assert_eq!(queue.job(next).await["returnvalue"], json!({ "slept": 2 }));
    assert_eq!(queue.starts().await.len(), 2);
}

async fn completed_jobs_are_kept_as_their_options_say(queue: Queue) {
    let job = |keep: serde_json::Value| json!({ "name": "echo", "data": {}, "opts": { "removeOnComplete": keep } });
    let removed = queue.add_all(json!([job(json!(true))])).await;
    let counted = queue.add_all(json!([job(json!(2)), job(json!(2)), job(json!(2)), job(json!(2))])).await;
    queue.all_ended(&[removed.clone(), counted.clone()].concat()).await;
    assert_eq!(queue.job(&removed[0]).await, json!(null));
    assert_eq!(queue.wait_for_ids("completed", 2).await, counted[2..]);

    let aged = queue.add_all(json!([job(json!({ "age": 3600, "count": 1 })), job(json!({ "age": 3600 }))])).await;
    queue.all_ended(&aged).await;
    assert_eq!(queue.wait_for_ids("completed", 2).await, aged);
}

async fn failed_jobs_are_kept_as_their_options_say(queue: Queue) {
    let job = |keep: serde_json::Value| json!({ "name": "fatal", "data": {}, "opts": { "removeOnFail": keep } });
    let removed = queue.add_all(json!([job(json!(true))])).await;
    let counted = queue.add_all(json!([job(json!(1)), job(json!({ "count": 1 }))])).await;
    queue.all_ended(&[removed.clone(), counted.clone()].concat()).await;
    assert_eq!(queue.job(&removed[0]).await, json!(null));
    assert_eq!(queue.wait_for_ids("failed", 1).await, counted[1..]);
}
