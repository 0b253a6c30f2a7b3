//! Parents and children that the client adds.

use serde_json::{Value, json};

use crate::cell::{Queue, cases, texts};

cases! {
    a_parent_runs_after_its_children_and_their_children,
    a_parent_fails_with_a_child_that_says_so,
    a_parent_goes_on_without_a_child_that_is_ignored,
    a_parent_runs_as_soon_as_a_child_fails_that_says_so,
}

async fn a_parent_runs_after_its_children_and_their_children(queue: Queue) {
    let job = |n: u32| json!({ "name": "echo", "queueName": queue.name, "data": { "n": n } });
    let parent_of = |n: u32, children: Value| {
        let mut job = job(n);
        job["children"] = children;
        job
    };
    let flow = parent_of(0, json!([parent_of(1, json!([job(3), job(4)])), job(2)]));
    let added = queue.call("flow", json!({ "flow": flow })).await;
    let root = added["id"].as_str().expect("an id").to_owned();
    let child = texts(&added["children"]).remove(0);

    assert_eq!(queue.completed(&root).await, json!({ "n": 0 }));
    let starts = queue.starts().await;
    assert_eq!((starts.len(), &starts[4]), (5, &root), "{starts:?}");
    assert!(starts.iter().position(|id| *id == child) >= Some(2), "{starts:?}");
}

async fn family(queue: &Queue, option: &str, more: Value) -> (String, Vec<String>) {
    let failing = json!({ "name": "fatal", "queueName": queue.name, "data": {}, "opts": { option: true } });
    let sibling = json!({ "name": "echo", "queueName": queue.name, "data": {}, "opts": more });
    let flow = json!({ "name": "echo", "queueName": queue.name, "data": {}, "children": [failing, sibling] });
    let added = queue.call("flow", json!({ "flow": flow })).await;
    (added["id"].as_str().expect("an id").to_owned(), texts(&added["children"]))
}

async fn a_parent_fails_with_a_child_that_says_so(queue: Queue) {
    let (parent, children) = family(&queue, "failParentOnFailure", json!({})).await;
    let reason = queue.failed(&parent).await;
    assert!(reason.contains(&children[0]), "{reason}");
}

async fn a_parent_goes_on_without_a_child_that_is_ignored(queue: Queue) {
    let (parent, children) = family(&queue, "ignoreDependencyOnFailure", json!({})).await;
    queue.completed(&parent).await;
    assert_eq!(queue.job(&children[0]).await["state"], "failed");
}

async fn a_parent_runs_as_soon_as_a_child_fails_that_says_so(queue: Queue) {
    let (parent, children) = family(&queue, "continueParentOnFailure", json!({ "delay": 3_600_000 })).await;
    // BullMQ's own workers say the same of a parent that runs to its end and leaves children that have not ended.
    let reason = queue.failed(&parent).await;
    assert!(reason.contains("has pending dependencies"), "{reason}");
    assert_eq!(queue.starts().await, [children[0].clone(), parent]);
}
