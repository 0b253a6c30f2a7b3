//! Commands that show and change queues and jobs, compared with BullMQ's own Node client.

use serde_json::{Value, json};
use toril_tests::{RedisServer, Toril, node};

const WORK: &str =
    "[queues.work]\nplugin = \"basics\"\ndead_letter = \"work-dead\"\n[queues.theirs]\nplugin = \"basics\"\n";

fn client(redis: &RedisServer) -> Toril {
    Toril::new().redis(redis.url()).config(WORK)
}

async fn add(redis: &RedisServer, queue: &str, jobs: Value) {
    node::run("add", json!({ "redis": redis.url(), "queue": queue, "jobs": jobs })).await;
}

/// Lets BullMQ's own worker run this many jobs of a queue.
async fn work(redis: &RedisServer, queue: &str, jobs: usize) {
    node::run("worker", json!({ "redis": redis.url(), "queue": queue, "jobs": jobs })).await;
}

async fn manage(redis: &RedisServer, queue: &str, steps: Value) -> Vec<Value> {
    let done = node::run("manage", json!({ "redis": redis.url(), "queue": queue, "steps": steps })).await;
    done["results"].as_array().cloned().unwrap_or_default()
}

/// The queue's data in Redis, without the parts that differ between runs.
async fn left(redis: &RedisServer, queue: &str) -> Value {
    let mut left = manage(redis, queue, json!([{ "do": "dump" }])).await.remove(0);
    for (name, value) in left.as_object_mut().expect("keys") {
        if let Some(fields) = value.as_object_mut() {
            for time in ["timestamp", "processedOn", "finishedOn", "stacktrace"] {
                if let Some(field) = fields.get_mut(time) {
                    *field = json!("some");
                }
            }
        }
        // Their scores are times.
        if ["delayed", "failed", "completed", "marker"].contains(&name.as_str()) {
            let members = value.as_array().into_iter().flatten().step_by(2);
            *value = members.cloned().collect();
        }
    }
    left
}

#[tokio::test]
async fn a_page_has_the_jobs_that_node_lists() {
    let redis = RedisServer::start().await;
    let jobs: Vec<_> = (0..30).map(|n| json!({ "name": format!("job-{n}"), "data": { "n": n } })).collect();
    add(&redis, "work", json!(jobs)).await;
    let toril = client(&redis);

    for (start, end, asc) in [(0, 9, false), (10, 19, true), (25, 40, true), (25, 40, false), (99, 100, false)] {
        let mut line = vec!["jobs".to_owned(), "work".into(), "--json".into()];
        line.extend(["--start".into(), start.to_string(), "--end".into(), end.to_string()]);
        line.extend(asc.then(|| "--asc".into()));
        let page = toril.cli(line).await.succeeded().json();
        let jobs = page["jobs"].as_array().expect("jobs").iter();
        let ours: Vec<_> = jobs.map(|job| json!({ "id": job["id"], "name": job["name"] })).collect();
        let step = json!([{ "do": "jobs", "state": "waiting", "start": start, "end": end, "asc": asc }]);
        assert_eq!(json!(ours), manage(&redis, "work", step).await[0], "{start} {end} {asc}");
        assert_eq!(page["total"], 30);
    }
}

#[tokio::test]
async fn each_state_has_its_page() {
    let redis = RedisServer::start().await;
    add(&redis, "work", json!([{ "name": "fatal", "data": {} }, { "name": "echo", "data": {} }])).await;
    work(&redis, "work", 2).await;
    let more = json!([
        { "name": "echo", "data": {}, "opts": { "delay": 3_600_000 } },
        { "name": "echo", "data": {}, "opts": { "priority": 3 } },
        { "name": "echo", "data": {} },
    ]);
    add(&redis, "work", more).await;
    let toril = client(&redis);

    for (state, id) in [("failed", "1"), ("completed", "2"), ("delayed", "3"), ("prioritized", "4"), ("waiting", "5")] {
        let page = toril.cli(["jobs", "work", "--state", state, "--json"]).await.succeeded().json();
        assert_eq!((&page["total"], &page["jobs"][0]["id"]), (&json!(1), &json!(id)), "{page}");
        assert_eq!(toril.cli(["job", "work", id, "--json"]).await.succeeded().json()["state"], state);
    }
    let text = toril.cli(["jobs", "work", "--state", "failed"]).await.succeeded().stdout;
    assert!(text.contains("this job cannot be done") && text.contains("1 of 1 failed"), "{text}");
    let queues = toril.cli(["queues", "--json"]).await.succeeded().json();
    let counted = queues.as_array().expect("queues").iter().find(|queue| queue["name"] == "work").expect("work");
    assert_eq!((&counted["failed"], &counted["prioritized"], &counted["waiting"]), (&json!(1), &json!(1), &json!(1)));
}

/// Checks that changes of queue `work` by Toril and of queue `theirs` by Node have the same result.
async fn leaves_the_same(jobs: Value, worked: usize, ours: &[&[&str]], theirs: Value) {
    let redis = RedisServer::start().await;
    for queue in ["work", "theirs"] {
        add(&redis, queue, jobs.clone()).await;
        if worked > 0 {
            work(&redis, queue, worked).await;
        }
    }
    assert_eq!(left(&redis, "work").await, left(&redis, "theirs").await);
    let toril = client(&redis);

    for line in ours {
        toril.cli(*line).await.succeeded();
    }
    manage(&redis, "theirs", theirs).await;

    assert_eq!(left(&redis, "work").await, left(&redis, "theirs").await);
}

#[tokio::test]
async fn retrying_a_job_leaves_the_same_as_node() {
    let jobs = json!([
        { "name": "fatal", "data": {}, "opts": { "attempts": 3, "backoff": { "type": "fixed", "delay": 5, "jitter": 0.5 } } },
        { "name": "fatal", "data": {}, "opts": { "priority": 7 } },
        { "name": "fatal", "data": {}, "opts": { "lifo": true } },
    ]);
    let ours: [&[&str]; 3] = [&["retry", "work", "1"], &["retry", "work", "2"], &["retry", "work", "3"]];
    let theirs = json!([{ "do": "retry", "id": "1" }, { "do": "retry", "id": "2" }, { "do": "retry", "id": "3" }]);
    leaves_the_same(jobs, 3, &ours, theirs).await;
}

#[tokio::test]
async fn promoting_a_delayed_job_leaves_the_same_as_node() {
    let jobs = json!([{ "name": "echo", "data": { "a": 1 }, "opts": { "delay": 3_600_000, "keepLogs": 3 } }]);
    leaves_the_same(jobs, 0, &[&["promote", "work", "1"]], json!([{ "do": "promote", "id": "1" }])).await;
}

#[tokio::test]
async fn changing_priority_and_delay_leaves_the_same_as_node() {
    let jobs = json!([
        { "name": "echo", "data": {} },
        { "name": "echo", "data": {}, "opts": { "delay": 3_600_000 } },
        { "name": "echo", "data": {}, "opts": { "priority": 2 } },
    ]);
    let ours: [&[&str]; 3] = [
        &["change", "work", "1", "--priority", "5"],
        &["change", "work", "2", "--delay", "10m"],
        &["change", "work", "3", "--priority", "0"],
    ];
    let theirs = json!([
        { "do": "priority", "id": "1", "priority": 5 },
        { "do": "delay", "id": "2", "delay": 600_000 },
        { "do": "priority", "id": "3", "priority": 0 },
    ]);
    leaves_the_same(jobs, 0, &ours, theirs).await;
}

#[tokio::test]
async fn removing_a_job_leaves_the_same_as_node() {
    let jobs = json!([{ "name": "echo", "data": {} }, { "name": "echo", "data": {} }]);
    leaves_the_same(jobs, 0, &[&["remove", "work", "1"]], json!([{ "do": "remove", "id": "1" }])).await;
}

#[tokio::test]
async fn node_sees_a_queue_that_is_paused_and_resumed() {
    let redis = RedisServer::start().await;
    add(&redis, "work", json!([{ "name": "echo", "data": {} }])).await;
    let toril = client(&redis);

    toril.cli(["pause", "work"]).await.succeeded();
    assert_eq!(manage(&redis, "work", json!([{ "do": "isPaused" }])).await, [json!(true)]);
    let page = toril.cli(["jobs", "work", "--json"]).await.succeeded().json();
    assert_eq!(page["jobs"][0]["id"], "1", "{page}");
    assert!(toril.cli(["queues"]).await.succeeded().stdout.contains("paused"));

    toril.cli(["resume", "work"]).await.succeeded();
    assert_eq!(manage(&redis, "work", json!([{ "do": "isPaused" }])).await, [json!(false)]);
    work(&redis, "work", 1).await;
}

#[tokio::test]
async fn all_failed_jobs_are_retried_and_run_again() {
    let redis = RedisServer::start().await;
    let jobs: Vec<_> = (0..5).map(|_| json!({ "name": "fail-times", "data": { "times": 1 } })).collect();
    add(&redis, "work", json!(jobs)).await;
    work(&redis, "work", 5).await;
    let toril = client(&redis);

    let done = toril.cli(["retry", "work", "--all", "--json"]).await.succeeded().json();

    assert_eq!(done, json!({ "retried": 5 }));
    work(&redis, "work", 5).await;
    assert_eq!(manage(&redis, "work", json!([{ "do": "counts" }])).await[0]["completed"], 5);
}

#[tokio::test]
async fn drain_and_clean_remove_only_the_jobs_that_they_name() {
    let redis = RedisServer::start().await;
    add(
        &redis,
        "work",
        json!([{ "name": "fatal", "data": {} }, { "name": "echo", "data": {} }, { "name": "echo", "data": {} }]),
    )
    .await;
    work(&redis, "work", 3).await;
    add(
        &redis,
        "work",
        json!([{ "name": "echo", "data": {} }, { "name": "echo", "data": {}, "opts": { "delay": 3_600_000 } }]),
    )
    .await;
    let toril = client(&redis);

    let clean = async |line: &[&str]| {
        toril.cli(["clean", "work", "--json", "--state"].iter().chain(line)).await.succeeded().json()
    };
    assert_eq!(clean(&["completed", "--older-than", "1h"]).await, json!({ "removed": 0 }));
    assert_eq!(clean(&["completed", "--older-than", "0s", "--limit", "1"]).await, json!({ "removed": 1 }));
    toril.cli(["drain", "work"]).await.succeeded();

    let counts = manage(&redis, "work", json!([{ "do": "counts" }])).await.remove(0);
    let kept = ["waiting", "delayed", "completed", "failed"].map(|state| counts[state].as_u64());
    assert_eq!(kept, [Some(0), Some(1), Some(1), Some(1)], "{counts}");
    toril.cli(["drain", "work", "--delayed"]).await.succeeded();
    assert_eq!(manage(&redis, "work", json!([{ "do": "counts" }])).await[0]["delayed"], 0);
}

#[tokio::test]
async fn a_command_that_is_not_possible_says_why() {
    let redis = RedisServer::start().await;
    add(&redis, "work", json!([{ "name": "echo", "data": {} }])).await;
    let toril = client(&redis);

    for (line, code, says) in [
        (&["retry", "work", "1"][..], 1, "job 1 of queue work is waiting, not failed or completed"),
        (&["promote", "work", "1"], 1, "is waiting, not delayed"),
        (&["change", "work", "1", "--delay", "1s"], 1, "is waiting, not delayed"),
        (&["retry", "work", "404"], 1, "queue work has no job 404"),
        (&["jobs", "nowhere"], 1, "queue nowhere does not exist"),
        (&["clean", "work", "--state", "waiting-children", "--older-than", "1h"], 2, "cannot clean"),
        (&["jobs", "work", "--start", "5", "--end", "4"], 2, "before the start"),
        (&["jobs", "work", "--end", "5000"], 2, "at most 1000"),
        (&["jobs", "work", "--state", "wait"], 2, "is one of waiting, active"),
        (&["change", "work", "1"], 2, "required"),
    ] {
        let output = toril.cli(line).await.exited(code);
        assert!(output.stderr.contains(says), "{line:?}: {}", output.stderr);
    }
}

#[tokio::test]
async fn keys_of_a_queue_that_are_not_jobs_are_not_treated_as_jobs() {
    let redis = RedisServer::start().await;
    add(&redis, "work", json!([{ "name": "echo", "data": {} }])).await;
    manage(&redis, "work", json!([{ "do": "scheduler", "id": "nightly", "repeat": { "every": 3_600_000 } }])).await;
    let toril = client(&redis);
    let before = left(&redis, "work").await;

    for id in ["meta", "wait", "events", "id", "repeat:nightly", "1:logs"] {
        for verb in ["remove", "retry", "promote", "job", "flow"] {
            let output = toril.cli([verb, "work", id]).await.exited(1);
            assert!(output.stderr.contains("has no job"), "{verb} {id}: {}", output.stderr);
        }
    }

    assert_eq!(left(&redis, "work").await, before);
}

#[tokio::test]
async fn secret_fields_are_hidden_unless_requested() {
    let redis = RedisServer::start().await;
    let data = json!({ "user": "a", "deep": [{ "Api-Key": "hunter2" }], "pin": "hunter2", "password": "visible" });
    add(&redis, "work", json!([{ "name": "echo", "data": data }])).await;
    work(&redis, "work", 1).await;
    let toril = Toril::new().redis(redis.url()).host("redact = [\"api_key\", \"PIN\"]").config(WORK);

    let shown = toril.cli(["job", "work", "1", "--json"]).await.succeeded();
    let text = toril.cli(["job", "work", "1"]).await.succeeded().stdout;

    assert!(!shown.stdout.contains("hunter2") && !text.contains("hunter2"), "{text}");
    let job = shown.json();
    assert_eq!((&job["data"]["password"], &job["returnvalue"]["pin"]), (&json!("visible"), &json!("[redacted]")));
    let revealed = toril.cli(["job", "work", "1", "--json", "--reveal"]).await.succeeded().json();
    assert_eq!((&revealed["data"], &revealed["returnvalue"]), (&data, &data));
}

#[tokio::test]
async fn a_hostile_name_cannot_steer_the_terminal() {
    let redis = RedisServer::start().await;
    add(&redis, "work", json!([{ "name": "\u{1b}[2Jx\u{9b}1m", "data": "\u{9b}" }])).await;
    let toril = client(&redis);

    for line in [&["jobs", "work"][..], &["job", "work", "1"], &["flow", "work", "1"]] {
        let text = toril.cli(line).await.succeeded().stdout;
        assert!(!text.contains(['\u{1b}', '\u{9b}']), "{text:?}");
    }
}

#[tokio::test]
async fn a_flow_is_shown_as_a_tree() {
    let redis = RedisServer::start().await;
    let child = |name: &str| json!({ "name": name, "queueName": "theirs", "data": {} });
    let flow = json!({ "name": "echo", "queueName": "work", "data": {}, "opts": { "jobId": "root" },
                       "children": [child("echo"), { "name": "echo", "queueName": "theirs", "data": {}, "children": [child("echo")] }] });
    let mut theirs = node::spawn("worker", json!({ "redis": redis.url(), "queue": "theirs", "jobs": 3 }), &[]);
    theirs.wait_ready().await;
    let mut ours = node::spawn("worker", json!({ "redis": redis.url(), "queue": "work", "jobs": 1 }), &[]);
    ours.wait_ready().await;
    node::run("flow", json!({ "redis": redis.url(), "flow": flow })).await;
    let toril = client(&redis);

    let tree = toril.cli(["flow", "work", "root", "--json"]).await.succeeded().json();

    assert_eq!((&tree["state"], &tree["counts"]["processed"]), (&json!("completed"), &json!(2)), "{tree}");
    let children = tree["children"].as_array().expect("children");
    let grandchildren: usize = children.iter().map(|child| child["children"].as_array().map_or(0, Vec::len)).sum();
    assert_eq!((children.len(), grandchildren), (2, 1), "{tree}");
    assert_eq!(children[0]["parent"], json!({ "queue": "work", "id": "root" }));
    let shallow = toril.cli(["flow", "work", "root", "--depth", "0", "--json"]).await.succeeded().json();
    assert_eq!((&shallow["children"], &shallow["truncated"]), (&json!([]), &json!(true)));
    let text = toril.cli(["flow", "work", "root"]).await.succeeded().stdout;
    assert_eq!(text.lines().count(), 4, "{text}");
    ours.finish().await;
    theirs.finish().await;
}

#[tokio::test]
async fn showing_a_queue_changes_nothing_in_redis() {
    let redis = RedisServer::start().await;
    let toril = client(&redis);

    toril.cli(["queues"]).await.succeeded();
    toril.cli(["jobs", "work"]).await.succeeded();
    toril.cli(["schedulers", "list", "work"]).await.succeeded();
    toril.cli(["job", "work", "1"]).await.exited(1);
    toril.cli(["remove", "nowhere", "1"]).await.exited(1);

    let mut connection = redis.connection().await;
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.expect("keys");
    assert_eq!(keys, Vec::<String>::new());
}

#[tokio::test]
async fn a_page_of_a_large_queue_needs_only_commands_for_its_own_jobs() {
    let redis = RedisServer::start().await;
    let toril = client(&redis);
    let lines = "{\"name\":\"echo\"}\n".repeat(20_000);
    toril.cli_with_input(["add", "work", "--bulk", "-"], lines).await.succeeded();
    let mut connection = redis.connection().await;

    for (line, bound) in [
        (&["jobs", "work", "--start", "9000", "--end", "9019", "--json"][..], 60),
        (&["jobs", "work", "--start", "19990", "--end", "20100", "--asc", "--json"], 60),
        (&["job", "work", "10000", "--json"], 60),
        (&["queues", "--json"], 60),
        (&["flow", "work", "10000", "--json"], 60),
    ] {
        redis::cmd("CONFIG").arg("RESETSTAT").query_async::<()>(&mut connection).await.expect("reset");
        toril.cli(line).await.succeeded();
        let calls = calls(&mut connection).await;
        assert!(calls < bound, "{line:?} cost {calls} commands");
    }
}

/// The number of commands that Redis has run since its statistics were reset.
async fn calls(connection: &mut redis::aio::MultiplexedConnection) -> u64 {
    let stats: String = redis::cmd("INFO").arg("commandstats").query_async(connection).await.expect("statistics");
    let calls = stats.lines().filter_map(|line| line.split_once("calls=")?.1.split(',').next()?.parse::<u64>().ok());
    calls.sum()
}

#[tokio::test]
async fn events_are_followed_live_until_a_signal() {
    let redis = RedisServer::start().await;
    let mut toril = client(&redis).spawn(["events", "work", "--json"]);
    toril.wait_for_log("following queue work", toril_tests::wait::LONG).await;

    add(&redis, "work", json!([{ "name": "echo", "data": { "token": "hunter2" } }])).await;
    work(&redis, "work", 1).await;

    let line = toril.wait_for_log("\"completed\"", toril_tests::wait::LONG).await;
    let event: Value = serde_json::from_str(&line).expect("one object a line");
    assert_eq!((&event["jobId"], &event["fields"]["returnvalue"]["token"]), (&json!("1"), &json!("[redacted]")));
    assert!(toril.logs().contains("\"added\"") && !toril.logs().contains("hunter2"));
    toril.interrupt();
    assert_eq!(toril.wait_exit(toril_tests::wait::LONG).await.code(), Some(0));
}
