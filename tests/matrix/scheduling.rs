//! Job schedulers that the client makes, and the repeatable jobs of BullMQ 5.

use serde_json::json;
use toril_tests::Client;
use toril_tests::wait::LONG;
use toril_tests::wait_until;

use crate::cell::{Queue, cases, texts};

cases! {
    a_scheduler_adds_a_job_at_every_interval,
    a_scheduler_adds_a_job_at_every_time_of_a_pattern,
    a_removed_scheduler_adds_no_more,
    a_changed_scheduler_has_its_new_data,
    a_repeatable_job_of_bullmq_5_keeps_its_data for &[Client::BullMq5],
}

async fn a_scheduler_adds_a_job_at_every_interval(queue: Queue) {
    let template = json!({ "name": "echo", "data": { "k": 1 }, "opts": { "attempts": 2 } });
    let repeat = json!({ "every": 200, "limit": 3 });
    queue.call("scheduler", json!({ "id": "often", "repeat": repeat, "template": template })).await;
    for id in queue.wait_for_ids("completed", 3).await {
        let job = queue.job(&id).await;
        assert_eq!((&job["name"], &job["returnvalue"]), (&json!("echo"), &json!({ "k": 1 })), "{job}");
    }
}

async fn a_scheduler_adds_a_job_at_every_time_of_a_pattern(queue: Queue) {
    let template = json!({ "name": "echo", "data": { "k": 2 } });
    let repeat = json!({ "pattern": "* * * * * *", "limit": 2 });
    queue.call("scheduler", json!({ "id": "seconds", "repeat": repeat, "template": template })).await;
    for id in queue.wait_for_ids("completed", 2).await {
        assert_eq!(queue.job(&id).await["returnvalue"], json!({ "k": 2 }));
    }
}

async fn a_removed_scheduler_adds_no_more(queue: Queue) {
    let template = json!({ "name": "echo", "data": {} });
    queue.call("scheduler", json!({ "id": "gone", "repeat": { "every": 100 }, "template": template })).await;
    queue.wait_for_ids("completed", 2).await;
    assert_eq!(texts(&queue.call("schedulers", json!({})).await), ["gone"]);
    queue.call("removeScheduler", json!({ "id": "gone" })).await;
    assert_eq!(queue.call("schedulers", json!({})).await, json!([]));
    wait_until("no job of the scheduler to be left", LONG, async || {
        let counts = queue.call("counts", json!({})).await;
        ["waiting", "delayed", "active"].iter().all(|state| counts[state] == 0)
    })
    .await;
}

async fn a_changed_scheduler_has_its_new_data(queue: Queue) {
    let template = |k: u32| json!({ "name": "echo", "data": { "k": k } });
    let upsert = async |every: u32, k: u32| {
        let changed = json!({ "id": "one", "repeat": { "every": every }, "template": template(k) });
        queue.call("scheduler", changed).await
    };
    upsert(3_600_000, 1).await;
    upsert(100, 2).await;
    wait_until("a job with the new data", LONG, async || {
        let ids = texts(&queue.call("ids", json!({ "states": ["completed"] })).await);
        for id in ids {
            if queue.job(&id).await["returnvalue"] == json!({ "k": 2 }) {
                return true;
            }
        }
        false
    })
    .await;
    queue.call("removeScheduler", json!({ "id": "one" })).await;
}

async fn a_repeatable_job_of_bullmq_5_keeps_its_data(queue: Queue) {
    queue.add("echo", json!({ "k": 3 }), json!({ "repeat": { "every": 300, "limit": 3 } })).await;
    for id in queue.wait_for_ids("completed", 3).await {
        assert_eq!(queue.job(&id).await["returnvalue"], json!({ "k": 3 }), "{id}");
    }
}
