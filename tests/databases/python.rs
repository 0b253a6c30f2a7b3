//! The module `postgres` of the Python SDK, in the plugin `tests/python/servers`.

use std::time::Duration;

use serde_json::{Value, json};
use toril_tests::toril::engine_cache;
use toril_tests::wait::{LONG, wait_until};
use toril_tests::{PostgresServer, RedisServer, Toril};

const TABLE: &str = "CREATE TABLE effects (id bigserial PRIMARY KEY, queue text, job text, step text); \
                     GRANT ALL ON effects TO app; GRANT ALL ON effects_id_seq TO app";
const STEPS: [&str; 3] = ["reserve", "charge", "ship"];
/// Jobs whose host is killed.
const JOBS: usize = 60;
const KILLS: usize = 5;

struct Case {
    // Ends first.
    toril: Toril,
    redis: RedisServer,
    server: PostgresServer,
}

impl Case {
    /// With additional lines of the queue and of the pool.
    async fn with(queue: &str, pool: &str) -> Self {
        let (redis, server) = (RedisServer::start().await, PostgresServer::start().await);
        let config = format!(
            "[queues.work]\nplugin = \"servers\"\n{queue}\n[plugins.servers.postgres.main]\nurl = \"env:DATABASE_URL\"\n\
             {pool}\n"
        );
        let toril =
            Toril::new().redis(redis.url()).plugin_as("servers-py", "servers").env("DATABASE_URL", server.url());
        let mut toril = toril.config(config).cache(engine_cache()).spawn_run();
        toril.wait_ready().await;
        Self { toril, redis, server }
    }

    async fn run(&self, name: &str, data: Value) -> Value {
        let add = ["add", "work", name, "--data", "-", "--wait"];
        self.toril.cli_with_input(add, data.to_string()).await.succeeded().json()
    }

    async fn failure(&self, name: &str, data: Value) -> String {
        let add = ["add", "work", name, "--data", "-", "--wait"];
        self.toril.cli_with_input(add, data.to_string()).await.exited(1).stderr
    }

    async fn count(&self, set: &str) -> usize {
        let mut connection = self.redis.connection().await;
        redis::cmd("ZCARD").arg(format!("bull:work:{set}")).query_async(&mut connection).await.expect("a number")
    }
}

/// One host for all of it, because its start takes the time.
#[tokio::test]
async fn a_python_plugin_uses_postgresql_by_db_api() {
    let case = Case::with("", "max_rows = 1000").await;

    let values = case.run("values", json!({})).await;
    assert_eq!(values["wrong"], json!([]), "each value comes back");

    let statements = json!([
        ["CREATE TABLE notes (id int PRIMARY KEY, text text)"],
        ["INSERT INTO notes VALUES (%s, %s), (%s, %s)", [1, "100 %", 2, null]],
        ["SELECT text FROM notes WHERE id = any(%(ids)s) AND text LIKE '%%' ORDER BY id", { "ids": [1, 2, 3] }],
        ["UPDATE notes SET text = %s", ["new"]],
    ]);
    let results = case.run("query", json!({ "statements": statements })).await;
    assert_eq!(results[1], json!({ "rows": null, "count": 2 }));
    assert_eq!(results[2], json!({ "rows": [["100 %"]], "count": 1 }));
    assert_eq!(results[3]["count"], 2);
    assert_eq!(case.server.number("SELECT count(*) FROM notes WHERE text = 'new'").await, 2, "it was committed");

    let broken = json!({ "statements": [["INSERT INTO notes VALUES (3)"], ["SELECT nothing"]] });
    let error = case.failure("query", broken).await;
    assert!(error.contains("(SQLSTATE 42703)"), "{error}");
    assert_eq!(case.server.number("SELECT count(*) FROM notes").await, 2, "it was rolled back");

    let duplicate = json!({ "sql": "INSERT INTO notes VALUES (%s)", "parameters": [1] });
    let error = case.run("failing", duplicate).await;
    assert_eq!(error["class"], "IntegrityError");
    assert_eq!([&error["sqlstate"], &error["constraint"]], ["23505", "notes_pkey"]);
    let many = "SELECT i FROM generate_series(1, %s) AS i";
    let error = case.run("failing", json!({ "sql": many, "parameters": [5000] })).await;
    assert_eq!([&error["class"], &error["code"]], ["DataError", "too-large"]);
    let portions = json!({ "sql": many, "parameters": [5000], "portion": 700 });
    assert_eq!(case.run("portions", portions).await, json!({ "rows": 5000, "total": 12_502_500 }));

    let alchemy = case.run("alchemy", json!({})).await;
    assert_eq!(alchemy["wrong"], json!([]), "SQLAlchemy reads what it wrote");
    assert_eq!([&alchemy["level"], &alchemy["duplicate"]], ["serializable", "orders_pkey"]);
    assert_eq!(alchemy["count"], 3);
    assert_eq!(alchemy["tables"], json!(["notes", "orders"]));

    let denied = case.failure("query", json!({ "pool": "other", "statements": [["SELECT 1"]] })).await;
    assert!(denied.contains("[plugins.servers.postgres.other]"), "{denied}");
}

#[tokio::test]
async fn a_retried_attempt_of_a_python_plugin_skips_committed_steps() {
    let case = Case::with("attempts = 2\nbackoff = \"10ms\"", "").await;
    case.server.sql(TABLE).await;
    let missing = case.failure("steps", json!({ "steps": STEPS, "table": "effects" })).await;
    assert!(missing.contains("postgres.ensure_steps_table()"), "{missing}");
    case.run("ensure-steps-table", json!({})).await;
    // A second request changes nothing.
    case.run("ensure-steps-table", json!({})).await;

    let job = case.run("steps", json!({ "steps": STEPS, "table": "effects", "fail_after": 1 })).await;

    let kept = case.server.value("SELECT json_agg(id ORDER BY id) FROM effects").await;
    let ids: Value = serde_json::from_str(&kept).expect("JSON");
    assert_eq!(job["results"], ids, "{job}");
    assert_eq!(ids.as_array().map(Vec::len), Some(3));

    let ended = case.failure("steps", json!({ "steps": ["pay"], "table": "effects", "last": "commit" })).await;
    assert!(ended.contains("the function of the step `pay` has ended the transaction"), "{ended}");
}

#[tokio::test]
async fn every_step_of_a_python_plugin_is_committed_exactly_once_though_its_host_is_killed() {
    let queue = "concurrency = 5\nattempts = 1000\nbackoff = \"10ms\"\nlock_duration = \"1s\"\n\
                 stalled_interval = \"300ms\"\nmax_stalled = 100000";
    let mut case = Case::with(queue, "connections = 5").await;
    case.server.sql(TABLE).await;
    case.run("ensure-steps-table", json!({})).await;
    let data = json!({ "steps": STEPS, "table": "effects", "sleep_ms": 20 });
    let lines = format!("{}\n", json!({ "name": "steps", "data": data })).repeat(JOBS);
    case.toril.cli_with_input(["add", "work", "--bulk", "-"], lines).await.succeeded();

    for _ in 0..KILLS {
        let before = case.count("completed").await;
        // Some jobs have made a step and not all of them at this moment.
        wait_until("a job to complete", LONG, async || case.count("completed").await > before).await;
        if case.count("completed").await >= JOBS {
            break;
        }
        case.toril.kill();
        case.toril.start(["run"]);
        case.toril.wait_ready().await;
    }
    wait_until("all jobs to complete", Duration::from_secs(300), async || case.count("completed").await == JOBS + 1)
        .await;

    assert_eq!(case.count("failed").await, 0);
    let counts = "SELECT count(*) FROM effects UNION ALL SELECT count(*) FROM (SELECT DISTINCT job, step FROM effects) \
                  AS steps UNION ALL SELECT count(*) FROM toril_steps";
    let counts: Vec<_> = case.server.sql(counts).await.into_iter().flatten().flatten().collect();
    assert_eq!(counts, vec![(JOBS * STEPS.len()).to_string(); 3]);
}
