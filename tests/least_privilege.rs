//! The Redis user of docs/security.md: with that user, the host does everything that it does, and the user can do
//! nothing else.

use redis::aio::MultiplexedConnection;
use serde_json::{Value, json};
use toril_tests::toril::component;
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, http, node, repository, wait_until};

const PASSWORD: &str = "a-long-random-password";
const CONFIG: &str = r#"
[queues.work]
plugin = "basics"
concurrency = 4
dead_letter = "dead"
lock_duration = "1s"
stalled_interval = "1s"
[queues.limited]
plugin = "basics"
rate_limit = { max = 100, per = "1s" }
[queues.work.schedules.nightly]
pattern = "0 3 * * *"
name = "echo"
[queues.work.schedules.often]
every = "300ms"
name = "echo"
limit = 3
[plugins.basics]
keyvalue = true
add_to = ["work", "limited"]
"#;

/// The words of the command in the manual, with this password.
fn documented() -> Vec<String> {
    let path = repository().join("docs/security.md");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let start = text.find("ACL SETUSER toril").expect("the manual has the user");
    let command = text[start..].split("```").next().unwrap_or_default().replace('\\', " ");
    command.split_whitespace().skip(2).map(|word| word.replace("PASSWORD", PASSWORD)).collect()
}

async fn server() -> RedisServer {
    let redis = RedisServer::start().await;
    let mut make = redis::cmd("ACL");
    make.arg("SETUSER").arg(documented());
    make.query_async::<()>(&mut redis.connection().await).await.expect("Redis accepts the user of the manual");
    redis
}

fn host(redis: &RedisServer) -> Toril {
    let url = redis.url().replace("redis://", &format!("redis://toril:{PASSWORD}@"));
    Toril::new().redis(url).plugin("basics").config(CONFIG)
}

/// The commands that Redis has denied to the user since the last reset.
async fn refused(connection: &mut MultiplexedConnection) -> Vec<String> {
    let log: Vec<redis::Value> = redis::cmd("ACL").arg("LOG").arg(100).query_async(connection).await.expect("a log");
    log.iter().map(|entry| format!("{entry:?}")).collect()
}

async fn done(toril: &Toril, name: &str, data: Value) -> Value {
    toril.cli(["add", "work", name, "--data", &data.to_string(), "--attempts", "2", "--wait"]).await.succeeded().json()
}

async fn add(redis: &RedisServer, queue: &str, jobs: Value) -> Vec<String> {
    let added = node::run("add", json!({ "redis": redis.url(), "queue": queue, "jobs": jobs })).await;
    serde_json::from_value(added["ids"].clone()).expect("ids")
}

async fn wait_for(toril: &Toril, id: &str, state: &str) {
    wait_until(&format!("job {id} to be {state}"), LONG, async || {
        toril.cli(["job", "work", id, "--json"]).await.succeeded().json()["state"] == state
    })
    .await;
}

/// Runs jobs of every kind, and everything that plugins can request from the host.
async fn jobs(redis: &RedisServer, toril: &Toril) {
    assert_eq!(done(toril, "echo", json!(1)).await, json!(1));
    done(toril, "progress", json!({})).await;
    done(toril, "kv", json!({ "key": "a" })).await;
    done(toril, "kv-roundtrip", json!({ "key": "b", "value": 1 })).await;
    done(toril, "kv-batch", json!({ "set": [["a", "1"], ["b", "2"]], "get": ["a"], "delete": ["b"] })).await;
    done(toril, "checkpoint", json!({})).await;
    done(toril, "defer", json!({ "ms": 100 })).await;
    done(toril, "rate-limit", json!({ "ms": 100 })).await;
    done(toril, "give-back", json!({})).await;
    let added =
        json!({ "queue": "limited", "name": "echo", "delay": 10, "priority": 3, "deduplication": { "id": "d" } });
    done(toril, "add", added).await;
    let values = done(toril, "flow", json!({ "queue": "work", "count": 2 })).await["values"].clone();
    assert_eq!(values, json!([{ "n": 0 }, { "n": 1 }]));
    done(toril, "add-flow", json!({ "queue": "work", "last": "work", "children": 2 })).await;
    done(toril, "list-children", json!({ "count": 10 })).await;
    let again = json!({ "attempts": 2, "backoff": 10 });
    let mut jobs = json!([
        { "name": "fail-times", "data": { "times": 1 }, "opts": again },
        { "name": "fail-times", "data": { "times": 1 }, "opts": { "attempts": 2 } },
        { "name": "echo", "data": {}, "opts": { "delay": 50, "priority": 2 } },
        { "name": "echo", "data": {}, "opts": { "removeOnComplete": { "age": 1, "count": 1 }, "lifo": true } },
        { "name": "echo", "data": {}, "opts": { "deduplication": { "id": "x", "keepLastIfActive": true } } },
    ]);
    let fatal = json!({ "name": "fatal", "data": {}, "opts": { "removeOnFail": { "age": 1000 }, "jobId": "bad" } });
    jobs.as_array_mut().expect("jobs").push(fatal);
    node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs, "wait": true })).await;
    wait_for(toril, "bad", "failed").await;
}

/// Runs every command that shows and changes queues.
async fn commands(redis: &RedisServer, toril: &Toril) {
    let later: Vec<_> = ["a", "b", "c", "d"]
        .iter()
        .map(|id| json!({ "name": "echo", "data": {}, "opts": { "jobId": format!("later-{id}"), "delay": 3_600_000 } }))
        .collect();
    add(redis, "work", json!(later)).await;
    let running = json!([{ "name": "sleep-until-cancelled", "data": {}, "opts": { "jobId": "runs" } }]);
    add(redis, "work", running).await;
    wait_for(toril, "runs", "active").await;
    for line in [
        "cancel work runs",
        "cancel work --all",
        "queues",
        "jobs work --state completed",
        "jobs work --state delayed",
        "job work bad",
        "flow work bad",
        "change work later-a --delay 2h",
        "promote work later-b",
        "remove work later-c",
        "retry work bad --reset-attempts",
        "schedulers set work mine --every 1h --name echo",
        "schedulers list work",
        "schedulers remove work mine",
        "pause limited",
        "resume limited",
        "drain work --delayed",
        "retry work --all",
        "dead-letters return dead",
        "limits work --concurrency 5 --rate 100/1s --stop-for 1s",
        "limits work --no-concurrency --no-rate --go",
        "priorities work",
        "workers work",
        "trim-events work --keep 1000",
        "clean work --state completed --older-than 0s",
    ] {
        toril.cli(line.split(' ')).await.succeeded();
    }
    let bulk = "{\"name\":\"echo\",\"data\":1}\n{\"name\":\"echo\",\"opts\":{\"priority\":2}}\n";
    toril.cli_with_input(["add", "work", "--bulk", "-"], bulk).await.succeeded();
    toril.cli(["add", "dead", "echo", "--priority", "9", "--id", "waits"]).await.succeeded();
    toril.cli(["change", "dead", "waits", "--priority", "3"]).await.succeeded();
    toril.cli(["drain", "dead"]).await.succeeded();
    let flow = json!({ "name": "echo", "queueName": "work", "children": [
        { "name": "echo", "queueName": "limited" },
        { "name": "echo", "queueName": "work", "opts": { "delay": 10 } },
        { "name": "echo", "queueName": "limited", "opts": { "priority": 2 } },
    ] });
    toril.cli_with_input(["add-flow", "-"], flow.to_string()).await.succeeded();
    toril.cli(["add", "dead", "echo", "--deduplication-id", "held"]).await.succeeded();
    toril.cli(["deduplication", "dead", "held"]).await.succeeded();
    toril.cli(["deduplication", "dead", "held", "--remove"]).await.succeeded();
    toril.cli(["pause", "dead"]).await.succeeded();
    toril.cli(["obliterate", "dead"]).await.succeeded();
}

async fn pages(toril: &Toril) {
    for path in [
        "/",
        "/queues/work?state=completed",
        "/queues/work/jobs/1",
        "/queues/work/schedulers",
        "/schedulers",
        "/plugins",
        "/hosts",
        "/readyz",
        "/metrics",
        "/api/v1/queues",
        "/api/v1/queues/work/jobs?state=failed",
    ] {
        let page = http::get(&toril.url(path)).await.expect("an answer");
        assert!(page.status == 200 || page.status == 404, "{path}: {}", page.body);
    }
}

#[tokio::test]
async fn the_user_of_the_manual_can_do_everything_that_the_host_does() {
    let redis = server().await;
    let mut connection = redis.connection().await;
    let mut toril = host(&redis).spawn_run();
    toril.wait_ready().await;

    jobs(&redis, &toril).await;
    pages(&toril).await;
    commands(&redis, &toril).await;
    toril.replace_plugin("basics", &component("blue/basics"));
    toril.wait_for_log("plugin reloaded", LONG).await;
    // Another host runs a job whose host died.
    add(&redis, "work", json!([{ "name": "sleep-until-cancelled", "data": {}, "opts": { "jobId": "lost" } }])).await;
    wait_for(&toril, "lost", "active").await;
    toril.kill();
    let mut second = host(&redis).spawn_run();
    second.wait_ready().await;
    second.wait_for_log("job stalled", LONG).await;
    assert_eq!(second.end().await, Some(0));

    assert_eq!(refused(&mut connection).await, Vec::<String>::new());
    assert!(!toril.logs().contains("NOPERM") && !second.logs().contains("NOPERM"), "{}", second.logs());
}

#[tokio::test]
async fn the_user_of_the_manual_can_do_nothing_else() {
    let redis = server().await;
    let port = redis.url().rsplit(':').next().expect("a port").to_owned();
    let client = redis::Client::open(format!("redis://toril:{PASSWORD}@127.0.0.1:{port}")).expect("a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("a connection");
    for line in [
        "FLUSHALL",
        "FLUSHDB",
        "KEYS *",
        "CONFIG GET *",
        "CONFIG SET dir /tmp",
        "SHUTDOWN",
        "ACL LIST",
        "MONITOR",
        "CLIENT PAUSE 1",
        "CLIENT KILL TYPE normal",
        "SCRIPT FLUSH",
        "SAVE",
        "REPLICAOF NO ONE",
        "MODULE LIST",
        "FUNCTION LIST",
        "GET session:42",
        "SET other 1",
        "RENAME bull:a other",
        "EVAL return(redis.call('get','other')) 0",
        "PUBLISH other x",
        "SORT bull:a",
        "MIGRATE 127.0.0.1 6379 bull:a 0 1",
        "RESTORE bull:a 0 x",
    ] {
        let mut words = line.split(' ');
        let mut command = redis::cmd(words.next().expect("a command"));
        for word in words {
            command.arg(word);
        }
        let answer: redis::RedisResult<redis::Value> = command.query_async(&mut connection).await;
        let error = answer.expect_err(line).to_string();
        assert!(error.contains("NOPERM") || error.contains("ACL") || error.contains("permission"), "{line}: {error}");
    }
    let fine: redis::RedisResult<()> = redis::cmd("SET").arg("bull:a").arg(1).query_async(&mut connection).await;
    fine.expect("its own keys");
}
