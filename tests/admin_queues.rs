//! Commands and API calls for whole queues, compared with BullMQ's own Node client: removal, limits, workers, and
//! flows.

use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, contents, http, node, wait_until};

const WORK: &str = "[queues.work]\nplugin = \"basics\"\n[queues.other]\nplugin = \"basics\"\n";

fn client(redis: &RedisServer) -> Toril {
    Toril::new().redis(redis.url()).plugin("basics").config(WORK)
}

async fn manage(redis: &RedisServer, steps: Value) -> Vec<Value> {
    let done = node::run("manage", json!({ "redis": redis.url(), "queue": "work", "steps": steps })).await;
    done["results"].as_array().cloned().unwrap_or_default()
}

async fn add(redis: &RedisServer, jobs: Value) {
    node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs })).await;
}

/// Every key of both queues.
async fn left(redis: &RedisServer) -> Value {
    let mut connection = redis.connection().await;
    json!([contents::of(&mut connection, "bull:work").await, contents::of(&mut connection, "bull:other").await])
}

/// All keys in Redis.
async fn keys(redis: &RedisServer) -> Vec<String> {
    let mut keys: Vec<String> =
        redis::cmd("KEYS").arg("bull:*").query_async(&mut redis.connection().await).await.expect("keys");
    keys.sort();
    keys
}

fn flows() -> Vec<Value> {
    let child = |queue: &str, id: &str, mut opts: Value| {
        opts["jobId"] = json!(id);
        json!({ "name": format!("child {id}"), "queueName": queue, "data": { "ä": [1, 2.5, null] }, "opts": opts })
    };
    let mut middle = child("other", "m", json!({ "priority": 4, "failParentOnFailure": true, "delay": 500 }));
    middle["children"] = json!([child("work", "m-1", json!({})), child("other", "m-2", json!({ "lifo": true }))]);
    let options = json!({
        "attempts": 3, "backoff": { "type": "exponential", "delay": 20, "jitter": 0.5 }, "keepLogs": 4,
        "removeOnComplete": { "age": 60, "count": 5 }, "removeOnFail": 7, "stackTraceLimit": 2,
        "ignoreDependencyOnFailure": true, "sizeLimit": 1000, "timestamp": 1_700_000_000_123_u64,
    });
    vec![
        json!({ "name": "root", "queueName": "work", "opts": { "jobId": "root", "attempts": 2, "priority": 9 }, "children": [
            child("work", "a", json!({})),
            child("other", "b", json!({ "delay": 3_600_000, "removeDependencyOnFailure": true })),
            child("work", "c", json!({ "priority": 2, "continueParentOnFailure": true })),
            child("other", "d", options),
            middle,
        ] }),
        // Under an existing job.
        json!({ "name": "under", "queueName": "other", "opts": { "jobId": "under", "parent": { "id": "root", "queue": "bull:work" } },
                "children": [child("work", "under-1", json!({}))] }),
        // An existing child without a parent, and one that has already finished.
        json!({ "name": "adopts", "queueName": "work", "opts": { "jobId": "adopts" },
                "children": [child("work", "orphan", json!({})), child("work", "done", json!({}))] }),
        // All of its children have already finished, so it waits for nothing.
        json!({ "name": "ready", "queueName": "other", "opts": { "jobId": "ready" }, "children": [child("work", "done-2", json!({}))] }),
        // A single job without children.
        json!({ "name": "alone", "queueName": "work", "opts": { "jobId": "alone", "deduplication": { "id": "one", "ttl": 600_000 } } }),
    ]
}

/// A server whose queues have jobs before flows are added.
async fn begun() -> RedisServer {
    let redis = RedisServer::start().await;
    let echo = |id: &str| json!({ "name": "echo", "data": id, "opts": { "jobId": id } });
    add(&redis, json!([echo("done"), echo("done-2")])).await;
    node::run("worker", json!({ "redis": redis.url(), "queue": "work", "jobs": 2 })).await;
    add(&redis, json!([echo("orphan")])).await;
    redis
}

#[tokio::test]
async fn adding_a_flow_leaves_the_same_as_nodes_flow_producer() {
    let (ours, theirs) = (begun().await, begun().await);
    let toril = client(&ours);

    for flow in flows() {
        let added = toril.cli_with_input(["add-flow", "-", "--json"], flow.to_string()).await.succeeded().json();
        assert_eq!((&added["queue"], &added["id"]), (&flow["queueName"], &flow["opts"]["jobId"]));
        manage(&theirs, json!([{ "do": "flow", "flow": flow }])).await;
    }

    assert_eq!(left(&ours).await, left(&theirs).await);
}

#[tokio::test]
async fn a_flow_from_the_api_runs_to_its_root() {
    let redis = RedisServer::start().await;
    let mut toril = client(&redis).spawn_run();
    toril.wait_ready().await;
    let leaf = |n: u32| json!({ "name": "echo", "queueName": "other", "data": n });
    let flow = json!({ "name": "echo", "queueName": "work", "data": "root", "children": [leaf(1), leaf(2)] });

    let added = http::post(&toril.url("/api/v1/flows"), &flow).await.expect("an answer");

    assert_eq!(added.status, 201, "{}", added.body);
    let added = added.json();
    assert_eq!(added["children"].as_array().map(Vec::len), Some(2), "{added}");
    let id = added["id"].as_str().expect("an id").to_owned();
    wait_until("the root to complete", LONG, async || {
        toril.cli(["job", "work", &id, "--json"]).await.succeeded().json()["state"] == "completed"
    })
    .await;
}

#[tokio::test]
async fn an_invalid_flow_adds_no_job() {
    let redis = RedisServer::start().await;
    let toril = client(&redis);
    let with = |child: Value| json!({ "name": "root", "queueName": "work", "children": [{ "name": "a", "queueName": "work" }, child] });

    for (flow, code, says) in [
        (with(json!({ "name": "b", "queueName": "nobody" })), 1, "nobody"),
        (with(json!({ "name": "b", "queueName": "other", "opts": { "attempts": 0 } })), 2, "attempts"),
        (with(json!({ "name": "b", "queueName": "other", "opts": { "jobId": "12" } })), 2, "jobId"),
        (
            with(json!({ "name": "b", "queueName": "other", "opts": { "parent": { "queue": "work", "id": "x" } } })),
            2,
            "parent",
        ),
        (
            with(json!({ "name": "b", "queueName": "other", "opts": { "deduplication": { "id": "x" } } })),
            2,
            "deduplication",
        ),
        (
            with(json!({ "name": "b", "queueName": "other", "data": "long", "opts": { "sizeLimit": 1 } })),
            2,
            "sizeLimit",
        ),
        (with(json!({ "name": "b", "queueName": "other", "prefix": "x" })), 2, "prefix"),
        (
            json!({ "name": "r", "queueName": "work", "opts": { "parent": { "queue": "other", "id": "none" } },
                 "children": [{ "name": "a", "queueName": "work" }] }),
            1,
            "does not exist",
        ),
    ] {
        let output = toril.cli_with_input(["add-flow", "-"], flow.to_string()).await.exited(code);
        assert!(output.stderr.contains(says), "{says}: {}", output.stderr);
        assert_eq!(keys(&redis).await, Vec::<String>::new(), "{flow}");
    }
}

#[tokio::test]
async fn the_error_names_a_job_that_has_another_parent() {
    let redis = RedisServer::start().await;
    let toril = client(&redis);
    let flow = |root: &str| {
        let child = json!({ "name": "child", "queueName": "other", "opts": { "jobId": "child" } });
        json!({ "name": root, "queueName": "work", "opts": { "jobId": root }, "children": [child] }).to_string()
    };
    toril.cli_with_input(["add-flow", "-"], flow("first")).await.succeeded();

    let output = toril.cli_with_input(["add-flow", "-"], flow("second")).await.exited(1);

    assert!(
        output.stderr.contains("job child of queue other") && output.stderr.contains("another parent"),
        "{}",
        output.stderr
    );
}

/// Jobs in every state, one of them active.
async fn filled() -> RedisServer {
    let redis = RedisServer::start().await;
    let jobs: Vec<_> = (0..2500).map(|n| json!({ "name": "echo", "data": n })).collect();
    add(&redis, json!([{ "name": "echo", "data": 1 }, { "name": "fatal", "data": 1 }])).await;
    node::run("worker", json!({ "redis": redis.url(), "queue": "work", "jobs": 2 })).await;
    add(&redis, json!(jobs)).await;
    let more = json!([
        { "name": "echo", "data": 1, "opts": { "delay": 3_600_000 } },
        { "name": "echo", "data": 1, "opts": { "priority": 3, "deduplication": { "id": "d" } } },
    ]);
    add(&redis, more).await;
    let scheduler =
        json!({ "do": "scheduler", "id": "s", "repeat": { "every": 3_600_000 }, "template": { "name": "echo" } });
    manage(&redis, json!([scheduler, { "do": "take" }])).await;
    redis
}

#[tokio::test]
async fn a_queue_is_obliterated_only_when_it_is_paused_and_active_jobs_only_by_force() {
    let (ours, theirs) = (filled().await, filled().await);
    let toril = client(&ours);
    let count = json!([{ "do": "counts" }]);
    let before = manage(&ours, count.clone()).await;

    let unpaused = toril.cli(["obliterate", "work", "--force"]).await.exited(1);
    assert!(unpaused.stderr.contains("not paused"), "{}", unpaused.stderr);
    toril.cli(["pause", "work"]).await.succeeded();
    let active = toril.cli(["obliterate", "work"]).await.exited(1);
    assert!(active.stderr.contains("active jobs"), "{}", active.stderr);
    assert_eq!(manage(&ours, count).await, before);
    toril.cli(["obliterate", "work", "--force"]).await.succeeded();
    manage(&theirs, json!([{ "do": "obliterate" }])).await;

    let (ours, theirs) = (keys(&ours).await, keys(&theirs).await);
    assert!(ours == theirs && ours.len() < 3, "{} and {} keys are left", ours.len(), theirs.len());
}

#[tokio::test]
async fn toril_and_node_see_the_limits_that_the_other_sets() {
    let redis = RedisServer::start().await;
    let toril = client(&redis);
    let seen =
        json!([{ "do": "globalConcurrency" }, { "do": "globalRateLimit" }, { "do": "rateLimitTtl" }, { "do": "meta" }]);
    let limits = async |more: &[&str]| {
        let line = ["limits", "work", "--json"].iter().chain(more);
        toril.cli(line).await.succeeded().json()
    };

    let set = limits(&["--concurrency", "3", "--rate", "100/2s", "--stop-for", "1h"]).await;
    assert_eq!((&set["concurrency"], &set["rateLimit"]), (&json!(3), &json!({ "max": 100, "duration": 2000 })));
    let nodes = manage(&redis, seen.clone()).await;
    assert_eq!((&nodes[0], &nodes[1]), (&json!(3), &json!({ "max": 100, "duration": 2000 })));
    assert!(nodes[2].as_i64().is_some_and(|left| left > 3_000_000), "{nodes:?}");
    let ours = nodes[3].clone();

    let none = limits(&["--no-concurrency", "--no-rate", "--go"]).await;
    assert_eq!(none, json!({ "concurrency": null, "rateLimit": null, "limitedFor": 0 }));
    let nodes = manage(&redis, seen).await;
    assert_eq!((&nodes[0], &nodes[1], &nodes[2]), (&json!(null), &json!(null), &json!(-2)));

    let theirs = json!([
        { "do": "setGlobalConcurrency", "concurrency": 3 }, { "do": "setGlobalRateLimit", "max": 100, "duration": 2000 },
        { "do": "rateLimit", "ms": 3_600_000 }, { "do": "meta" },
    ]);
    assert_eq!(manage(&redis, theirs).await[3], ours);
    let shown = limits(&[]).await;
    assert_eq!((&shown["concurrency"], &shown["rateLimit"]), (&json!(3), &json!({ "max": 100, "duration": 2000 })));
    assert!(shown["limitedFor"].as_u64().is_some_and(|left| left > 3_000_000), "{shown}");
}

#[tokio::test]
async fn a_deduplication_id_is_shown_and_released() {
    let redis = RedisServer::start().await;
    let toril = client(&redis);
    let job = json!({ "name": "echo", "data": 1, "opts": { "jobId": "holder", "deduplication": { "id": "a:b", "ttl": 3_600_000 } } });
    add(&redis, json!([job])).await;

    let shown = toril.cli(["deduplication", "work", "a:b", "--json"]).await.succeeded().json();
    assert_eq!((&shown["id"], &shown["jobId"]), (&json!("a:b"), &json!("holder")));
    assert!(shown["expiresIn"].as_u64().is_some_and(|left| left > 3_000_000), "{shown}");
    assert_eq!(manage(&redis, json!([{ "do": "deduplicationJobId", "id": "a:b" }])).await[0], "holder");
    toril.cli(["deduplication", "work", "a:b", "--remove"]).await.succeeded();

    assert_eq!(manage(&redis, json!([{ "do": "deduplicationJobId", "id": "a:b" }])).await[0], json!(null));
    for more in [&[][..], &["--remove"]] {
        let output = toril.cli(["deduplication", "work", "a:b"].iter().chain(more)).await.exited(1);
        assert!(output.stderr.contains("holds"), "{}", output.stderr);
    }
}

#[tokio::test]
async fn counts_per_priority_equal_those_of_node() {
    let redis = RedisServer::start().await;
    let toril = client(&redis);
    let jobs = [0, 1, 1, 5, 2_097_151, 2_097_151, 2_097_151, 0];
    add(&redis, jobs.iter().map(|n| json!({ "name": "echo", "data": n, "opts": { "priority": n } })).collect()).await;
    let counts = async |more: &[&str]| {
        let line = ["priorities", "work", "--json"].iter().chain(more);
        let counts = toril.cli(line).await.succeeded().json();
        let counts = counts.as_array().expect("counts").iter();
        Value::Object(counts.map(|count| (count["priority"].to_string(), count["count"].clone())).collect())
    };

    let wanted = json!([{ "do": "countsPerPriority", "priorities": [0, 1, 2, 5, 2_097_151] }]);
    assert_eq!(counts(&["0", "1", "2", "5", "2097151"]).await, manage(&redis, wanted).await[0]);
    assert_eq!(counts(&[]).await, json!({ "0": 2, "1": 2, "5": 1, "2097151": 3 }));
    toril.cli(["priorities", "work", "3000000"]).await.exited(2);
}

#[tokio::test]
async fn toril_and_node_list_the_workers_of_both() {
    let redis = RedisServer::start().await;
    let mut toril = client(&redis).spawn_run();
    toril.wait_ready().await;
    let ours = async || {
        let workers = toril.cli(["workers", "work", "--json"]).await.succeeded().json();
        workers.as_array().cloned().unwrap_or_default()
    };
    let theirs = async || manage(&redis, json!([{ "do": "clients" }])).await[0].as_array().cloned().unwrap_or_default();

    wait_until("Node to see the host", LONG, async || theirs().await.len() == 1).await;
    let input = json!({ "redis": redis.url(), "queue": "work", "jobs": 1_000_000, "settings": { "name": "in-node" } });
    let mut worker = node::spawn("worker", input, &[]);
    worker.wait_ready().await;
    wait_until("both to list both workers", LONG, async || theirs().await.len() == 2 && ours().await.len() == 2).await;

    let names: Vec<_> = ours().await.iter().map(|worker| worker["name"].clone()).collect();
    assert!(names.contains(&json!("in-node")), "{names:?}");
    let addresses = |workers: Vec<Value>, field: &str| {
        let mut addresses: Vec<_> = workers.iter().map(|worker| worker[field].to_string()).collect();
        addresses.sort();
        addresses
    };
    assert_eq!(addresses(ours().await, "address"), addresses(theirs().await, "addr"));
}

#[tokio::test]
async fn events_are_trimmed_as_node_trims_them() {
    let mut kept = Vec::new();
    for by_toril in [true, false] {
        let redis = RedisServer::start().await;
        add(&redis, (0..400).map(|n| json!({ "name": "echo", "data": n })).collect()).await;
        if by_toril {
            let trimmed =
                client(&redis).cli(["trim-events", "work", "--keep", "50", "--json"]).await.succeeded().json();
            assert!(trimmed["removed"].as_u64().is_some_and(|removed| removed > 300), "{trimmed}");
        } else {
            manage(&redis, json!([{ "do": "trimEvents", "keep": 50 }])).await;
        }
        let mut length = redis::cmd("XLEN");
        let length: u64 =
            length.arg("bull:work:events").query_async(&mut redis.connection().await).await.expect("a length");
        kept.push(length);
    }
    assert_eq!(kept[0], kept[1]);
}

#[tokio::test]
async fn the_api_offers_the_same_as_the_commands() {
    let redis = RedisServer::start().await;
    let mut toril = client(&redis).spawn_run();
    toril.wait_ready().await;
    let ask = async |method: &str, path: &str, body: Value| {
        let headers = [("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = http::request(method, &toril.url(&format!("/api/v1{path}")), &headers, &body).await;
        let answer = answer.expect("an answer");
        (answer.status, if answer.body.is_empty() { json!(null) } else { answer.json() })
    };
    let queue = "/queues/work";

    let (status, limits) = ask("PUT", &format!("{queue}/limits/concurrency"), json!({ "max": 2 })).await;
    assert_eq!((status, &limits["concurrency"]), (200, &json!(2)));
    let (status, limits) = ask("PUT", &format!("{queue}/limits/rate"), json!({ "max": 5, "duration": 1000 })).await;
    assert_eq!((status, &limits["rateLimit"]), (200, &json!({ "max": 5, "duration": 1000 })));
    let (status, limits) = ask("PUT", &format!("{queue}/limits/stop"), json!({ "duration": 60_000 })).await;
    assert!(status == 200 && limits["limitedFor"].as_u64().is_some_and(|left| left > 0), "{limits}");
    for (limit, wrong) in
        [("concurrency", json!({ "max": 0 })), ("rate", json!({ "max": 1 })), ("stop", json!({ "duration": 0 }))]
    {
        assert_eq!(ask("PUT", &format!("{queue}/limits/{limit}"), wrong).await.0, 422, "{limit}");
        assert_eq!(ask("DELETE", &format!("{queue}/limits/{limit}"), json!(null)).await.0, 204, "{limit}");
    }
    let none = json!({ "concurrency": null, "rateLimit": null, "limitedFor": 0 });
    assert_eq!(ask("GET", &format!("{queue}/limits"), json!(null)).await, (200, none));

    toril.cli(["pause", "work"]).await.succeeded();
    let held = json!({ "name": "echo", "opts": { "jobId": "h", "priority": 2, "deduplication": { "id": "d" } } });
    ask("POST", &format!("{queue}/jobs"), held).await;
    let (status, holder) = ask("GET", &format!("{queue}/deduplication/d"), json!(null)).await;
    assert_eq!((status, &holder["jobId"]), (200, &json!("h")));
    assert_eq!(ask("DELETE", &format!("{queue}/deduplication/d"), json!(null)).await.0, 204);
    assert_eq!(ask("DELETE", &format!("{queue}/deduplication/d"), json!(null)).await.0, 404);
    let counts = json!([{ "priority": 0, "count": 0 }, { "priority": 2, "count": 1 }]);
    assert_eq!(ask("GET", &format!("{queue}/priorities"), json!(null)).await, (200, counts));
    assert_eq!(ask("GET", &format!("{queue}/priorities?priorities=x"), json!(null)).await.0, 422);
    wait_until("the worker to be listed", LONG, async || {
        ask("GET", "/queues/other/workers", json!(null)).await.1.as_array().is_some_and(|workers| workers.len() == 1)
    })
    .await;
    assert_eq!(ask("POST", &format!("{queue}/events/trim?keep=0"), json!(null)).await.0, 200);
    toril.cli(["resume", "work"]).await.succeeded();
    assert_eq!(ask("POST", &format!("{queue}/obliterate"), json!(null)).await.0, 409);
    toril.cli(["pause", "work"]).await.succeeded();
    assert_eq!(ask("POST", &format!("{queue}/obliterate?force=true"), json!(null)).await.0, 204);
}
