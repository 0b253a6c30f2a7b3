//! The command line with many jobs at once.

use serde_json::{Value, json};
use toril_tests::{RedisServer, Toril, node};

const WORK: &str =
    "[queues.work]\nplugin = \"basics\"\nattempts = 4\nbackoff = { type = \"fixed\", delay = \"1s\", jitter = 0.5 }\n";

fn client(redis: &RedisServer) -> Toril {
    Toril::new().redis(redis.url()).config(WORK)
}

async fn manage(redis: &RedisServer, steps: Value) -> Vec<Value> {
    let done = node::run("manage", json!({ "redis": redis.url(), "queue": "work", "steps": steps })).await;
    done["results"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn jobs_of_a_file_are_added_in_its_order_with_the_queues_defaults() {
    let redis = RedisServer::start().await;
    let toril = client(&redis);
    let lines: String = (0..1200).map(|n| format!("{{\"name\":\"n{n}\",\"data\":{{\"n\":{n}}}}}\n")).collect();

    let output = toril.cli_with_input(["add", "work", "--bulk", "-", "--json"], lines).await.succeeded();

    assert_eq!(output.json(), json!({ "queue": "work", "added": 1200 }));
    let jobs = manage(&redis, json!([{ "do": "jobs", "state": "waiting", "asc": true }])).await.remove(0);
    let names: Vec<_> = jobs.as_array().expect("jobs").iter().map(|job| job["name"].clone()).collect();
    assert_eq!(names, (0..1200).map(|n| json!(format!("n{n}"))).collect::<Vec<_>>());
    let job = node::run("job", json!({ "redis": redis.url(), "queue": "work", "id": "700" })).await;
    assert_eq!(job["opts"], json!({ "attempts": 4, "backoff": { "type": "fixed", "delay": 1000, "jitter": 0.5 } }));
}

#[tokio::test]
async fn every_option_of_a_line_is_kept() {
    let redis = RedisServer::start().await;
    let toril = client(&redis);
    let options = json!({ "jobId": "mine", "attempts": 2, "backoff": { "type": "exponential", "delay": 7, "jitter": 0.25 },
        "removeOnComplete": { "age": 60, "count": 5 }, "removeOnFail": true, "keepLogs": 3, "stackTraceLimit": 1,
        "sizeLimit": 1000, "timestamp": 1_700_000_000_000_u64, "priority": 9 });

    let line = json!({ "data": [1], "opts": options }).to_string();
    toril.cli_with_input(["add", "work", "named", "--bulk", "-"], line).await.succeeded();

    let job = node::run("job", json!({ "redis": redis.url(), "queue": "work", "id": "mine" })).await;
    assert_eq!((&job["name"], &job["data"], &job["state"]), (&json!("named"), &json!([1]), &json!("prioritized")));
    assert_eq!(job["opts"], options);
}

#[tokio::test]
async fn a_batch_with_invalid_lines_adds_nothing_and_reports_them() {
    let redis = RedisServer::start().await;
    let toril = client(&redis);
    let good = "{\"name\":\"a\"}\n";
    let lines = format!(
        "{}{}{}{}",
        good.repeat(510),
        "{\"name\":\n",
        good.repeat(3),
        "{\"name\":\"a\",\"opts\":{\"atempts\":1}}\n"
    );

    let output = toril.cli_with_input(["add", "work", "--bulk", "-"], lines).await.exited(2);

    for says in ["line 511:", "line 515:", "atempts", "nothing of lines 501 to 515 was added", "added before: 500 jobs"]
    {
        assert!(output.stderr.contains(says), "{says}: {}", output.stderr);
    }
    assert_eq!(manage(&redis, json!([{ "do": "counts" }])).await[0]["waiting"], 500);
    // Only the whole job shows this mistake.
    let output = toril.cli_with_input(
        ["add", "work", "--bulk", "-"],
        format!("{good}{{\"name\":\"a\",\"opts\":{{\"attempts\":0}}}}\n"),
    );
    let output = output.await.exited(2);
    assert!(output.stderr.contains("line 2: attempts"), "{}", output.stderr);
    assert_eq!(manage(&redis, json!([{ "do": "counts" }])).await[0]["waiting"], 500);
}

#[tokio::test]
async fn options_that_contradict_a_file_are_rejected() {
    let redis = RedisServer::start().await;
    let toril = client(&redis);

    for more in [&["--data", "{}"][..], &["--delay", "1s"], &["--wait"]] {
        toril.cli(["add", "work", "--bulk", "-"].iter().chain(more)).await.exited(2);
    }
    let missing = toril.cli(["add", "work", "--bulk", "missing.ndjson"]).await.exited(2);
    assert!(missing.stderr.contains("missing.ndjson cannot be read"), "{}", missing.stderr);
    toril.cli(["add", "work"]).await.exited(2);
}
