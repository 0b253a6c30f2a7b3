//! Commands that connect to Redis and end.

use serde_json::json;
use toril_tests::{RedisServer, Toril, node};

const WORK: &str = "[queues.work]\nplugin = \"basics\"\nattempts = 7\nbackoff = { type = \"exponential\", delay = \"2s\", jitter = 0.5 }\n\
                    remove_on_complete = { age = \"1h\", count = 1000 }\nremove_on_fail = { age = \"24h\" }\n";

async fn client(redis: &RedisServer) -> Toril {
    Toril::new().redis(redis.url()).plugin("basics").config(WORK)
}

#[tokio::test]
async fn a_job_gets_the_defaults_of_its_queue() {
    let redis = RedisServer::start().await;
    let toril = client(&redis).await;

    let id = toril.cli(["add", "work", "echo", "--data", "{\"a\":1}"]).await.succeeded().stdout;

    let job = node::run("job", json!({ "redis": redis.url(), "queue": "work", "id": id.trim() })).await;
    assert_eq!(job["data"], json!({ "a": 1 }));
    assert_eq!(
        job["opts"],
        json!({ "attempts": 7, "backoff": { "type": "exponential", "delay": 2000, "jitter": 0.5 },
                "removeOnComplete": { "age": 3600, "count": 1000 }, "removeOnFail": { "age": 86400 } })
    );
}

#[tokio::test]
async fn every_option_can_be_given_for_one_job() {
    let redis = RedisServer::start().await;
    let toril = client(&redis).await;
    let options = [
        "--id",
        "mine",
        "--delay",
        "10m",
        "--priority",
        "3",
        "--attempts",
        "2",
        "--backoff",
        "fixed:5s",
        "--remove-on-complete",
        "true",
        "--remove-on-fail",
        "10",
        "--keep-logs",
        "5",
        "--stack-trace-limit",
        "1",
        "--timestamp",
        "1700000000000",
        "--size-limit",
        "1000",
        "--deduplication-id",
        "once",
        "--deduplication-ttl",
        "1m",
    ];

    toril.cli(["add", "work", "echo"].into_iter().chain(options)).await.succeeded();

    let job = node::run("job", json!({ "redis": redis.url(), "queue": "work", "id": "mine" })).await;
    assert_eq!(
        (&job["state"], &job["delay"], &job["priority"]),
        (&json!("delayed"), &json!(600_000), &json!(3)),
        "{job}"
    );
    assert_eq!(job["timestamp"], json!(1_700_000_000_000_u64));
    let opts = &job["opts"];
    assert_eq!(opts["attempts"], 2);
    assert_eq!(opts["backoff"], json!({ "type": "fixed", "delay": 5000 }));
    assert_eq!((&opts["removeOnComplete"], &opts["removeOnFail"]), (&json!(true), &json!({ "count": 10 })), "{opts}");
    assert_eq!((&opts["keepLogs"], &opts["stackTraceLimit"]), (&json!(5), &json!(1)), "{opts}");
    assert_eq!(opts["deduplication"], json!({ "id": "once", "ttl": 60_000 }), "{opts}");
}

#[tokio::test]
async fn a_job_with_an_existing_id_is_not_added_again() {
    let redis = RedisServer::start().await;
    let toril = client(&redis).await;

    for _ in 0..2 {
        toril.cli(["add", "work", "echo", "--id", "mine"]).await.succeeded();
    }

    let queues = toril.cli(["queues", "--json"]).await.succeeded().json();
    assert_eq!(queues[0]["waiting"], 1);
}

#[tokio::test]
async fn data_that_is_not_json_is_rejected_before_anything_is_added() {
    let redis = RedisServer::start().await;
    let toril = client(&redis).await;

    let output = toril.cli(["add", "work", "echo", "--data", "{a:1}"]).await.exited(2);

    assert!(output.stderr.contains("--data is not JSON"), "{}", output.stderr);
    assert_eq!(toril.cli(["queues", "--json"]).await.json()[0]["waiting"], 0);
}

#[tokio::test]
async fn data_over_the_size_limit_is_rejected() {
    let redis = RedisServer::start().await;
    let toril = client(&redis).await;

    let output = toril.cli(["add", "work", "echo", "--data", "{\"a\":\"0123456789\"}", "--size-limit", "10"]).await;

    assert_eq!(output.code, Some(1), "{output:?}");
}

#[tokio::test]
async fn wait_prints_the_result_and_exits_with_code_1_if_the_job_fails() {
    let redis = RedisServer::start().await;
    let mut toril = client(&redis).await.spawn_run();
    toril.wait_ready().await;

    let done = toril.cli(["add", "work", "echo", "--data", "{\"a\":[1,2]}", "--wait"]).await.succeeded();
    let failed = toril.cli(["add", "work", "fatal", "--wait"]).await.exited(1);

    assert_eq!(done.json(), json!({ "a": [1, 2] }));
    assert!(failed.stderr.contains("this job cannot be done"), "{}", failed.stderr);
}

#[tokio::test]
async fn wait_gives_up_after_its_timeout_and_the_job_continues() {
    let redis = RedisServer::start().await;
    let toril = client(&redis).await;

    let output = toril.cli(["add", "work", "echo", "--wait", "--wait-timeout", "200ms"]).await.exited(1);

    assert!(output.stderr.contains("has not ended within 200ms"), "{}", output.stderr);
    assert_eq!(toril.cli(["queues", "--json"]).await.json()[0]["waiting"], 1);
}

#[tokio::test]
async fn the_error_about_a_misspelt_queue_suggests_the_right_one() {
    let redis = RedisServer::start().await;
    let toril = client(&redis).await;

    let output = toril.cli(["add", "wrok", "echo"]).await.succeeded();

    assert!(output.stderr.contains("has no queue wrok (did you mean work?)"), "{}", output.stderr);
}

#[tokio::test]
async fn check_suggests_the_right_name_for_a_misspelt_plugin() {
    let toril = Toril::new().redis("redis://127.0.0.1:1").plugin("basics");
    let toril = toril.config("[queues.work]\nplugin = \"basisc\"\n");

    let output = toril.cli(["check"]).await.exited(2);

    assert!(output.stderr.contains("did you mean `basics`"), "{}", output.stderr);
}

#[tokio::test]
async fn check_says_how_to_build_a_plugin_whose_project_is_nearby() {
    let toril = Toril::new().redis("redis://127.0.0.1:1").config("[queues.work]\nplugin = \"mails\"\n");
    std::fs::create_dir(toril.folder().join("mails")).expect("makes the project");
    std::fs::write(toril.folder().join("mails/package.json"), "{}").expect("writes the project");

    let output = toril.cli(["check"]).await.exited(2);

    let project = toril.folder().join("mails");
    let advice = format!("build its project with `toril plugin build {}`", project.display());
    assert!(output.stderr.contains(&advice), "{}", output.stderr);
}

#[tokio::test]
async fn a_missing_job_is_reported() {
    let redis = RedisServer::start().await;
    let toril = client(&redis).await;

    let output = toril.cli(["job", "work", "404"]).await.exited(1);

    assert!(output.stderr.contains("queue work has no job 404"), "{}", output.stderr);
}

#[tokio::test]
async fn check_describes_the_plugins() {
    let toril =
        Toril::new().redis("redis://127.0.0.1:1").plugin("double").config("[queues.numbers]\nplugin = \"double\"\n");

    let checked = toril.cli(["check", "--json"]).await.succeeded().json();

    assert_eq!(checked["queues"], json!(["numbers"]));
    assert_eq!(
        (&checked["plugins"][0]["plugin"], &checked["plugins"][0]["jobs"]),
        (&json!("double"), &json!(["double"]))
    );
}

#[tokio::test]
async fn a_wrong_command_line_exits_with_code_2() {
    let toril = Toril::new();
    assert_eq!(toril.cli_without_config(["ad"]).await.code, Some(2));
    assert_eq!(toril.cli_without_config(["add", "work", "echo", "--priority", "no"]).await.code, Some(2));
}

#[tokio::test]
async fn a_result_that_cannot_be_written_fails_the_command() {
    let redis = RedisServer::start().await;
    let toril = client(&redis).await;
    toril.cli(["add", "work", "echo", "--id", "here"]).await.succeeded();
    let plugin = toril.plugin_path("basics").display().to_string();

    for line in [
        &["queues"][..],
        &["jobs", "work"],
        &["jobs", "work", "--json"],
        &["job", "work", "here"],
        &["limits", "work"],
        &["check"],
        &["plugin", "inspect", &plugin],
        &["--help"],
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
        let output = toril.cli_into(line, full).await.exited(1);
        assert!(output.stderr.contains("standard output cannot be written"), "{line:?}: {}", output.stderr);
    }
    // An earlier failure keeps its own exit code.
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
    toril.cli_into(["clean", "work", "--state", "nothing", "--older-than", "1s"], full).await.exited(2);
}

#[tokio::test]
async fn a_closed_pipe_ends_the_command_quietly() {
    let redis = RedisServer::start().await;
    let toril = client(&redis).await;
    toril.cli(["add", "work", "echo", "--id", "here"]).await.succeeded();

    for line in [&["jobs", "work"][..], &["job", "work", "here"], &["events", "work", "--after", "0-0"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = toril.cli_into(line, writer).await.exited(0);
        assert!(!output.stderr.contains("error"), "{line:?}: {}", output.stderr);
    }
}
