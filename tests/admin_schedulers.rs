//! Job schedulers from the command line and the configuration, and returned dead letters, compared with Node's
//! client.

use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, node, wait_until};

const WORK: &str =
    "[queues.work]\nplugin = \"basics\"\nattempts = 3\nbackoff = { type = \"fixed\", delay = \"1s\", jitter = 0.5 }\n";

async fn manage(redis: &RedisServer, queue: &str, steps: Value) -> Vec<Value> {
    let done = node::run("manage", json!({ "redis": redis.url(), "queue": queue, "steps": steps })).await;
    done["results"].as_array().cloned().unwrap_or_default()
}

async fn schedulers(redis: &RedisServer) -> Vec<Value> {
    let found = manage(redis, "work", json!([{ "do": "schedulers" }])).await.remove(0);
    found.as_array().cloned().unwrap_or_default()
}

async fn keys_of(redis: &RedisServer) -> Vec<String> {
    let mut keys: Vec<_> =
        schedulers(redis).await.iter().filter_map(|found| found["key"].as_str().map(str::to_owned)).collect();
    keys.sort();
    keys
}

fn with_schedules(lines: &str) -> String {
    format!("{WORK}{lines}")
}

#[tokio::test]
async fn node_lists_and_runs_a_scheduler_of_toril() {
    let redis = RedisServer::start().await;
    let toril = Toril::new().redis(redis.url()).config(WORK);

    let line = [
        "schedulers",
        "set",
        "work",
        "tick",
        "--every",
        "200ms",
        "--name",
        "echo",
        "--data",
        "{\"a\":1}",
        "--limit",
        "3",
    ];
    toril.cli(line.iter().chain(&["--opts", "{\"keepLogs\":5}"])).await.succeeded();

    let listed = schedulers(&redis).await.remove(0);
    assert_eq!(listed["template"]["opts"]["backoff"], json!({ "type": "fixed", "delay": 1000, "jitter": 0.5 }));
    assert_eq!((&listed["every"], &listed["limit"], &listed["name"]), (&json!(200), &json!(3), &json!("echo")));
    assert_eq!((&listed["template"]["data"], &listed["template"]["opts"]["keepLogs"]), (&json!({ "a": 1 }), &json!(5)));
    let done = node::run("worker", json!({ "redis": redis.url(), "queue": "work", "jobs": 3 })).await;
    let values: Vec<_> = done["finished"].as_array().expect("jobs").iter().map(|job| job["value"].clone()).collect();
    assert_eq!(values, [json!({ "a": 1 }), json!({ "a": 1 }), json!({ "a": 1 })]);
}

#[tokio::test]
async fn toril_and_node_use_the_time_zone_of_a_cron_pattern() {
    let redis = RedisServer::start().await;
    let toril = Toril::new().redis(redis.url()).config(WORK);
    let (pattern, zone) = ("30 3 * * 1-5", "America/New_York");

    toril.cli(["schedulers", "set", "work", "ours", "--pattern", pattern, "--tz", zone]).await.succeeded();
    let theirs = json!([{ "do": "scheduler", "id": "theirs", "repeat": { "pattern": pattern, "tz": zone } }]);
    manage(&redis, "work", theirs).await;

    let seen = toril.cli(["schedulers", "list", "work", "--json"]).await.succeeded().json();
    assert_eq!(seen["total"], 2);
    let (one, other) = (&seen["schedulers"][0], &seen["schedulers"][1]);
    assert_eq!((&one["next"], &one["pattern"], &one["tz"]), (&other["next"], &other["pattern"], &other["tz"]));
    let text = toril.cli(["schedulers", "list", "work"]).await.succeeded().stdout;
    assert!(text.contains("30 3 * * 1-5 (America/New_York)"), "{text}");
    for id in ["ours", "theirs"] {
        toril.cli(["schedulers", "remove", "work", id]).await.succeeded();
    }
    toril.cli(["schedulers", "remove", "work", "ours"]).await.exited(1);
    assert_eq!(manage(&redis, "work", json!([{ "do": "schedulers" }, { "do": "counts" }])).await[1]["delayed"], 0);
}

#[tokio::test]
async fn toril_runs_a_scheduler_of_node() {
    let redis = RedisServer::start().await;
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(WORK).spawn_run();
    toril.wait_ready().await;

    let step = json!({ "do": "scheduler", "id": "tick", "repeat": { "every": 100 }, "template": { "name": "echo", "data": 7 } });
    manage(&redis, "work", json!([step])).await;

    wait_until("three runs", LONG, async || {
        let counts = manage(&redis, "work", json!([{ "do": "counts" }])).await;
        counts[0]["completed"].as_u64() >= Some(3)
    })
    .await;
    manage(&redis, "work", json!([{ "do": "removeScheduler", "id": "tick" }])).await;
}

#[tokio::test]
async fn schedules_of_the_file_are_written_changed_and_removed_and_others_are_kept() {
    let redis = RedisServer::start().await;
    manage(&redis, "work", json!([{ "do": "scheduler", "id": "theirs", "repeat": { "every": 3_600_000 } }])).await;
    let nightly = "[queues.work.schedules.nightly]\npattern = \"0 3 * * *\"\ntz = \"Europe/Madrid\"\nname = \"echo\"\ndata = { n = 1 }\n";
    let hourly = "[queues.work.schedules.hourly]\nevery = \"1h\"\n";
    let config = with_schedules(&format!("{nightly}{hourly}"));
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(&config).spawn_run();
    toril.wait_ready().await;

    assert_eq!(keys_of(&redis).await, ["hourly", "nightly", "theirs"]);
    let written = schedulers(&redis).await.into_iter().find(|found| found["key"] == "nightly").expect("nightly");
    assert_eq!((&written["tz"], &written["template"]["data"]), (&json!("Europe/Madrid"), &json!({ "n": 1 })));

    toril.rewrite_config(with_schedules(&nightly.replace("0 3", "30 4")));
    wait_until("the change", LONG, async || {
        let found = schedulers(&redis).await;
        found.len() == 2 && found.iter().any(|found| found["pattern"] == "30 4 * * *")
    })
    .await;

    assert_eq!(toril.end().await, Some(0));
    toril = toril.config(WORK);
    toril.start(["run"]);
    toril.wait_ready().await;
    assert_eq!(keys_of(&redis).await, ["theirs"]);
}

/// Makes Redis reject all writes, or accept them again.
async fn set_memory(redis: &RedisServer, bytes: &str) {
    let mut set = redis::cmd("CONFIG");
    set.arg("SET").arg("maxmemory").arg(bytes);
    set.query_async::<()>(&mut redis.connection().await).await.expect("the setting");
}

#[tokio::test]
async fn schedules_that_redis_rejected_at_a_reload_are_written_as_soon_as_possible() {
    let redis = RedisServer::start().await;
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(WORK).spawn_run();
    toril.wait_ready().await;
    set_memory(&redis, "1").await;
    toril.rewrite_config(with_schedules("[queues.work.schedules.first]\nevery = \"1h\"\n"));
    toril.wait_for_log("configuration were not written, trying again", LONG).await;
    // The host must not write a schedule that was removed meanwhile.
    toril.rewrite_config(with_schedules("[queues.work.schedules.second]\nevery = \"1h\"\n"));
    wait_until("both changes to be applied", LONG, async || {
        toril.logs().matches("configuration reloaded").count() == 2
    })
    .await;

    set_memory(&redis, "0").await;

    toril.wait_for_log("the job schedulers of the configuration were written", LONG).await;
    assert_eq!(keys_of(&redis).await, ["second"]);
}

#[tokio::test]
async fn a_run_that_is_due_is_not_lost_when_a_host_starts() {
    let redis = RedisServer::start().await;
    manage(&redis, "work", json!([{ "do": "pause" }])).await;
    let config = with_schedules("[queues.work.schedules.often]\npattern = \"* * * * * *\"\nname = \"echo\"\n");
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(&config).spawn_run();
    toril.wait_ready().await;
    let due = schedulers(&redis).await[0]["next"].as_u64().expect("a time");
    assert_eq!(toril.end().await, Some(0));
    wait_until("the run to be due", LONG, async || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time");
        now.as_millis() > u128::from(due)
    })
    .await;

    toril.start(["run"]);
    toril.wait_ready().await;

    assert_eq!(schedulers(&redis).await[0]["next"], json!(due));
    toril.cli(["resume", "work"]).await.succeeded();
    let id = format!("repeat:often:{due}");
    wait_until("the overdue run", LONG, async || {
        let job = node::run("job", json!({ "redis": redis.url(), "queue": "work", "id": id })).await;
        job["state"] == "completed"
    })
    .await;
}

#[tokio::test]
async fn an_invalid_schedule_is_reported_with_its_line() {
    let redis = RedisServer::start().await;
    for (schedule, says) in [
        ("pattern = \"61 * * * *\"", "is not a schedule"),
        ("pattern = \"0 3 * * *\"\ntz = \"Mars/Base\"", "Mars/Base"),
        ("every = \"1h\"\npattern = \"0 3 * * *\"", "either `pattern` or `every`"),
        ("name = \"x\"", "either `pattern` or `every`"),
        ("every = \"1h\"\npriorty = 1", "did you mean `priority`"),
    ] {
        let config = with_schedules(&format!("[queues.work.schedules.x]\n{schedule}\n"));
        let refused = Toril::new().redis(redis.url()).config(config).cli(["check"]).await.exited(2);
        assert!(refused.stderr.contains(says), "{schedule}: {}", refused.stderr);
    }
}

const DEAD: &str = "[queues.work]\nplugin = \"basics\"\ndead_letter = \"dead\"\n";

/// A host, and dead letters of these jobs, which must all fail.
async fn dead_letters(redis: &RedisServer, jobs: Value) -> Toril {
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(DEAD).spawn_run();
    toril.wait_ready().await;
    let count = jobs.as_array().map_or(0, Vec::len);
    node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs, "wait": true })).await;
    wait_until("the dead letters", LONG, async || {
        manage(redis, "dead", json!([{ "do": "counts" }])).await[0]["waiting"] == json!(count)
    })
    .await;
    toril
}

#[tokio::test]
async fn returning_a_dead_letter_retries_its_job_if_that_exists() {
    let redis = RedisServer::start().await;
    let toril = dead_letters(&redis, json!([{ "name": "fatal", "data": { "n": 1 }, "opts": { "attempts": 2 } }])).await;
    manage(&redis, "work", json!([{ "do": "pause" }])).await;

    let back = toril.cli(["dead-letters", "return", "dead", "--json"]).await.succeeded().json();

    assert_eq!(back, json!({ "returned": 1, "kept": [], "more": false }));
    let job = node::run("job", json!({ "redis": redis.url(), "queue": "work", "id": "1" })).await;
    assert_eq!(
        (&job["state"], &job["attemptsMade"], &job["failedReason"]),
        (&json!("waiting"), &json!(0), &Value::Null)
    );
    assert_eq!(manage(&redis, "dead", json!([{ "do": "counts" }])).await[0]["waiting"], 0);
}

#[tokio::test]
async fn returned_jobs_that_fail_again_at_once_are_returned_only_once() {
    let redis = RedisServer::start().await;
    let fatal = json!({ "name": "fatal", "data": {} });
    let toril = dead_letters(&redis, json!([fatal, fatal, fatal])).await;

    let back = toril.cli(["dead-letters", "return", "dead", "--json"]).await.succeeded().json();

    assert_eq!(back, json!({ "returned": 3, "kept": [], "more": false }));
}

#[tokio::test]
async fn returning_a_dead_letter_without_a_job_adds_a_job_with_all_its_options() {
    let redis = RedisServer::start().await;
    let options = json!({ "attempts": 3, "backoff": { "type": "fixed", "delay": 7, "jitter": 0.5 }, "keepLogs": 4, "removeOnFail": true });
    let toril = dead_letters(&redis, json!([{ "name": "fatal", "data": { "n": 1 }, "opts": options }])).await;
    manage(&redis, "work", json!([{ "do": "pause" }])).await;

    toril.cli(["dead-letters", "return", "dead", "work-1-1"]).await.succeeded();

    let mut job = node::run("job", json!({ "redis": redis.url(), "queue": "work", "id": "work-1-1" })).await;
    assert_eq!((&job["state"], &job["name"], &job["data"]), (&json!("waiting"), &json!("fatal"), &json!({ "n": 1 })));
    job["opts"].as_object_mut().expect("options").remove("jobId");
    assert_eq!(job["opts"], options);
    let again = toril.cli(["dead-letters", "return", "dead", "work-1-1"]).await.exited(1);
    assert!(again.stdout.contains("has no job work-1-1"), "{}", again.stdout);
}

#[tokio::test]
async fn jobs_that_are_not_dead_letters_stay_and_the_others_return() {
    let redis = RedisServer::start().await;
    let toril = dead_letters(&redis, json!([{ "name": "fatal", "data": {} }, { "name": "fatal", "data": {} }])).await;
    node::run("add", json!({ "redis": redis.url(), "queue": "dead", "jobs": [{ "name": "other", "data": {} }] })).await;
    manage(&redis, "work", json!([{ "do": "pause" }])).await;

    let limited = toril.cli(["dead-letters", "return", "dead", "--limit", "1", "--json"]).await.succeeded().json();
    assert_eq!((&limited["returned"], &limited["more"]), (&json!(1), &json!(true)));
    let back = toril.cli(["dead-letters", "return", "dead", "--json"]).await.succeeded().json();

    assert_eq!((&back["returned"], &back["kept"][0]["id"]), (&json!(1), &json!("3")), "{back}");
    assert!(back["kept"][0]["reason"].as_str().is_some_and(|reason| reason.contains("not a dead letter")), "{back}");
}
