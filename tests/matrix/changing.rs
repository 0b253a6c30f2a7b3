//! What the client changes of queues and jobs that Toril works on.

use std::time::Duration;

use serde_json::json;

use crate::cell::{NODE, Queue, cases, texts};

cases! {
    nothing_runs_while_the_queue_is_paused,
    a_job_that_becomes_due_while_the_queue_is_paused_runs_after_it,
    jobs_are_counted_by_state,
    a_failed_job_is_retried,
    a_delayed_job_is_promoted,
    a_waiting_job_is_removed,
    a_priority_is_changed,
    a_delay_is_changed for NODE,
    a_queue_is_drained,
    completed_jobs_are_cleaned,
    an_obliterated_queue_works_on,
}

async fn nothing_runs_while_the_queue_is_paused(queue: Queue) {
    let before = queue.add("echo", json!({}), json!({})).await;
    queue.completed(&before).await;
    queue.pause().await;
    assert_eq!(queue.call("isPaused", json!({})).await, true);
    let id = queue.add("echo", json!({}), json!({})).await;
    // What a host that does not see the pause would use to run it.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(queue.job(&id).await["processedOn"], json!(null));
    queue.resume().await;
    queue.completed(&id).await;
    assert_eq!(queue.call("isPaused", json!({})).await, false);
}

async fn a_job_that_becomes_due_while_the_queue_is_paused_runs_after_it(queue: Queue) {
    let job = |opts: serde_json::Value| json!({ "name": "echo", "data": {}, "opts": opts });
    let jobs = json!([job(json!({ "delay": 500 })), job(json!({ "delay": 600, "priority": 1 }))]);
    let ids = queue.add_all(jobs).await;
    queue.pause().await;
    // Longer than a worker waits at most before it looks at the queue once more, which is 5 seconds.
    tokio::time::sleep(Duration::from_secs(6)).await;
    queue.resume().await;
    queue.completed(&ids[0]).await;
    queue.completed(&ids[1]).await;
}

async fn jobs_are_counted_by_state(queue: Queue) {
    let later = json!({ "delay": 3_600_000 });
    let child = json!({ "name": "echo", "queueName": queue.name, "data": {}, "opts": later });
    let flow = json!({ "name": "echo", "queueName": queue.name, "data": {}, "children": [child] });
    queue.call("flow", json!({ "flow": flow })).await;
    let good = queue.add("echo", json!({}), json!({})).await;
    let bad = queue.add("fatal", json!({}), json!({})).await;
    queue.all_ended(&[good, bad]).await;
    let counts = queue.call("counts", json!({})).await;
    for (state, count) in [("delayed", 1), ("waiting-children", 1), ("completed", 1), ("failed", 1), ("waiting", 0)] {
        assert_eq!(counts[state], count, "{state} in {counts}");
    }
}

async fn a_failed_job_is_retried(queue: Queue) {
    let id = queue.add("fail-times", json!({ "times": 1 }), json!({})).await;
    queue.failed(&id).await;
    queue.call("retry", json!({ "id": id })).await;
    let job = queue.wait_for_state(&id, "completed").await;
    assert_eq!(job["returnvalue"], json!({ "attempts": 2 }));
}

async fn a_delayed_job_is_promoted(queue: Queue) {
    let id = queue.add("echo", json!({}), json!({ "delay": 3_600_000 })).await;
    queue.call("promote", json!({ "id": id })).await;
    queue.completed(&id).await;
}

async fn a_waiting_job_is_removed(queue: Queue) {
    queue.pause().await;
    let ids = queue.add_all(json!([{ "name": "echo", "data": {} }, { "name": "echo", "data": {} }])).await;
    queue.call("remove", json!({ "id": ids[0] })).await;
    queue.resume().await;
    queue.completed(&ids[1]).await;
    assert_eq!(queue.job(&ids[0]).await, json!(null));
    assert_eq!(queue.starts().await, ids[1..]);
}

async fn a_priority_is_changed(queue: Queue) {
    queue.pause().await;
    let job = |priority: u32| json!({ "name": "echo", "data": {}, "opts": { "priority": priority } });
    let ids = queue.add_all(json!([job(5), job(6), { "name": "echo", "data": {} }])).await;
    queue.call("priority", json!({ "id": ids[1], "priority": 1 })).await;
    queue.call("priority", json!({ "id": ids[2], "priority": 9 })).await;
    queue.resume().await;
    queue.all_ended(&ids).await;
    assert_eq!(queue.starts().await, [1, 0, 2].map(|n: usize| ids[n].clone()));
}

async fn a_delay_is_changed(queue: Queue) {
    let id = queue.add("echo", json!({}), json!({ "delay": 3_600_000 })).await;
    queue.call("delay", json!({ "id": id, "delay": 100 })).await;
    queue.completed(&id).await;
}

async fn a_queue_is_drained(queue: Queue) {
    queue.pause().await;
    let job = |opts: serde_json::Value| json!({ "name": "echo", "data": {}, "opts": opts });
    let jobs = json!([job(json!({})), job(json!({ "priority": 2 })), job(json!({ "delay": 3_600_000 }))]);
    let ids = queue.add_all(jobs).await;
    queue.call("drain", json!({})).await;
    queue.resume().await;
    let after = queue.add("echo", json!({}), json!({})).await;
    queue.completed(&after).await;
    for id in &ids {
        assert_eq!(queue.job(id).await, json!(null));
    }
}

async fn completed_jobs_are_cleaned(queue: Queue) {
    let ids = queue.add_all(json!([{ "name": "echo", "data": {} }, { "name": "fatal", "data": {} }])).await;
    queue.all_ended(&ids).await;
    // A job that ends in this millisecond is not older than 0 ms.
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(texts(&queue.call("clean", json!({ "state": "completed" })).await), ids[..1]);
    assert_eq!(queue.job(&ids[0]).await, json!(null));
    assert_eq!(queue.job(&ids[1]).await["state"], "failed");
}

async fn an_obliterated_queue_works_on(queue: Queue) {
    let before = queue.add("echo", json!({}), json!({})).await;
    queue.completed(&before).await;
    queue.pause().await;
    queue.add("echo", json!({}), json!({})).await;
    queue.call("obliterate", json!({})).await;
    let counts = queue.call("counts", json!({})).await;
    assert!(counts.as_object().is_some_and(|counts| counts.values().all(|count| *count == 0)), "{counts}");
    let after = queue.add("echo", json!({ "n": 1 }), json!({ "jobId": "after" })).await;
    assert_eq!(queue.wait_for_state(&after, "completed").await["returnvalue"], json!({ "n": 1 }));
}
