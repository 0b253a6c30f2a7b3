//! Jobs that fail for good: data that the plugin's schema refuses, and dead letters.

use serde_json::json;
use toril_tests::wait::LONG;
use toril_tests::wait_until;

use crate::cell::{Queue, cases};

cases! {
    data_that_does_not_fit_the_schema_fails_for_good_and_names_the_field with double,
    a_job_of_an_unknown_name_fails_for_good with double,
    a_job_that_fails_for_good_becomes_a_dead_letter ["dead_letter = \"letters\""],
    a_job_whose_attempts_are_used_up_becomes_a_dead_letter ["dead_letter = \"letters-of-retries\""],
}

async fn data_that_does_not_fit_the_schema_fails_for_good_and_names_the_field(queue: Queue) {
    let id = queue.add("double", json!({ "n": "hunter2" }), json!({ "attempts": 5 })).await;
    let reason = queue.failed(&id).await;
    assert!(reason.contains("field /n") && !reason.contains("hunter2"), "{reason}");
    let job = queue.job(&id).await;
    assert_eq!((&job["attemptsMade"], &job["failedReason"]), (&json!(1), &json!(reason)));
    let good = queue.add("double", json!({ "n": 21 }), json!({})).await;
    assert_eq!(queue.completed(&good).await, json!({ "doubled": 42 }));
}

async fn a_job_of_an_unknown_name_fails_for_good(queue: Queue) {
    let id = queue.add("treble", json!({ "n": 1 }), json!({ "attempts": 5 })).await;
    let reason = queue.failed(&id).await;
    assert!(reason.contains("treble") && reason.contains("double"), "{reason}");
    assert_eq!(queue.job(&id).await["attemptsMade"], 1);
}

/// The dead letter of a job that failed in this many attempts, once it is there.
async fn letter(queue: &Queue, letters: &str, id: &str, attempts: u32) -> serde_json::Value {
    let letter = format!("{}-{id}-{attempts}", queue.name);
    wait_until("the dead letter", LONG, async || {
        let job = queue.call_on(letters, "job", json!({ "id": letter })).await;
        (!job.is_null()).then_some(job)
    })
    .await
}

async fn a_job_that_fails_for_good_becomes_a_dead_letter(queue: Queue) {
    let id = queue.add("fatal", json!({ "order": 7 }), json!({ "attempts": 3 })).await;
    queue.failed(&id).await;
    let letter = letter(&queue, "letters", &id, 1).await;
    assert_eq!((&letter["name"], &letter["state"]), (&json!("fatal"), &json!("waiting")));
    let data = &letter["data"];
    assert_eq!((&data["queue"], &data["id"], &data["name"]), (&json!(queue.name), &json!(id), &json!("fatal")));
    assert_eq!((&data["data"], &data["opts"]["attempts"]), (&json!({ "order": 7 }), &json!(3)));
    assert_eq!((&data["failedReason"], &data["attemptsMade"]), (&json!("this job cannot be done"), &json!(1)));
}

async fn a_job_whose_attempts_are_used_up_becomes_a_dead_letter(queue: Queue) {
    let id = queue.add("fail-times", json!({ "times": 5 }), json!({ "attempts": 2 })).await;
    queue.failed(&id).await;
    let letter = letter(&queue, "letters-of-retries", &id, 2).await;
    assert_eq!(letter["data"]["failedReason"], "attempt 2 failed");
    assert_eq!(queue.call_on("letters-of-retries", "counts", json!({})).await["waiting"], 1);
}
