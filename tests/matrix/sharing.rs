//! Queues that a worker of the client and Toril work on at the same time.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::cell::{Queue, cases, texts};

cases! {
    each_gets_a_share_and_no_job_runs_twice,
    a_retry_is_run_by_either ["concurrency = 2"],
    every_kind_of_job_is_completed_once ["concurrency = 2"],
    a_parent_of_one_waits_for_children_of_the_other,
    a_scheduler_is_kept_going_by_both,
    one_rate_limit_counts_the_jobs_of_both ["concurrency = 4\nrate_limit = { max = 2, per = \"500ms\" }"],
    the_global_concurrency_counts_the_jobs_of_both ["concurrency = 4"],
    a_pause_stops_both,
    a_thousand_jobs_are_completed_each_once_by_either ["concurrency = 10"],
    the_client_works_on_dead_letters_of_toril ["dead_letter = \"letters-for-the-client\""],
}

async fn work(queue: &Queue, more: Value) {
    queue.call("work", more).await;
}

/// The ids of the jobs that the client's worker ended.
async fn worked(queue: &Queue) -> HashSet<String> {
    texts(&queue.call("worked", json!({})).await).into_iter().collect()
}

async fn each_gets_a_share_and_no_job_runs_twice(queue: Queue) {
    work(&queue, json!({})).await;
    let mut all = Vec::new();
    loop {
        let jobs: Vec<_> = (0..20).map(|_| json!({ "name": "sleep", "data": { "ms": 5 } })).collect();
        let ids = queue.add_all(json!(jobs)).await;
        queue.all_ended(&ids).await;
        all.extend(ids);
        let theirs = worked(&queue).await.len();
        if theirs > 0 && theirs < all.len() {
            break;
        }
        assert!(all.len() < 2_000, "one of the two never got a job: the client had {theirs} of {}", all.len());
    }
    let mut starts = queue.starts().await;
    starts.sort();
    all.sort();
    assert_eq!(starts, all);
}

async fn a_retry_is_run_by_either(queue: Queue) {
    work(&queue, json!({ "concurrency": 2 })).await;
    let opts = json!({ "attempts": 3, "backoff": { "type": "fixed", "delay": 50 } });
    let jobs: Vec<_> = (0..12).map(|_| json!({ "name": "fail-times", "data": { "times": 2 }, "opts": opts })).collect();
    for id in queue.add_all(json!(jobs)).await {
        assert_eq!(queue.completed(&id).await, json!({ "attempts": 3 }));
        assert_eq!(queue.job(&id).await["attemptsMade"], 3);
    }
}

async fn every_kind_of_job_is_completed_once(queue: Queue) {
    work(&queue, json!({ "concurrency": 2 })).await;
    let opts = [
        json!({}),
        json!({ "delay": 150 }),
        json!({ "priority": 7 }),
        json!({ "lifo": true }),
        json!({ "delay": 100, "priority": 3 }),
        json!({ "deduplication": { "id": "one" } }),
    ];
    let jobs = opts.iter().cycle().take(30).enumerate();
    let jobs: Vec<_> = jobs.map(|(n, opts)| json!({ "name": "echo", "data": { "n": n }, "opts": opts })).collect();
    let ids: HashSet<_> = queue.add_all(json!(jobs)).await.into_iter().collect();
    let ids: Vec<_> = ids.into_iter().collect();
    for id in &ids {
        queue.completed(id).await;
    }
    let starts = queue.starts().await;
    assert_eq!((starts.len(), starts.iter().collect::<HashSet<_>>().len()), (ids.len(), ids.len()));
}

async fn a_parent_of_one_waits_for_children_of_the_other(queue: Queue) {
    // A queue that Toril does not work on.
    let theirs = format!("{}-theirs", queue.name);
    queue.call_on(&theirs, "work", json!({})).await;
    for (above, below) in [(queue.name, theirs.as_str()), (theirs.as_str(), queue.name)] {
        let child = |n: u32| json!({ "name": "echo", "queueName": below, "data": { "n": n } });
        let flow =
            json!({ "name": "echo", "queueName": above, "data": { "root": above }, "children": [child(1), child(2)] });
        let added = queue.call("flow", json!({ "flow": flow })).await;
        let ended = queue.call_on(above, "ended", json!({ "id": added["id"] })).await;
        assert_eq!(ended, json!({ "ok": true, "value": { "root": above } }));
    }
}

async fn a_scheduler_is_kept_going_by_both(queue: Queue) {
    work(&queue, json!({})).await;
    let template = json!({ "name": "echo", "data": { "k": 4 } });
    let repeat = json!({ "every": 100, "limit": 12 });
    queue.call("scheduler", json!({ "id": "both", "repeat": repeat, "template": template })).await;
    for id in queue.wait_for_ids("completed", 12).await {
        assert_eq!(queue.job(&id).await["returnvalue"], json!({ "k": 4 }));
    }
}

async fn one_rate_limit_counts_the_jobs_of_both(queue: Queue) {
    work(&queue, json!({ "concurrency": 4, "limiter": { "max": 2, "duration": 500 } })).await;
    let jobs: Vec<_> = (0..8).map(|_| json!({ "name": "echo", "data": {} })).collect();
    let ids = queue.add_all(json!(jobs)).await;
    queue.all_ended(&ids).await;
    let runs = queue.runs(&ids).await;
    // Two in each half second, over all workers.
    assert!(runs[7].0 - runs[0].0 >= 1_450, "{runs:?}");
}

async fn the_global_concurrency_counts_the_jobs_of_both(queue: Queue) {
    queue.call("globalConcurrency", json!({ "max": 1 })).await;
    work(&queue, json!({ "concurrency": 4 })).await;
    let jobs: Vec<_> = (0..8).map(|_| json!({ "name": "sleep", "data": { "ms": 30 } })).collect();
    let ids = queue.add_all(json!(jobs)).await;
    queue.all_ended(&ids).await;
    let runs = queue.runs(&ids).await;
    assert!(runs.windows(2).all(|pair| pair[0].1 <= pair[1].0), "two ran at once: {runs:?}");
}

async fn a_pause_stops_both(queue: Queue) {
    work(&queue, json!({ "concurrency": 2 })).await;
    queue.pause().await;
    let jobs: Vec<_> = (0..10).map(|n| json!({ "name": "echo", "data": { "n": n } })).collect();
    let ids = queue.add_all(json!(jobs)).await;
    // What a worker that does not see the pause would use to run them.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    for id in &ids {
        assert_eq!(queue.job(id).await["processedOn"], json!(null));
    }
    queue.resume().await;
    queue.all_ended(&ids).await;
}

async fn a_thousand_jobs_are_completed_each_once_by_either(queue: Queue) {
    work(&queue, json!({ "concurrency": 10 })).await;
    let jobs: Vec<_> = (0..1000).map(|n| json!({ "name": "echo", "data": { "n": n } })).collect();
    let mut ids = texts(&queue.call("add", json!({ "jobs": jobs, "bulk": true })).await);
    for (n, id) in ids.iter().enumerate() {
        assert_eq!(queue.completed(id).await, json!({ "n": n }));
    }
    let mut starts = queue.starts().await;
    starts.sort();
    ids.sort();
    assert_eq!(starts, ids);
}

async fn the_client_works_on_dead_letters_of_toril(queue: Queue) {
    let letters = "letters-for-the-client";
    queue.call_on(letters, "work", json!({ "as": "quick" })).await;
    let id = queue.add("fatal", json!({}), json!({})).await;
    queue.failed(&id).await;
    let letter = format!("{}-{id}-1", queue.name);
    let ended = queue.call_on(letters, "ended", json!({ "id": letter })).await;
    assert_eq!(ended, json!({ "ok": true, "value": { "quick": true } }));
}
