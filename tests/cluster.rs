//! Queues on a Redis Cluster of three masters. Everything works as on a single Redis, as long as all keys of a queue
//! are in the same slot.

use std::time::Duration;

use redis::cmd;
use serde_json::{Value, json};
use toril_tests::redis_server::RedisCluster;
use toril_tests::wait::LONG;
use toril_tests::{Toril, http, node, wait_until};

/// Enough for many jobs on a busy machine.
const MINUTES: Duration = Duration::from_secs(180);

/// The first lines of a configuration.
fn redis(cluster: &RedisCluster, more: &str) -> String {
    format!("[redis]\nurl = {:?}\ncluster = true\n{more}\n", cluster.url())
}

fn queue(name: &str, settings: &str) -> String {
    format!("[queues.{name:?}]\nplugin = \"basics\"\n{settings}\n")
}

fn plugin(queues: &[&str]) -> String {
    format!("[plugins.basics]\nkeyvalue = true\nadd_to = {queues:?}\n")
}

fn toril(config: String) -> Toril {
    Toril::new().plugin("basics").config(config)
}

async fn started(config: String) -> Toril {
    let mut toril = toril(config).spawn_run();
    // The host serves health before it works on the last queue.
    toril.wait_for_log("INFO ready", LONG).await;
    toril
}

fn input(cluster: &RedisCluster, queue: &str, more: Value) -> Value {
    let mut input = json!({ "cluster": cluster.urls(), "queue": queue });
    if let (Value::Object(input), Value::Object(more)) = (&mut input, more) {
        input.extend(more);
    }
    input
}

fn many(count: usize, name: &str, data: &Value) -> Vec<Value> {
    let opts = json!({ "attempts": 20, "backoff": { "type": "fixed", "delay": 50 } });
    (0..count).map(|_| json!({ "name": name, "data": data, "opts": opts })).collect()
}

async fn add(cluster: &RedisCluster, queue: &str, jobs: Vec<Value>) {
    node::run("add", input(cluster, queue, json!({ "jobs": jobs }))).await;
}

/// Runs a job with `toril add --wait`, and returns its result.
async fn ran(toril: &Toril, queue: &str, name: &str, data: Value) -> Value {
    let data = data.to_string();
    toril.cli(["add", queue, name, "--data", &data, "--wait", "--json"]).await.succeeded().json()
}

/// How many jobs of a queue are in a set.
async fn count(cluster: &RedisCluster, queue: &str, set: &str) -> usize {
    let mut connection = cluster.connection(queue).await;
    cmd("ZCARD").arg(format!("bull:{queue}:{set}")).query_async(&mut connection).await.unwrap_or(0)
}

async fn wait_for_completed(cluster: &RedisCluster, queue: &str, jobs: usize) {
    let what = format!("{jobs} completed jobs of {queue}");
    wait_until(&what, MINUTES, async || count(cluster, queue, "completed").await == jobs).await;
}

#[tokio::test]
async fn jobs_of_queues_on_all_three_masters_run_and_can_be_shown_and_awaited() {
    let cluster = RedisCluster::start().await;
    let mut names = Vec::new();
    for node in 0..3 {
        names.push(cluster.queue_on(node, "work").await);
    }
    let queues: String = names.iter().map(|name| queue(name, "concurrency = 4")).collect();
    let toril = started(redis(&cluster, "") + &queues).await;

    for name in &names {
        let jobs: Vec<_> = (0..20).map(|n| json!({ "name": "echo", "data": { "n": n } })).collect();
        let done = node::run("add", input(&cluster, name, json!({ "jobs": jobs, "wait": true }))).await;
        assert_eq!(done["results"][19]["value"], json!({ "n": 19 }), "{name}");
        assert_eq!(ran(&toril, name, "echo", json!({ "of": name })).await["of"], json!(name));
    }

    let counted = toril.cli(["queues", "--json"]).await.succeeded().json();
    let completed: Vec<_> = counted.as_array().into_iter().flatten().map(|queue| &queue["completed"]).collect();
    assert_eq!(completed, [&json!(21), &json!(21), &json!(21)], "{counted}");
    let page = toril.cli(["jobs", &names[1], "--state", "completed", "--json"]).await.succeeded().json();
    assert_eq!(page["total"], json!(21), "{page}");
}

#[tokio::test]
async fn pages_and_metrics_show_queues_on_all_three_masters() {
    let cluster = RedisCluster::start().await;
    let mut names = Vec::new();
    for node in 0..3 {
        names.push(cluster.queue_on(node, "work").await);
    }
    let queues: String = names.iter().map(|name| queue(name, "")).collect();
    let toril = started(redis(&cluster, "") + &queues).await;
    for name in &names {
        ran(&toril, name, "echo", json!({})).await;
    }

    for path in ["/", "/hosts"] {
        let page = http::get(&toril.url(path)).await.expect(path);
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(names.iter().all(|name| page.body.contains(name)), "{path}: {}", page.body);
    }
    let path = format!("/queues/{}/jobs/1", names[2].replace('{', "%7B").replace('}', "%7D"));
    let page = http::get(&toril.url(&path)).await.expect("a job's page");
    assert_eq!(page.status, 200, "{}", page.body);
    wait_until("the metrics to have the queues", LONG, async || {
        let page = http::get(&toril.url("/metrics")).await.expect("the metrics").body;
        names.iter().all(|name| page.contains(&format!("queue_jobs{{queue=\"{name}\",state=\"completed\"}} 1")))
    })
    .await;
}

#[tokio::test]
async fn events_are_followed_on_the_queues_own_node() {
    let cluster = RedisCluster::start().await;
    let work = cluster.queue_on(2, "work").await;
    let config = redis(&cluster, "") + &queue(&work, "");
    let mut follower = toril(config.clone()).spawn(["events", &work, "--json"]);
    let client = toril(config);
    follower.wait_for_log("following queue", LONG).await;

    client.cli(["add", &work, "echo"]).await.succeeded();

    follower.wait_for_log("\"added\"", LONG).await;
}

#[tokio::test]
async fn a_host_is_not_ready_while_the_node_of_one_of_its_queues_is_down() {
    let mut cluster = RedisCluster::start().await;
    let (one, other) = (cluster.queue_on(0, "one").await, cluster.queue_on(1, "other").await);
    let toril = started(redis(&cluster, "") + &queue(&one, "") + &queue(&other, "")).await;
    let ready = async || http::get(&toril.url("/readyz")).await.expect("an answer").status;

    cluster.node_mut(1).kill();
    wait_until("the host not to be ready", LONG, async || ready().await == 503).await;
    cluster.node_mut(1).restart().await;

    wait_until("the host to be ready again", LONG, async || ready().await == 200).await;
}

#[tokio::test]
async fn a_queue_without_a_hash_tag_is_rejected_with_a_suggestion() {
    let cluster = RedisCluster::start().await;
    let wrong = toril(redis(&cluster, "") + &queue("work", "dead_letter = \"dead\"") + &plugin(&["other"]));

    let refused = wrong.cli(["check"]).await.exited(2).stderr;
    for part in [
        "queue `work` cannot be on a Redis Cluster",
        "queue `dead`",
        "queue `other`",
        "\"{work}\"",
        "prefix = \"{bull}\"",
    ] {
        assert!(refused.contains(part), "no {part} in {refused}");
    }

    let right = toril(redis(&cluster, "") + &queue("{work}", ""));
    let refused = right.cli(["add", "other", "echo"]).await.exited(1).stderr;
    assert!(refused.contains("Call it {other}"), "{refused}");
}

#[tokio::test]
async fn a_prefix_with_a_hash_tag_allows_flows_across_queues() {
    let cluster = RedisCluster::start().await;
    let queues = queue("parents", "") + &queue("children", "") + &plugin(&["children"]);
    let toril = started(redis(&cluster, "prefix = \"{bull}:custom\"") + &queues).await;

    let done = ran(&toril, "parents", "flow", json!({ "queue": "children", "count": 3 })).await;

    assert_eq!(done["values"], json!([{ "n": 0 }, { "n": 1 }, { "n": 2 }]), "{done}");
}

#[tokio::test]
async fn a_child_in_another_slot_than_its_parent_is_an_error_that_says_so() {
    let cluster = RedisCluster::start().await;
    let (parents, children) = (cluster.queue_on(0, "parents").await, cluster.queue_on(1, "children").await);
    let queues = queue(&parents, "") + &queue(&children, "") + &plugin(&[&children]);
    let toril = started(redis(&cluster, "") + &queues).await;

    let data = json!({ "queue": children, "count": 1 }).to_string();
    let failed = toril.cli(["add", &parents, "flow", "--data", &data, "--wait"]).await.exited(1).stderr;

    assert!(failed.contains("must have the same hash tag"), "{failed}");
}

#[tokio::test]
async fn dead_letters_on_another_node_can_be_returned() {
    let cluster = RedisCluster::start().await;
    let (work, dead) = (cluster.queue_on(0, "work").await, cluster.queue_on(2, "dead").await);
    let mut toril = started(redis(&cluster, "") + &queue(&work, &format!("dead_letter = {dead:?}"))).await;

    add(&cluster, &work, many(3, "fatal", &json!({}))).await;
    wait_until("the dead letters", LONG, async || {
        let mut connection = cluster.connection(&dead).await;
        cmd("LLEN").arg(format!("bull:{dead}:wait")).query_async(&mut connection).await.unwrap_or(0) == 3
    })
    .await;
    // Otherwise the jobs would fail again at once.
    toril.end().await;
    let returned = toril.cli(["dead-letters", "return", &dead, "--json"]).await.succeeded().json();

    assert_eq!(returned["returned"], json!(3), "{returned}");
    let details = toril.cli(["queues", "--json"]).await.succeeded().json();
    let waiting: Vec<_> = details.as_array().into_iter().flatten().map(|queue| &queue["waiting"]).collect();
    assert_eq!(waiting, [&json!(0), &json!(3)], "{details}");
}

#[tokio::test]
async fn a_plugin_adds_jobs_to_other_nodes_and_its_key_value_data_is_on_one_node() {
    let cluster = RedisCluster::start().await;
    let (work, other) = (cluster.queue_on(0, "work").await, cluster.queue_on(1, "other").await);
    let queues = queue(&work, "") + &queue(&other, "") + &plugin(&[&other]);
    let toril = started(redis(&cluster, "") + &queues).await;

    let set = json!([["a", "1"], ["b", "2"], ["c", "3"]]);
    let batch = ran(&toril, &work, "kv-batch", json!({ "set": set, "delete": ["b"], "get": ["a", "b", "c"] })).await;
    assert_eq!(batch["read"], json!(["1", null, "3"]), "{batch}");
    let listed = ran(&toril, &other, "kv-roundtrip", json!({ "key": "d", "value": 4 })).await;
    assert_eq!(listed["listed"], json!(["a", "c", "d"]), "{listed}");
    ran(&toril, &work, "add", json!({ "queue": other, "name": "echo", "data": 5 })).await;
    wait_for_completed(&cluster, &other, 2).await;
}

#[tokio::test]
async fn schedules_add_jobs_and_a_running_job_is_cancelled() {
    let cluster = RedisCluster::start().await;
    let (work, ticks) = (cluster.queue_on(1, "work").await, cluster.queue_on(2, "ticks").await);
    let every = format!("[queues.{ticks:?}.schedules.tick]\nevery = \"200ms\"\nname = \"echo\"\n");
    let toril = started(redis(&cluster, "") + &queue(&work, "") + &queue(&ticks, "") + &every).await;

    wait_until("some jobs of the schedule", LONG, async || count(&cluster, &ticks, "completed").await >= 3).await;
    add(&cluster, &work, vec![json!({ "name": "sleep-until-cancelled", "data": {} })]).await;
    let mut connection = cluster.connection(&work).await;
    wait_until("the job to run", LONG, async || {
        cmd("LLEN").arg(format!("bull:{work}:active")).query_async(&mut connection).await.unwrap_or(0) == 1
    })
    .await;
    toril.cli(["cancel", &work, "1"]).await.succeeded();

    let left: usize =
        cmd("LLEN").arg(format!("bull:{work}:active")).query_async(&mut connection).await.expect("a number");
    assert_eq!(left, 0);
}

#[tokio::test]
async fn the_restart_of_a_master_loses_no_job_and_its_queue_continues() {
    let mut cluster = RedisCluster::start().await;
    let (kept, restarted) = (cluster.queue_on(0, "kept").await, cluster.queue_on(1, "restarted").await);
    let settings = "concurrency = 10\nlock_duration = \"5s\"\nstalled_interval = \"2s\"";
    let config = redis(&cluster, "") + &queue(&kept, settings) + &queue(&restarted, settings);
    for name in [&kept, &restarted] {
        add(&cluster, name, many(300, "sleep", &json!({ "ms": 20 }))).await;
    }
    let mut toril = started(config).await;
    wait_until("the first jobs to end", LONG, async || count(&cluster, &restarted, "completed").await > 20).await;

    cluster.node_mut(1).kill();
    toril.wait_for_log("Redis is unavailable", LONG).await;
    cluster.node_mut(1).restart().await;
    cluster.wait_ok().await;

    for name in [&kept, &restarted] {
        wait_for_completed(&cluster, name, 300).await;
        assert_eq!(count(&cluster, name, "failed").await, 0);
    }
}

#[tokio::test]
async fn a_promoted_replica_continues_the_queues_of_its_master() {
    let mut cluster = RedisCluster::start().await;
    let replica = cluster.add_replica(1).await;
    let (kept, lost) = (cluster.queue_on(0, "kept").await, cluster.queue_on(1, "lost").await);
    let settings = "concurrency = 10\nlock_duration = \"5s\"\nstalled_interval = \"2s\"";
    for name in [&kept, &lost] {
        add(&cluster, name, many(300, "sleep", &json!({ "ms": 20 }))).await;
    }
    // Writes that are only on the master are lost with it.
    cluster.wait_replicated(1).await;
    let _toril = started(redis(&cluster, "") + &queue(&kept, settings) + &queue(&lost, settings)).await;
    wait_until("the first jobs to end", LONG, async || count(&cluster, &lost, "completed").await > 20).await;

    cluster.node_mut(1).kill();
    cluster.wait_promoted(replica).await;

    let mut promoted = cluster.nodes()[replica].connection().await;
    wait_until("every job of the lost master to complete", MINUTES, async || {
        let completed = cmd("ZCARD").arg(format!("bull:{lost}:completed")).query_async(&mut promoted).await;
        completed.unwrap_or(0) == 300
    })
    .await;
}

#[tokio::test]
async fn a_queue_continues_after_its_slot_has_moved_to_another_node() {
    let cluster = RedisCluster::start().await;
    let work = cluster.queue_on(0, "work").await;
    add(&cluster, &work, many(400, "sleep", &json!({ "ms": 20 }))).await;
    let mut toril = started(redis(&cluster, "") + &queue(&work, "concurrency = 10")).await;
    wait_until("the first jobs to end", LONG, async || count(&cluster, &work, "completed").await > 20).await;

    // At this point the new node has the keys, and the old one still has the slot.
    let moving = cluster.begin_move(&work, 2).await;
    moving.move_keys().await;
    toril.wait_for_log("Redis is unavailable", LONG).await;
    moving.move_keys().await;
    moving.finish().await;

    assert_eq!(cluster.owner(&work).await, 2);
    toril.wait_for_log("connecting to the new owners of moved Redis Cluster slots", LONG).await;
    wait_for_completed(&cluster, &work, 400).await;
    assert_eq!(count(&cluster, &work, "failed").await, 0);
}

#[tokio::test]
async fn two_hosts_and_a_node_worker_share_a_queues_own_concurrency() {
    let cluster = RedisCluster::start().await;
    let work = cluster.queue_on(2, "work").await;
    let mut connection = cluster.connection(&work).await;
    add(&cluster, &work, many(120, "sleep", &json!({ "ms": 20 }))).await;
    let mut set = cmd("HSET");
    set.arg(format!("bull:{work}:meta")).arg("concurrency").arg(3);
    set.query_async::<()>(&mut connection).await.expect("the queue's concurrency is set");

    let mut node = node::spawn("worker", input(&cluster, &work, json!({ "jobs": 1_000_000, "concurrency": 8 })), &[]);
    node.wait_ready().await;
    let config = redis(&cluster, "") + &queue(&work, "concurrency = 8");
    let _hosts = (started(config.clone()).await, started(config).await);

    wait_for_completed(&cluster, &work, 120).await;
    let seen = node::run("events", input(&cluster, &work, json!({ "finished": 120 }))).await;
    let (mut running, mut most) = (0_i32, 0);
    for event in seen["events"].as_array().into_iter().flatten() {
        match event["event"].as_str() {
            Some("active") => running += 1,
            Some("completed") => running -= 1,
            _ => {}
        }
        most = most.max(running);
    }
    assert!((1..=3).contains(&most), "{most} jobs at once");
}

#[tokio::test]
async fn queues_on_nodes_with_tls_are_processed() {
    let cluster = RedisCluster::start_tls().await;
    let mut names = Vec::new();
    for node in 0..3 {
        names.push(cluster.queue_on(node, "work").await);
    }
    let queues: String = names.iter().map(|name| queue(name, "concurrency = 4")).collect();
    let toril = started(redis(&cluster, &format!("ca = {:?}", cluster.ca_path())) + &queues).await;

    for name in &names {
        assert_eq!(ran(&toril, name, "echo", json!({ "of": name })).await["of"], json!(name));
    }

    let stranger = redis(&cluster, "connect_timeout = \"1s\"") + &queues;
    let refused = Toril::new().config(stranger).cli(["queues"]).await.exited(1).stderr;
    assert!(refused.contains("certificate"), "{refused}");
}

/// When each job of a queue was started, in milliseconds of Redis's clock.
async fn starts(cluster: &RedisCluster, queue: &str, jobs: usize) -> Vec<i64> {
    let seen = node::run("events", input(cluster, queue, json!({ "finished": jobs }))).await;
    let events = seen["events"].as_array().into_iter().flatten();
    events.filter(|event| event["event"] == "active").filter_map(|event| event["at"].as_i64()).collect()
}

/// Two hosts with these settings, whose 40 jobs take four windows of one second. A host has 4 places and a job takes half
/// a second, so that one host cannot run the ten jobs of a window alone.
async fn two_hosts_start_ten_jobs_in_a_second(cluster: &RedisCluster, work: &str, settings: &str) {
    let config = redis(cluster, "") + &queue(work, settings);
    let hosts = [started(config.clone()).await, started(config).await];
    add(cluster, work, many(40, "sleep", &json!({ "ms": 500 }))).await;

    wait_for_completed(cluster, work, 40).await;
    let (mut from, mut count) = (0, 0);
    for at in starts(cluster, work, 40).await {
        // A window begins with its first job, and ends by Redis's clock.
        if at >= from + 990 {
            (from, count) = (at, 0);
        }
        count += 1;
        assert!(count <= 10, "{count} jobs in the second from {from}");
    }
    for host in &hosts {
        assert!(host.logs().contains("attempt ended"), "one host ran all jobs");
    }
}

#[tokio::test]
async fn two_hosts_share_a_rate_limit() {
    let cluster = RedisCluster::start().await;
    let work = cluster.queue_on(1, "work").await;
    let settings = "concurrency = 4\nrate_limit = { max = 10, per = \"1s\" }";
    two_hosts_start_ten_jobs_in_a_second(&cluster, &work, settings).await;
}

#[tokio::test]
async fn two_hosts_share_a_queues_own_rate_limit() {
    let cluster = RedisCluster::start().await;
    let work = cluster.queue_on(2, "work").await;
    let mut set = cmd("HSET");
    set.arg(format!("bull:{work}:meta")).arg("max").arg(10).arg("duration").arg(1_000);
    set.query_async::<()>(&mut cluster.connection(&work).await).await.expect("the queue's rate limit is set");
    two_hosts_start_ten_jobs_in_a_second(&cluster, &work, "concurrency = 4").await;
}

#[tokio::test]
async fn a_flow_is_added_only_if_its_queues_share_a_slot() {
    let cluster = RedisCluster::start().await;
    let (parents, children) = (cluster.queue_on(0, "parents").await, cluster.queue_on(1, "children").await);
    let leaf = |queue: &str, n: u32| json!({ "name": "echo", "queueName": queue, "data": n });
    let flow = |parents: &str, children: &str| {
        let leaves = [leaf(children, 1), leaf(parents, 2)];
        json!({ "name": "echo", "queueName": parents, "data": 0, "children": leaves }).to_string()
    };

    let apart = toril(redis(&cluster, "") + &queue(&parents, "") + &queue(&children, ""));
    let refused = apart.cli_with_input(["add-flow", "-"], flow(&parents, &children)).await.exited(2).stderr;
    assert!(refused.contains("must have the same hash tag"), "{refused}");

    let together = redis(&cluster, "prefix = \"{bull}\"") + &queue("parents", "") + &queue("children", "");
    let toril = started(together).await;
    let added = toril.cli_with_input(["add-flow", "-", "--json"], flow("parents", "children")).await.succeeded().json();
    let id = added["id"].as_str().expect("an id");
    wait_until("the root to complete", LONG, async || {
        toril.cli(["job", "parents", id, "--json"]).await.succeeded().json()["state"] == "completed"
    })
    .await;
}

#[tokio::test]
async fn a_queue_on_a_cluster_lists_its_workers_and_can_be_limited_and_obliterated() {
    let cluster = RedisCluster::start().await;
    let work = cluster.queue_on(2, "work").await;
    let toril = started(redis(&cluster, "") + &queue(&work, "")).await;
    let settings = json!({ "jobs": 1_000_000, "settings": { "name": "in-node" } });
    let mut worker = node::spawn("worker", input(&cluster, &work, settings), &[]);
    worker.wait_ready().await;

    wait_until("both workers to be listed", LONG, async || {
        let workers = toril.cli(["workers", &work, "--json"]).await.succeeded().json();
        let names: Vec<_> = workers.as_array().into_iter().flatten().map(|worker| worker["name"].clone()).collect();
        names.len() == 2 && names.contains(&json!("in-node"))
    })
    .await;
    let limits = toril.cli(["limits", &work, "--concurrency", "3", "--json"]).await.succeeded().json();
    assert_eq!(limits["concurrency"], 3);
    toril.cli(["pause", &work]).await.succeeded();
    toril.cli(["add", &work, "echo", "--priority", "2"]).await.succeeded();
    let counts = toril.cli(["priorities", &work, "--json"]).await.succeeded().json();
    assert_eq!(counts, json!([{ "priority": 0, "count": 0 }, { "priority": 2, "count": 1 }]));
    toril.cli(["trim-events", &work, "--keep", "0"]).await.succeeded();
    toril.cli(["obliterate", &work]).await.succeeded();
    assert_eq!(count(&cluster, &work, "prioritized").await, 0);
}
