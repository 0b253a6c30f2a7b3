//! Names and ids of added jobs. Everything that adds jobs rejects ids that would destroy the queue.

use serde_json::{Value, json};
use toril_tests::{RedisServer, Toril, http};

const CONFIG: &str =
    "[queues.work]\nplugin = \"basics\"\n[queues.idle]\nplugin = \"basics\"\n[plugins.basics]\nadd_to = [\"idle\"]\n";

/// Keys of a queue that BullMQ's scripts write to. Each has another type than a job's hash.
const KEYS: [&str; 14] = [
    "wait",
    "active",
    "paused",
    "meta",
    "limiter",
    "events",
    "stalled",
    "stalled-check",
    "id",
    "pc",
    "marker",
    "delayed",
    "completed",
    "waiting-children",
];

async fn host(redis: &RedisServer) -> Toril {
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(CONFIG).spawn_run();
    toril.wait_ready().await;
    toril
}

async fn post(toril: &Toril, path: &str, body: &Value) -> http::Response {
    http::post(&toril.url(&format!("/api/v1/queues/idle/{path}")), body).await.expect("an answer")
}

/// Checks that the queue has only keys of the host's worker, and still accepts and runs jobs.
async fn is_unharmed(toril: &Toril, redis: &RedisServer) {
    let mut connection = redis.connection().await;
    let jobs: Vec<String> =
        redis::cmd("KEYS").arg("bull:idle:*").query_async(&mut connection).await.expect("the keys of the queue");
    for key in &jobs {
        let kind: String = redis::cmd("TYPE").arg(key).query_async(&mut connection).await.expect("TYPE");
        assert!(kind != "hash" || key == "bull:idle:meta", "{key} is a {kind}: {jobs:?}");
    }
    let echo = toril.cli(["add", "idle", "echo", "--data", "{\"n\":1}", "--wait"]).await.succeeded();
    assert_eq!(echo.json(), json!({ "n": 1 }));
}

#[tokio::test]
async fn the_command_line_rejects_an_id_that_is_a_key_of_the_queue() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    for key in KEYS {
        let refused = toril.cli(["add", "idle", "echo", "--id", key]).await.exited(2);
        assert!(refused.stderr.contains("name of a key of the queue"), "{}", refused.stderr);
    }

    is_unharmed(&toril, &redis).await;
}

#[tokio::test]
async fn the_http_api_rejects_an_id_that_is_a_key_of_the_queue_and_adds_nothing_of_its_batch() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    for key in KEYS {
        let job = json!({ "name": "echo", "opts": { "jobId": key } });
        let one = post(&toril, "jobs", &job).await;
        let many = post(&toril, "bulk", &json!({ "jobs": [{ "name": "echo" }, job] })).await;
        for refused in [one, many] {
            assert_eq!(refused.status, 422, "{key}: {refused:?}");
            assert!(refused.body.contains("name of a key of the queue"), "{refused:?}");
        }
    }

    is_unharmed(&toril, &redis).await;
}

#[tokio::test]
async fn a_plugin_cannot_add_a_job_whose_id_is_a_key_of_the_queue() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    for key in KEYS {
        let data = json!({ "queue": "idle", "name": "echo", "id": key }).to_string();
        let refused = toril.cli(["add", "work", "add", "--data", &data, "--wait"]).await.exited(1);
        assert!(refused.stderr.contains("name of a key of the queue"), "{}", refused.stderr);
    }

    is_unharmed(&toril, &redis).await;
}

#[tokio::test]
async fn an_id_that_is_a_key_of_another_job_is_rejected() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    for id in ["1:logs", "a:b:lock", "metrics:completed:data", "repeat:nightly:logs"] {
        let refused = toril.cli(["add", "idle", "echo", "--id", id]).await.exited(2);
        assert!(refused.stderr.contains(&format!("job id {id:?}")), "{}", refused.stderr);
    }

    is_unharmed(&toril, &redis).await;
}

#[tokio::test]
async fn an_id_with_two_colons_is_accepted_like_in_bullmq() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;

    for id in ["tenant:order:17", "repeat:nightly:1700000000000"] {
        let added = toril.cli(["add", "idle", "echo", "--id", id]).await.succeeded();
        assert_eq!(added.stdout.trim(), id);
    }
}

#[tokio::test]
async fn names_and_ids_that_are_too_long_are_rejected_everywhere() {
    let redis = RedisServer::start().await;
    let toril = host(&redis).await;
    let long = "x".repeat(1025);

    for arguments in [vec![&*long], vec!["echo", "--id", &long], vec!["echo", "--deduplication-id", &long]] {
        let refused = toril.cli([&["add", "idle"], &*arguments].concat()).await.exited(2);
        assert!(refused.stderr.contains("has 1025 bytes and may have 1024"), "{}", refused.stderr);
    }
    for job in [
        json!({ "name": long }),
        json!({ "name": "echo", "id": long }),
        json!({ "name": "echo", "deduplication": { "id": long } }),
    ] {
        let mut data = json!({ "queue": "idle" });
        data.as_object_mut().expect("an object").extend(job.as_object().expect("an object").clone());
        let refused = toril.cli(["add", "work", "add", "--data", &data.to_string(), "--wait"]).await.exited(1);
        assert!(refused.stderr.contains("has 1025 bytes and may have 1024"), "{}", refused.stderr);
    }
    for job in [
        json!({ "name": long }),
        json!({ "name": "echo", "opts": { "jobId": long } }),
        json!({ "name": "echo", "opts": { "deduplication": { "id": long } } }),
    ] {
        let refused = post(&toril, "jobs", &job).await;
        assert_eq!(refused.status, 422, "{refused:?}");
        assert!(refused.body.contains("has 1025 bytes and may have 1024"), "{refused:?}");
    }

    is_unharmed(&toril, &redis).await;
}

#[tokio::test]
async fn an_existing_job_keeps_its_options_when_it_is_added_again() {
    let redis = RedisServer::start().await;
    let toril = Toril::new().redis(redis.url()).config(CONFIG);
    let add = async |id: &[&str], lines: &str| {
        let arguments = [&["add", "idle", "echo", "--keep-logs", lines], id].concat();
        toril.cli(arguments).await.succeeded().stdout.trim().to_owned()
    };

    for same in [["--id", "mine"], ["--deduplication-id", "same"]] {
        let first = add(&same, "5").await;
        assert_eq!(add(&same, "9").await, first);

        let job = toril.cli(["job", "idle", &first, "--json"]).await.succeeded().json();
        assert_eq!(job["opts"]["kl"], 5, "{job}");
    }
}
