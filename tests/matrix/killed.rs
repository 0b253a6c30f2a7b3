//! A worker that is killed while it has a job, and the other one that finds the job stalled.

use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{Client, RedisServer, Session, Toril, wait_until};

use crate::cell::Server;

const QUEUE: &str = "stalled";

fn toril(redis: &RedisServer) -> Toril {
    let config =
        format!("[queues.{QUEUE}]\nplugin = \"basics\"\nlock_duration = \"1s\"\nstalled_interval = \"500ms\"\n");
    Toril::new().redis(redis.url()).plugin("basics").config(config)
}

async fn add(session: &Session, name: &str, data: Value) -> String {
    let ids = session.call(QUEUE, "add", json!({ "jobs": [{ "name": name, "data": data }] })).await;
    ids[0].as_str().expect("an id").to_owned()
}

async fn wait_active(session: &Session, id: &str) {
    let active = async || session.call(QUEUE, "job", json!({ "id": id })).await["state"] == "active";
    wait_until("the job to be active", LONG, active).await;
}

/// The client is killed, and Toril runs its job.
pub async fn client(client: Client, server: Server) {
    let redis = server.start().await;
    let observer = Session::start(client, &redis).await;
    let worker = Session::start(client, &redis).await;
    // The check for stalled jobs is not repeated by anybody before the interval of the worker that made it last.
    let settings = json!({ "lockDuration": 1000, "stalledInterval": 500 });
    worker.call(QUEUE, "work", json!({ "as": "hang", "settings": settings })).await;
    let id = add(&observer, "echo", json!({ "n": 1 })).await;
    wait_active(&observer, &id).await;

    worker.kill().await;
    let mut toril = toril(&redis).spawn_run();
    toril.wait_ready().await;

    let ended = observer.call(QUEUE, "ended", json!({ "id": id })).await;
    assert_eq!(ended, json!({ "ok": true, "value": { "n": 1 } }));
    let events = observer.call(QUEUE, "events", json!({ "id": id })).await;
    assert!(events.as_array().is_some_and(|events| events.contains(&json!("stalled"))), "{events}");
}

/// The host is killed, and the client's worker runs its job.
pub async fn host(client: Client, server: Server) {
    let redis = server.start().await;
    let mut toril = toril(&redis).spawn_run();
    toril.wait_ready().await;
    let session = Session::start(client, &redis).await;
    let id = add(&session, "sleep-until-cancelled", json!({})).await;
    wait_active(&session, &id).await;

    toril.kill();
    session.call(QUEUE, "work", json!({ "as": "quick", "settings": { "stalledInterval": 500 } })).await;

    let ended = session.call(QUEUE, "ended", json!({ "id": id })).await;
    assert_eq!(ended, json!({ "ok": true, "value": { "quick": true } }));
    let events = session.call(QUEUE, "events", json!({ "id": id })).await;
    assert!(events.as_array().is_some_and(|events| events.contains(&json!("stalled"))), "{events}");
}
