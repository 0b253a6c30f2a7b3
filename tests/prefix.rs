//! Key prefixes with colons, which BullMQ's clients accept. Every part of the host finds its keys under such a
//! prefix.

use redis::cmd;
use serde_json::json;
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, node, wait_until};

const PREFIX: &str = "app:bull";

fn toril(redis: &RedisServer) -> Toril {
    let config = format!(
        "[redis]\nurl = \"{{redis}}\"\nprefix = {PREFIX:?}\n\
         [queues.parents]\nplugin = \"basics\"\n\
         [queues.children]\nplugin = \"basics\"\ndead_letter = \"dead\"\n\
         [plugins.basics]\nadd_to = [\"children\"]\n"
    );
    Toril::new().redis(redis.url()).plugin("basics").config(config)
}

#[tokio::test]
async fn a_flow_of_node_runs_under_a_prefix_with_a_colon_and_sees_its_parent() {
    let redis = RedisServer::start().await;
    let mut toril = toril(&redis).spawn_run();
    toril.wait_ready().await;

    let child = json!({ "name": "who", "queueName": "children", "data": {} });
    let flow = json!({ "name": "echo", "queueName": "parents", "data": { "n": 1 }, "children": [child] });
    let done = node::run("flow", json!({ "redis": redis.url(), "prefix": PREFIX, "flow": flow })).await;

    assert_eq!(done["value"], json!({ "n": 1 }));
    let child = done["children"][0].as_str().expect("an id");
    let key = format!("{PREFIX}:children:{child}");
    let value: String =
        cmd("HGET").arg(key).arg("returnvalue").query_async(&mut redis.connection().await).await.expect("a value");
    let value: serde_json::Value = serde_json::from_str(&value).expect("JSON");
    assert_eq!(
        (&value["queue"], &value["parent"]),
        (&json!("children"), &json!(format!("parents/{}", done["id"].as_str().expect("an id"))))
    );
}

#[tokio::test]
async fn a_flow_of_a_plugin_runs_under_a_prefix_with_a_colon() {
    let redis = RedisServer::start().await;
    let mut toril = toril(&redis).spawn_run();
    toril.wait_ready().await;

    let data = json!({ "queue": "children", "count": 3 }).to_string();
    let done = toril.cli(["add", "parents", "flow", "--data", &data, "--wait", "--json"]).await.succeeded().json();

    assert_eq!(done["values"], json!([{ "n": 0 }, { "n": 1 }, { "n": 2 }]), "{done}");
}

#[tokio::test]
async fn the_commands_work_under_a_prefix_with_a_colon() {
    let redis = RedisServer::start().await;
    let mut toril = toril(&redis).spawn_run();
    toril.wait_ready().await;

    toril.cli(["add", "children", "fatal"]).await.succeeded();
    wait_until("a dead letter", LONG, async || {
        let mut connection = redis.connection().await;
        cmd("LLEN").arg(format!("{PREFIX}:dead:wait")).query_async(&mut connection).await.unwrap_or(0) == 1
    })
    .await;
    toril.cli(["pause", "children"]).await.succeeded();
    toril.cli(["schedulers", "set", "parents", "daily", "--pattern", "@daily"]).await.succeeded();
    toril.cli(["dead-letters", "return", "dead"]).await.succeeded();

    let manage =
        json!({ "redis": redis.url(), "prefix": PREFIX, "queue": "children", "steps": [{ "do": "isPaused" }] });
    assert_eq!(node::run("manage", manage).await["results"], json!([true]));
    let manage =
        json!({ "redis": redis.url(), "prefix": PREFIX, "queue": "parents", "steps": [{ "do": "schedulers" }] });
    assert_eq!(node::run("manage", manage).await["results"][0][0]["key"], "daily");
}
