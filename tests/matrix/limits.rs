//! Limits that the client sets for all workers of a queue, and those of the host.

use serde_json::json;

use crate::cell::{Queue, cases};

cases! {
    the_rate_limit_of_the_host_is_kept ["concurrency = 8\nrate_limit = { max = 2, per = \"500ms\" }"],
    the_global_rate_limit_is_kept ["concurrency = 8"],
    the_global_concurrency_is_kept ["concurrency = 4"],
    a_job_that_limits_the_queue_loses_no_attempt,
    a_deferred_job_loses_no_attempt,
    a_requeued_job_loses_no_attempt,
}

async fn six(queue: &Queue) -> Vec<(u64, u64)> {
    let jobs: Vec<_> = (0..6).map(|_| json!({ "name": "sleep", "data": { "ms": 50 } })).collect();
    let ids = queue.add_all(json!(jobs)).await;
    queue.all_ended(&ids).await;
    queue.runs(&ids).await
}

async fn the_rate_limit_of_the_host_is_kept(queue: Queue) {
    let runs = six(&queue).await;
    // Two in each half second, so the last two cannot begin within the first whole one.
    assert!(runs[5].0 - runs[0].0 >= 950, "{runs:?}");
}

async fn the_global_rate_limit_is_kept(queue: Queue) {
    queue.call("globalRateLimit", json!({ "max": 2, "duration": 500 })).await;
    let runs = six(&queue).await;
    assert!(runs[5].0 - runs[0].0 >= 950, "{runs:?}");
}

async fn the_global_concurrency_is_kept(queue: Queue) {
    queue.call("globalConcurrency", json!({ "max": 1 })).await;
    let runs = six(&queue).await;
    assert!(runs.windows(2).all(|pair| pair[0].1 <= pair[1].0), "two ran at once: {runs:?}");
}

async fn a_job_that_limits_the_queue_loses_no_attempt(queue: Queue) {
    let id = queue.add("rate-limit", json!({ "ms": 800 }), json!({})).await;
    assert_eq!(queue.completed(&id).await, json!({ "attempts": 1 }));
    let job = queue.job(&id).await;
    let waited = job["finishedOn"].as_u64().zip(job["timestamp"].as_u64()).map(|(ended, added)| ended - added);
    assert!(waited >= Some(750), "{job}");
}

async fn a_deferred_job_loses_no_attempt(queue: Queue) {
    let id = queue.add("defer", json!({ "ms": 300 }), json!({})).await;
    assert_eq!(queue.completed(&id).await, json!({ "attempts": 1 }));
}

async fn a_requeued_job_loses_no_attempt(queue: Queue) {
    let id = queue.add("requeue-once", json!({}), json!({})).await;
    assert_eq!(queue.completed(&id).await["starts"], 2);
    assert_eq!(queue.job(&id).await["attemptsMade"], 1);
}
