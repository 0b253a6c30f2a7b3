//! Queues that are paused, or have their own concurrency or rate limit. No job is lost, the order is the same as with
//! Node, and runnable jobs start promptly.

use std::collections::HashMap;

use futures::{Stream, StreamExt};
use redis::cmd;
use serde_json::{Value, json};
use tokio::time::timeout;
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, node, wait_until};

/// Much less than the time that an idle worker waits for a marker.
const PROMPT: u64 = 2_500;

async fn host(redis: &RedisServer, queue: &str) -> Toril {
    let config = format!("[queues.work]\nplugin = \"basics\"\n{queue}\n[plugins.basics]\nadd_to = [\"work\"]\n");
    let toril = Toril::new().redis(redis.url()).plugin("basics").config(config);
    let mut toril = toril.spawn(["run", "--log-format", "json"]);
    toril.wait_ready().await;
    toril
}

/// Runs these steps with clients of BullMQ 5 and 6.
async fn clients(redis: &RedisServer, steps: Value) -> Vec<Value> {
    let done = node::run("clients", json!({ "redis": redis.url(), "queue": "work", "steps": steps })).await;
    done["results"].as_array().cloned().expect("results")
}

async fn number(redis: &RedisServer, job: &str, field: &str) -> u64 {
    let mut connection = redis.connection().await;
    let what = format!("{field} of job {job}");
    wait_until(&what, LONG, async || {
        let key = format!("bull:work:{job}");
        let found: Option<u64> = cmd("HGET").arg(key).arg(field).query_async(&mut connection).await.expect("an answer");
        found
    })
    .await
}

async fn state(redis: &RedisServer, id: &str) -> Value {
    clients(redis, json!([{ "do": "state", "id": id }])).await.remove(0)
}

#[tokio::test]
async fn a_job_that_becomes_due_while_bullmq_5_has_paused_the_queue_is_not_lost() {
    let redis = RedisServer::start().await;
    let _toril = host(&redis, "").await;

    let steps = json!([
        { "by": 5, "do": "pause" },
        { "by": 5, "do": "add", "opts": { "jobId": "due", "delay": 300 } },
        { "by": 5, "do": "leaves", "id": "due", "state": "delayed" },
        { "by": 5, "do": "state", "id": "due" },
        { "by": 5, "do": "add", "opts": { "jobId": "later" } },
        { "by": 5, "do": "resume" },
        { "by": 5, "do": "until", "id": "due", "state": "completed" },
        { "by": 5, "do": "until", "id": "later", "state": "completed" },
        { "by": 5, "do": "order" },
    ]);
    let results = clients(&redis, steps).await;

    assert_eq!(results[3], "waiting");
    assert_eq!(results[8], json!(["due", "later"]));
}

#[tokio::test]
async fn a_job_that_becomes_due_while_bullmq_6_has_paused_the_queue_is_counted_as_waiting() {
    let redis = RedisServer::start().await;
    let _toril = host(&redis, "").await;

    let steps = json!([
        { "do": "pause" },
        { "do": "add", "opts": { "jobId": "due", "delay": 300 } },
        { "do": "leaves", "id": "due", "state": "delayed" },
        { "do": "counts" },
        { "do": "resume" },
        { "do": "until", "id": "due", "state": "completed" },
    ]);
    let results = clients(&redis, steps).await;

    assert_eq!(results[3]["waiting"], 1);
}

/// The commands that Redis received, including those of scripts, until it received `last`.
async fn commands_until(
    redis: &RedisServer,
    monitor: &mut (impl Stream<Item = String> + Unpin),
    last: &str,
) -> Vec<String> {
    let _: String = cmd("ECHO").arg(last).query_async(&mut redis.connection().await).await.expect("ECHO");
    let mut commands = Vec::new();
    loop {
        let command = timeout(LONG, monitor.next()).await.expect("a command in time").expect("a command");
        if command.contains(last) {
            return commands;
        }
        commands.push(command);
    }
}

#[tokio::test]
async fn what_is_retried_promoted_or_a_dead_letter_never_enters_the_list_that_bullmq_5_overwrites() {
    let redis = RedisServer::start().await;
    let config = "[queues.work]\nplugin = \"basics\"\n[queues.other]\nplugin = \"basics\"\ndead_letter = \"letters\"\n";
    let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(config).spawn_run();
    toril.wait_ready().await;
    let mut steps = Vec::new();
    for id in ["bad", "all-1", "all-2"] {
        steps.push(json!({ "by": 5, "do": "add", "name": "fatal", "opts": { "jobId": id } }));
        steps.push(json!({ "by": 5, "do": "until", "id": id, "state": "failed" }));
    }
    steps.push(json!({ "by": 5, "do": "add", "opts": { "jobId": "later", "delay": 3_600_000 } }));
    let pause = [json!({ "by": 5, "do": "pause" }), json!({ "by": 5, "do": "add", "opts": { "jobId": "waits" } })];
    steps.extend(pause.clone());
    clients(&redis, steps.into()).await;
    node::run("clients", json!({ "redis": redis.url(), "queue": "letters", "steps": pause })).await;

    let monitor = redis::Client::open(redis.url()).expect("a URL").get_async_monitor().await.expect("a monitor");
    let mut monitor = monitor.into_on_message::<String>();
    toril.cli(["retry", "work", "bad"]).await.succeeded();
    toril.cli(["promote", "work", "later"]).await.succeeded();
    toril.cli(["retry", "work", "--all"]).await.succeeded();
    let jobs = json!([{ "name": "fatal", "data": {}, "opts": { "jobId": "dead" } }]);
    node::run("add", json!({ "redis": redis.url(), "queue": "other", "jobs": jobs })).await;
    let mut connection = redis.connection().await;
    wait_until("the dead letter", LONG, async || {
        cmd("EXISTS").arg("bull:letters:other-dead-1").query_async::<bool>(&mut connection).await.expect("EXISTS")
    })
    .await;

    let commands = commands_until(&redis, &mut monitor, "the end of the test").await;
    let pushed = |list: &str| {
        let named = format!("PUSH\" \"bull:{list}\"");
        commands.iter().filter(|command| command.contains(&named)).cloned().collect::<Vec<_>>()
    };
    assert_eq!([pushed("work:wait"), pushed("letters:wait")], [const { Vec::<String>::new() }; 2]);
    assert_eq!((pushed("work:paused").len(), pushed("letters:paused").len()), (3, 1), "{commands:#?}");
    let steps = json!([
        { "by": 5, "do": "resume" },
        { "by": 5, "do": "until", "id": "later", "state": "completed" },
        { "by": 5, "do": "until", "id": "waits", "state": "completed" },
    ]);
    clients(&redis, steps).await;
}

/// Adds a job that falls due while nothing may start, and then another one.
fn one_after_the_other(before: Value, after: Value) -> Value {
    let mut steps = before.as_array().cloned().expect("steps");
    steps.extend([
        json!({ "do": "add", "opts": { "jobId": "first", "delay": 300 } }),
        json!({ "do": "leaves", "id": "first", "state": "delayed" }),
        json!({ "do": "add", "opts": { "jobId": "second" } }),
    ]);
    steps.extend(after.as_array().cloned().expect("steps"));
    steps.extend([
        json!({ "do": "until", "id": "first", "state": "completed" }),
        json!({ "do": "until", "id": "second", "state": "completed" }),
        json!({ "do": "order" }),
    ]);
    steps.into()
}

/// Runs the steps with a worker in Node, and then with Toril. Checks that both start the jobs in the same order, and
/// returns it.
async fn order(steps: Value, jobs: usize) -> Value {
    let theirs = RedisServer::start().await;
    let input = json!({ "redis": theirs.url(), "queue": "work", "jobs": jobs, "concurrency": 4 });
    let mut worker = node::spawn("worker", input, &[]);
    worker.wait_ready().await;
    let by_node = clients(&theirs, steps.clone()).await.pop();

    let ours = RedisServer::start().await;
    let _toril = host(&ours, "concurrency = 4").await;
    let by_toril = clients(&ours, steps).await.pop();

    assert_eq!(by_toril, by_node);
    by_toril.expect("an order")
}

#[tokio::test]
async fn a_job_that_becomes_due_while_the_queue_is_paused_runs_before_later_jobs() {
    let steps = one_after_the_other(json!([{ "do": "pause" }]), json!([{ "do": "resume" }]));
    assert_eq!(order(steps, 2).await, json!(["first", "second"]));
}

#[tokio::test]
async fn a_job_that_becomes_due_while_the_global_concurrency_is_used_up_runs_before_later_jobs() {
    let busy = json!([
        { "do": "concurrency", "max": 1 },
        { "do": "add", "name": "sleep", "data": { "ms": 8_000 }, "opts": { "jobId": "busy" } },
        { "do": "until", "id": "busy", "state": "active" },
    ]);
    assert_eq!(order(one_after_the_other(busy, json!([])), 3).await, json!(["busy", "first", "second"]));
}

#[tokio::test]
async fn a_delayed_job_is_moved_promptly_while_the_queue_is_paused() {
    let redis = RedisServer::start().await;
    let _toril = host(&redis, "").await;

    let add = json!({ "do": "add", "opts": { "jobId": "due", "delay": 300 } });
    clients(&redis, json!([{ "do": "pause" }, add, { "do": "leaves", "id": "due", "state": "delayed" }])).await;

    let due = number(&redis, "due", "timestamp").await + 300;
    let late = event(&redis, "waiting", "due").await.saturating_sub(due);
    assert!(late < PROMPT, "{late} ms late");
}

/// When a job had this event, in milliseconds of Redis's clock.
async fn event(redis: &RedisServer, event: &str, job: &str) -> u64 {
    let mut connection = redis.connection().await;
    let entries: Vec<(String, HashMap<String, String>)> =
        cmd("XRANGE").arg("bull:work:events").arg("-").arg("+").query_async(&mut connection).await.expect("events");
    let found =
        entries.iter().find(|(_, fields)| fields["event"] == event && fields.get("jobId").is_some_and(|id| id == job));
    let (id, _) = found.unwrap_or_else(|| panic!("job {job} had no event {event}"));
    id.split('-').next().and_then(|at| at.parse().ok()).expect("a time")
}

#[tokio::test]
async fn children_of_a_flow_run_without_pauses_at_a_global_concurrency_of_one() {
    let redis = RedisServer::start().await;
    let _toril = host(&redis, "concurrency = 4").await;
    let child = |n: usize| json!({ "name": "echo", "queueName": "work", "data": {}, "opts": { "jobId": format!("child-{n}") } });
    let children: Vec<Value> = (0..20).map(child).collect();
    let root = json!({ "jobId": "root" });
    let flow = json!({ "name": "echo", "queueName": "work", "data": {}, "opts": root, "children": children });

    let steps = json!([
        { "do": "concurrency", "max": 1 },
        { "do": "flow", "flow": flow },
        { "do": "until", "id": "root", "state": "completed" },
    ]);
    clients(&redis, steps).await;

    let mut times = Vec::new();
    for n in 0..20 {
        times.push((
            number(&redis, &format!("child-{n}"), "processedOn").await,
            number(&redis, &format!("child-{n}"), "finishedOn").await,
        ));
    }
    times.sort_unstable();
    let pauses = times.windows(2).map(|pair| pair[1].0.saturating_sub(pair[0].1)).max();
    assert!(pauses < Some(PROMPT), "a pause of {pauses:?} ms in {times:?}");
    println!("twenty children took {} ms", times[19].1 - times[0].0);
}

#[tokio::test]
async fn jobs_with_a_deduplication_id_run_without_pauses_at_a_global_concurrency_of_one() {
    let redis = RedisServer::start().await;
    let mut steps = vec![json!({ "do": "concurrency", "max": 1 }), json!({ "do": "pause" })];
    for n in 0..5 {
        let opts = json!({ "jobId": format!("job-{n}"), "deduplication": { "id": format!("d-{n}") } });
        steps.push(json!({ "do": "add", "opts": opts }));
    }
    steps.push(json!({ "do": "resume" }));
    clients(&redis, steps.into()).await;

    let _toril = host(&redis, "concurrency = 4").await;

    let (first, last) = (number(&redis, "job-0", "processedOn").await, number(&redis, "job-4", "finishedOn").await);
    assert!(last - first < PROMPT, "five jobs took {} ms", last - first);
}

/// Fills a queue's only slot, and adds a job that must wait for another one.
async fn full(redis: &RedisServer) -> (Toril, node::Script) {
    // A worker that claims no second job: it frees the slot without looking for the next job.
    let input = json!({ "redis": redis.url(), "queue": "work", "jobs": 1, "concurrency": 1, "settings": { "lockDuration": 60_000 } });
    let mut worker = node::spawn("worker", input, &[]);
    worker.wait_ready().await;
    let steps = json!([
        { "do": "concurrency", "max": 1 },
        { "do": "add", "name": "sleep", "data": { "ms": 40_000 }, "opts": { "jobId": "holds" } },
        { "do": "until", "id": "holds", "state": "active" },
    ]);
    clients(redis, steps).await;
    let toril = host(redis, "concurrency = 4").await;
    clients(redis, json!([{ "do": "add", "opts": { "jobId": "waits" } }])).await;
    (toril, worker)
}

async fn now(redis: &RedisServer) -> u64 {
    let (seconds, micros): (u64, u64) = cmd("TIME").query_async(&mut redis.connection().await).await.expect("the time");
    seconds * 1_000 + micros / 1_000
}

#[tokio::test]
async fn a_global_concurrency_that_a_client_raises_or_removes_applies_at_once() {
    for change in [json!({ "concurrency": 2 }), json!({})] {
        let redis = RedisServer::start().await;
        let (_toril, _worker) = full(&redis).await;
        let mut connection = redis.connection().await;

        let from = now(&redis).await;
        let written = match change.get("concurrency").and_then(Value::as_u64) {
            Some(max) => {
                cmd("HSET").arg("bull:work:meta").arg("concurrency").arg(max).query_async(&mut connection).await
            }
            None => cmd("HDEL").arg("bull:work:meta").arg("concurrency").query_async(&mut connection).await,
        };
        written.map(|_: u64| ()).expect("the meta data is written");

        let waited = number(&redis, "waits", "processedOn").await.saturating_sub(from);
        assert!(waited < PROMPT, "{waited} ms after {change}");
        assert_eq!(state(&redis, "holds").await, "active");
    }
}

#[tokio::test]
async fn a_slot_is_filled_at_once_when_its_job_is_removed() {
    let redis = RedisServer::start().await;
    let (_toril, _worker) = full(&redis).await;
    let mut connection = redis.connection().await;

    let from = now(&redis).await;
    let taken: u64 =
        cmd("LREM").arg("bull:work:active").arg(1).arg("holds").query_async(&mut connection).await.expect("an answer");

    assert_eq!(taken, 1);
    let waited = number(&redis, "waits", "processedOn").await.saturating_sub(from);
    assert!(waited < PROMPT, "{waited} ms");
}

#[tokio::test]
async fn removing_a_rate_limit_ends_the_wait() {
    let redis = RedisServer::start().await;
    let mut connection = redis.connection().await;
    let _toril = host(&redis, "rate_limit = { max = 1, per = \"10m\" }").await;
    let ids = ["a", "b", "c", "d"];
    clients(&redis, ids.iter().map(|id| json!({ "do": "add", "opts": { "jobId": id } })).collect()).await;
    number(&redis, ids[0], "finishedOn").await;

    // More than once, because the wait could have ended just then.
    for id in &ids[1..] {
        let from = now(&redis).await;
        let lifted: u64 = cmd("DEL").arg("bull:work:limiter").query_async(&mut connection).await.expect("an answer");
        assert_eq!(lifted, 1, "there was no limit");
        let waited = number(&redis, id, "processedOn").await.saturating_sub(from);
        assert!(waited < PROMPT, "{waited} ms");
    }
}

#[tokio::test]
async fn a_job_whose_key_has_another_type_is_skipped_and_the_others_of_its_batch_run() {
    let redis = RedisServer::start().await;
    let mut connection = redis.connection().await;
    let mut steps: Vec<Value> =
        (0..6).map(|n| json!({ "do": "add", "opts": { "jobId": format!("job-{n}") } })).collect();
    steps.push(json!({ "do": "add", "opts": { "jobId": "later", "delay": 10 } }));
    clients(&redis, steps.into()).await;
    let mut spoil = redis::pipe();
    for id in ["job-2", "later"] {
        spoil.cmd("DEL").arg(format!("bull:work:{id}")).cmd("SET").arg(format!("bull:work:{id}")).arg("no hash");
    }
    spoil.cmd("DEL").arg("bull:work:job-4");
    spoil.query_async::<()>(&mut connection).await.expect("the keys are spoiled");

    let toril = host(&redis, "concurrency = 10").await;

    let left = async |set: &str| {
        let left: Vec<String> = cmd("ZRANGE")
            .arg(format!("bull:work:{set}"))
            .arg(0)
            .arg(-1)
            .query_async(&mut redis.connection().await)
            .await
            .expect("ids");
        left
    };
    wait_until("the other jobs to end", LONG, async || left("completed").await.len() == 4).await;
    for (id, reason) in
        [("job-2", "its key holds no hash"), ("later", "its key holds no hash"), ("job-4", "its hash is missing")]
    {
        let matching = |line: Value| line["job_id"] == id && line["queue"] == "work" && line["reason"] == reason;
        let lines = || toril.logs().lines().filter_map(|line| serde_json::from_str(line).ok()).any(matching);
        wait_until(&format!("a line of the log about job {id}"), LONG, async || lines()).await;
    }
    let stuck: u64 = cmd("LLEN").arg("bull:work:active").query_async(&mut connection).await.expect("a number");
    assert_eq!(stuck, 0);
}

#[tokio::test]
async fn priorities_above_bullmqs_maximum_are_rejected_everywhere() {
    let redis = RedisServer::start().await;
    let mut toril = host(&redis, "").await;
    let limit = |priority: u32| json!({ "queue": "work", "name": "echo", "data": {}, "priority": priority });
    let added = async |priority: u32| {
        let jobs = json!([{ "name": "add", "data": limit(priority) }]);
        let added =
            node::run("add", json!({ "redis": redis.url(), "queue": "work", "jobs": jobs, "wait": true })).await;
        added["results"][0].clone()
    };
    let by_command = async |arguments: &[&str]| toril.cli(arguments.iter().copied()).await.code;

    assert_eq!(added(2_097_151).await["ok"], true);
    assert_eq!(
        by_command(&["add", "work", "echo", "--delay", "1h", "--id", "1h", "--priority", "2097151"]).await,
        Some(0)
    );
    assert_eq!(by_command(&["change", "work", "1h", "--priority", "2097151"]).await, Some(0));

    let refused = added(2_097_152).await;
    assert!(refused["error"].as_str().is_some_and(|error| error.contains("priority is at most 2097151")), "{refused}");
    assert_eq!(by_command(&["add", "work", "echo", "--priority", "2097152"]).await, Some(2));
    assert_eq!(by_command(&["change", "work", "1h", "--priority", "2097152"]).await, Some(2));
    let opts = json!({ "by": 6, "do": "add", "opts": { "priority": 2_097_152 } });
    let by_node = clients(&redis, json!([{ "do": "refused", "step": opts }])).await;
    assert_eq!(by_node, [json!("Priority should be between 0 and 2097151")]);
    toril.rewrite_config(
        "[queues.work]\nplugin = \"basics\"\n[queues.work.schedules.s]\nevery = \"1h\"\npriority = 2097152\n",
    );
    let checked = toril.cli(["check"]).await;
    assert!(checked.stderr.contains("2097151"), "{}", checked.stderr);
}

#[tokio::test]
async fn no_job_is_lost_while_clients_of_bullmq_5_pause_and_resume() {
    pause_and_resume(5, &[5], false).await;
}

#[tokio::test]
async fn no_job_is_lost_while_clients_of_bullmq_6_pause_and_resume() {
    pause_and_resume(6, &[6], false).await;
}

/// Clients of both versions must not add jobs to a paused queue together, because they would lose some on their own.
#[tokio::test]
async fn no_job_is_lost_while_clients_of_bullmq_5_and_6_pause_and_resume_the_same_queue() {
    pause_and_resume(5, &[5, 6], true).await;
}

/// Adds jobs of every kind with a client of one version. Clients of these versions pause and resume the queue
/// meanwhile, or after all jobs were added.
async fn pause_and_resume(producer: u32, versions: &[u32], afterwards: bool) {
    let seed = std::env::var("TORIL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    println!("TORIL_SEED={seed}");
    let mut chance = fastrand::Rng::with_seed(seed);
    let redis = RedisServer::start().await;
    let _toril = host(&redis, "concurrency = 4\nlock_duration = \"5s\"\nstalled_interval = \"1s\"").await;
    let (mut steps, mut pauses, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..150 {
        let id = format!("job-{n}");
        let (name, data, mut opts) = some_job(&mut chance, &id);
        opts["jobId"] = json!(id);
        if chance.u8(0..5) == 0 {
            let child_opts = json!({ "jobId": format!("{id}-child"), "delay": chance.u32(0..300) });
            let child = json!({ "name": "echo", "queueName": "work", "data": {}, "opts": child_opts });
            let opts = json!({ "jobId": id, "attempts": 2 });
            let flow = json!({ "name": name, "queueName": "work", "data": data, "opts": opts, "children": [child] });
            steps.push(json!({ "by": producer, "do": "flow", "flow": flow }));
            ids.push(format!("{id}-child"));
        } else {
            steps.push(json!({ "by": producer, "do": "add", "name": name, "data": data, "opts": opts }));
        }
        ids.push(id);
        if chance.u8(0..3) == 0 {
            let what = ["pause", "resume"][chance.usize(0..2)];
            let by = versions[chance.usize(0..versions.len())];
            let pause = json!({ "by": by, "do": what });
            if afterwards { pauses.push(pause) } else { steps.push(pause) }
        }
    }
    steps.extend(pauses);
    steps.push(json!({ "by": versions[0], "do": "resume" }));
    steps.extend(ids.iter().map(|id| json!({ "by": versions[0], "do": "until", "id": id, "state": "completed" })));

    clients(&redis, steps.into()).await;
}

/// Name, data and options of a job that usually waits more than once.
fn some_job(chance: &mut fastrand::Rng, id: &str) -> (&'static str, Value, Value) {
    let delay = chance.u32(1..300);
    match chance.u8(0..7) {
        0 => ("echo", json!({}), json!({ "delay": delay })),
        1 => ("echo", json!({}), json!({ "priority": chance.u32(1..5), "delay": delay })),
        2 => ("fail-times", json!({ "times": 1 }), json!({ "attempts": 2 })),
        3 => ("fail-times", json!({ "times": 1 }), json!({ "attempts": 2, "backoff": delay })),
        4 => ("defer", json!({ "ms": delay }), json!({})),
        5 => ("echo", json!({}), json!({ "deduplication": { "id": id }, "lifo": true })),
        _ => ("echo", json!({}), json!({})),
    }
}
