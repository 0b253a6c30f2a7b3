//! What a plugin can ask about its running job, what it can add in one step, and how it goes back to its queue.

use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, node, wait_until};

const WORK: &str = "[queues.work]\nplugin = \"basics\"\nconcurrency = 1\n[queues.other]\nplugin = \"basics\"\n\
                    [plugins.basics]\nadd_to = [\"work\"]\nmax_added_jobs = 5\n";

async fn host(redis: &RedisServer) -> Toril {
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(WORK).spawn_run();
    toril.wait_ready().await;
    toril
}

async fn add(redis: &RedisServer, spec: Value) -> Value {
    let input = json!({ "redis": redis.url(), "queue": "work", "jobs": [spec], "wait": true });
    node::run("add", input).await["results"][0].clone()
}

async fn job(redis: &RedisServer, queue: &str, id: &str) -> Value {
    node::run("job", json!({ "redis": redis.url(), "queue": queue, "id": id })).await
}

#[tokio::test]
async fn a_plugin_sees_the_details_of_its_job_with_the_names_of_bullmq() {
    let redis = RedisServer::start().await;
    let _toril = host(&redis).await;

    let opts = json!({ "priority": 3, "keepLogs": 7, "delay": 10, "deduplication": { "id": "d" }, "backoff": 5 });
    let result = add(&redis, json!({ "name": "details", "data": {}, "opts": opts })).await;

    let details = &result["value"];
    let options = json!({ "attempts": 0, "priority": 3, "keepLogs": 7, "delay": 10, "deduplication": { "id": "d" },
        "backoff": { "type": "fixed", "delay": 5 } });
    assert_eq!(details["options"], options, "{result}");
    assert_eq!((&details["priority"], &details["deduplicationId"]), (&json!(3), &json!("d")), "{result}");
    assert_eq!((&details["starts"], &details["stalls"]), (&json!(1), &json!(0)), "{result}");
}

#[tokio::test]
async fn a_requeued_job_runs_again_before_the_others_and_uses_no_attempt() {
    let redis = RedisServer::start().await;
    let _toril = host(&redis).await;
    let jobs = json!([{ "name": "requeue-once", "data": {} }, { "name": "echo", "data": 1 }]);

    node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs, "wait": true })).await;

    let (requeued, other) = (job(&redis, "work", "1").await, job(&redis, "work", "2").await);
    let counts = (&requeued["attemptsMade"], &requeued["attemptsStarted"], &requeued["stalledCounter"]);
    assert_eq!(counts, (&json!(1), &json!(2), &json!(0)), "{requeued}");
    assert_eq!(requeued["returnvalue"]["progress"], "requeued", "{requeued}");
    assert!(requeued["finishedOn"].as_u64() <= other["processedOn"].as_u64(), "{requeued} {other}");
}

#[tokio::test]
async fn a_plugin_lists_its_children_page_by_page() {
    let redis = RedisServer::start().await;
    let _toril = host(&redis).await;
    let child = |n: usize, name: &str, opts: Value| {
        let mut opts = opts;
        opts["jobId"] = json!(format!("child-{n:03}"));
        json!({ "name": name, "queueName": "work", "data": { "n": n }, "opts": opts })
    };
    let mut children: Vec<_> = (0..150).map(|n| child(n, "echo", json!({}))).collect();
    children.push(child(150, "fatal", json!({ "ignoreDependencyOnFailure": true })));
    let flow = json!({ "name": "list-children", "queueName": "work", "data": { "count": 20 }, "children": children });

    let done = node::run("flow", json!({ "redis": redis.url(), "flow": flow })).await;

    let processed = done["value"]["processed"].as_array().expect("a list");
    assert_eq!(processed.len(), 150, "{done}");
    assert_eq!(processed[7], json!(["child-007", "{\"n\":7}"]));
    assert_eq!(done["value"]["ignored"], json!([["child-150", "this job cannot be done"]]));
    assert_eq!((&done["value"]["unprocessed"], &done["value"]["failed"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn a_plugin_adds_a_flow_in_one_step_and_its_parent_waits_for_the_children() {
    let redis = RedisServer::start().await;
    let _toril = host(&redis).await;

    let data = json!({ "queue": "work", "last": "work", "children": 3 });
    let result = add(&redis, json!({ "name": "add-flow", "data": data })).await;

    let ids: Vec<_> = result["value"]["ids"].as_array().expect("ids").iter().filter_map(Value::as_str).collect();
    assert_eq!(ids.len(), 5, "{result}");
    assert_eq!(ids[4], "6", "BullMQ counts every job, also those whose ids it does not choose");
    wait_until("the parent to complete", LONG, async || job(&redis, "work", ids[0]).await["state"] == "completed")
        .await;
    assert_eq!(job(&redis, "work", ids[0]).await["returnvalue"]["values"], 3);
    assert_eq!(job(&redis, "work", ids[1]).await["parentKey"], format!("bull:work:{}", ids[0]));
}

#[tokio::test]
async fn a_list_with_one_job_that_is_not_granted_adds_none() {
    let redis = RedisServer::start().await;
    let _toril = host(&redis).await;

    let data = json!({ "queue": "work", "last": "other", "children": 2 });
    let refused = add(&redis, json!({ "name": "add-flow", "data": data })).await;

    assert!(refused["error"].as_str().is_some_and(|error| error.contains("queue \"other\"")), "{refused}");
    assert_eq!(job(&redis, "work", "2").await, Value::Null);
}

#[tokio::test]
async fn a_list_that_exceeds_the_limit_of_added_jobs_adds_none() {
    let redis = RedisServer::start().await;
    let _toril = host(&redis).await;

    let data = json!({ "queue": "work", "last": "work", "children": 9 });
    let refused = add(&redis, json!({ "name": "add-flow", "data": data })).await;

    let error = refused["error"].as_str().unwrap_or_default();
    assert!(error.contains("may add no 11 more, because its limit is 5"), "{refused}");
    assert_eq!(job(&redis, "work", "2").await, Value::Null);
}
