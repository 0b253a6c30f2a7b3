//! Toril beside BullMQ's own worker in Node: the same jobs on two servers, and every key that each leaves.

use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, contents, node, wait_until};

const METRICS: u32 = 20_160;

type Contents = std::collections::BTreeMap<String, Value>;

/// A queue that is filled, and then worked on until so many jobs have ended.
struct Stream {
    fill: Value,
    ends: usize,
}

impl Stream {
    fn new(fill: Value, ends: usize) -> Self {
        Self { fill, ends }
    }

    fn jobs(jobs: Vec<Value>) -> Self {
        let ends = jobs.len();
        Self::new(json!({ "jobs": jobs }), ends)
    }

    async fn filled(&self) -> RedisServer {
        let redis = RedisServer::start().await;
        let mut fill = self.fill.clone();
        fill["redis"] = json!(redis.url());
        fill["queue"] = json!("work");
        node::run("fill", fill).await;
        redis
    }

    async fn left(&self, redis: &RedisServer) -> Contents {
        let mut connection = redis.connection().await;
        let what = format!("{} jobs to end", self.ends);
        wait_until(&what, LONG, async || contents::ended(&mut connection.clone(), "bull:work").await >= self.ends)
            .await;
        contents::of(&mut connection, "bull:work").await
    }

    async fn by_toril(&self) -> Contents {
        let redis = self.filled().await;
        let config = "[queues.work]\nplugin = \"basics\"\nconcurrency = 1\n";
        let mut toril = Toril::new().redis(redis.url()).plugin("basics").config(config).spawn_run();
        toril.wait_ready().await;
        self.left(&redis).await
    }

    async fn by_node(&self) -> Contents {
        let redis = self.filled().await;
        let input = json!({ "redis": redis.url(), "queue": "work", "jobs": 1_000_000, "metrics": { "maxDataPoints": METRICS } });
        let mut worker = node::spawn("worker", input, &[]);
        worker.wait_ready().await;
        self.left(&redis).await
    }

    /// Every key of both, the order of all events included.
    async fn leaves_the_same(&self) {
        let (ours, theirs) = (self.by_toril().await, self.by_node().await);
        same(&ours, &theirs);
    }

    /// The same, where only the order of each job's own events is determined.
    async fn leaves_the_same_for_each_job(&self) {
        let (mut ours, mut theirs) = (self.by_toril().await, self.by_node().await);
        for contents in [&mut ours, &mut theirs] {
            let events = contents.remove("events").expect("events");
            for event in events.as_array().expect("a list") {
                if let Some(id) = event["jobId"]
                    .as_str()
                    .map(str::to_owned)
                    .or_else(|| event["jobId"].as_u64().map(|id| id.to_string()))
                {
                    let of_job = contents.entry(format!("events of {id}")).or_insert_with(|| json!([]));
                    of_job.as_array_mut().expect("a list").push(event.clone());
                }
            }
        }
        same(&ours, &theirs);
    }
}

fn same(ours: &Contents, theirs: &Contents) {
    let keys = |contents: &Contents| contents.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(ours), keys(theirs), "the keys: ours, then theirs");
    for (key, value) in ours {
        if let (Some(ours), Some(theirs)) = (value.as_array(), theirs[key].as_array()) {
            for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                assert_eq!(ours, theirs, "{key}, entry {at}: ours, then theirs");
            }
        }
        assert_eq!(value, &theirs[key], "{key}: ours, then theirs");
    }
}

fn job(name: &str, data: Value, opts: Value) -> Value {
    json!({ "name": name, "data": data, "opts": opts })
}

#[tokio::test]
async fn plain_jobs() {
    Stream::jobs((0..12).map(|n| job("echo", json!({ "n": n }), json!({}))).collect()).leaves_the_same().await;
}

#[tokio::test]
async fn priorities_and_last_in_first_out() {
    let orders = [
        json!({ "priority": 3 }),
        json!({}),
        json!({ "lifo": true }),
        json!({ "priority": 1 }),
        json!({ "priority": 3 }),
    ];
    let jobs = (0..20).map(|n: usize| job("echo", json!(n), orders[n % orders.len()].clone()));
    Stream::jobs(jobs.collect()).leaves_the_same().await;
}

#[tokio::test]
async fn jobs_that_are_kept_by_count() {
    // At equal times the ids decide which is older.
    let id = |n: usize| format!("job-{n:03}");
    let jobs = (0..30).map(|n| {
        let name = if n % 3 == 0 { "fatal" } else { "echo" };
        let keep = if n % 2 == 0 { json!(5) } else { json!({ "count": 4 }) };
        job(name, json!({}), json!({ "jobId": id(n), "removeOnComplete": keep, "removeOnFail": keep }))
    });
    Stream::jobs(jobs.collect()).leaves_the_same().await;
}

#[tokio::test]
async fn jobs_that_are_not_kept() {
    let keeps = [
        json!(true),
        json!(false),
        json!(0),
        json!({ "age": 3600, "limit": 10 }),
        json!({ "age": 3600, "count": 100 }),
    ];
    let jobs = (0..20).map(|n: usize| {
        let keep = &keeps[n % keeps.len()];
        job(["echo", "fatal", "progress"][n % 3], json!({}), json!({ "removeOnComplete": keep, "removeOnFail": keep }))
    });
    Stream::jobs(jobs.collect()).leaves_the_same().await;
}

#[tokio::test]
async fn failures_that_are_tried_again_at_once() {
    let jobs = (1..8).map(|n| {
        let opts = json!({ "attempts": 1 + n % 4, "lifo": n % 2 == 0, "stackTraceLimit": n % 3 });
        job("fail-times", json!({ "times": n % 3 }), opts)
    });
    let fatal = job("fatal", json!({}), json!({ "attempts": 3 }));
    Stream::jobs(jobs.chain([fatal]).collect()).leaves_the_same().await;
}

#[tokio::test]
async fn delayed_jobs_and_failures_that_are_tried_again_later() {
    let jobs = (0..6).map(|n| {
        let backoff = if n % 2 == 0 { json!({ "type": "fixed", "delay": 60 }) } else { json!(40) };
        job(
            "fail-times",
            json!({ "times": n % 3 }),
            json!({ "attempts": 3, "backoff": backoff, "delay": 50 * n, "priority": n % 2 }),
        )
    });
    Stream::jobs(jobs.collect()).leaves_the_same_for_each_job().await;
}

#[tokio::test]
async fn progress_and_logs() {
    let jobs = (0..3).map(|n| job("progress", json!({}), json!({ "keepLogs": n + 1 })));
    Stream::jobs(jobs.collect()).leaves_the_same().await;
}

#[tokio::test]
async fn flows_with_failing_children() {
    let child = |name: &str, opts: Value| json!({ "name": name, "queueName": "work", "data": {}, "opts": opts });
    let flow = |children: Vec<Value>| json!({ "name": "echo", "queueName": "work", "data": {}, "children": children });
    let flows = json!([
        flow(vec![child("echo", json!({})), child("echo", json!({ "removeOnComplete": true }))]),
        flow(vec![child("fatal", json!({ "failParentOnFailure": true })), child("echo", json!({}))]),
        flow(vec![child("fatal", json!({ "ignoreDependencyOnFailure": true }))]),
        flow(vec![child("fatal", json!({ "continueParentOnFailure": true })), child("echo", json!({}))]),
        flow(vec![child("fatal", json!({ "removeDependencyOnFailure": true })), child("echo", json!({}))]),
    ]);
    Stream::new(json!({ "flows": with_ids(flows) }), 14).leaves_the_same().await;
}

/// Gives every job of these flows an id.
fn with_ids(mut flows: Value) -> Value {
    fn name(flow: &mut Value, id: String) {
        for (n, child) in flow["children"].as_array_mut().into_iter().flatten().enumerate() {
            name(child, format!("{id}-{n}"));
        }
        flow["opts"]["jobId"] = json!(id);
    }
    for (n, flow) in flows.as_array_mut().into_iter().flatten().enumerate() {
        name(flow, format!("flow-{n}"));
    }
    flows
}

#[tokio::test]
async fn jobs_with_a_deduplication_id() {
    let deduplicated = |id: &str, more: Value| {
        let mut deduplication = json!({ "id": id });
        deduplication.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        json!({ "deduplication": deduplication })
    };
    let jobs = vec![
        job("echo", json!(1), deduplicated("a", json!({}))),
        job("echo", json!(2), deduplicated("a", json!({}))),
        job("echo", json!(3), deduplicated("b", json!({ "ttl": 60_000 }))),
        job("fatal", json!(4), deduplicated("c", json!({ "keepLastIfActive": true }))),
        job("echo", json!(5), json!({})),
    ];
    Stream::new(json!({ "jobs": jobs }), 4).leaves_the_same().await;
}

#[tokio::test]
async fn schedulers_by_interval_and_by_pattern() {
    let scheduler = |id: &str, repeat: Value| json!({ "id": id, "repeat": repeat, "name": "echo", "data": { "of": id }, "opts": { "attempts": 2, "keepLogs": 3 } });
    let schedulers = json!([
        scheduler("often", json!({ "every": 3_600_000, "limit": 5 })),
        scheduler("berlin", json!({ "pattern": "0 0 29 2 *", "tz": "Europe/Berlin", "immediately": true })),
    ]);
    Stream::new(json!({ "schedulers": schedulers }), 2).leaves_the_same_for_each_job().await;
}

/// Numbers that look random and are the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides).expect("small")
    }

    fn job(&mut self) -> Value {
        let keeps = [json!(true), json!(false), json!({ "age": 3600 }), json!(1000), Value::Null];
        let mut opts = serde_json::Map::new();
        let mut set = |name: &str, value: Value| opts.insert(name.to_owned(), value);
        set("attempts", json!(self.roll(4)));
        set("priority", json!([0, 0, 1, 2, 9][self.roll(5)]));
        set("lifo", json!(self.roll(4) == 0));
        for name in ["removeOnComplete", "removeOnFail"] {
            match &keeps[self.roll(5)] {
                Value::Null => {}
                keep => drop(set(name, keep.clone())),
            }
        }
        let name = ["echo", "echo", "fail-times", "fatal", "progress"][self.roll(5)];
        job(name, json!({ "times": self.roll(4), "text": "ä\"\\\u{1f9ea}" }), opts.into())
    }
}

#[tokio::test]
async fn streams_by_chance() {
    for seed in [1, 7, 2026] {
        let mut dice = Dice(seed);
        let jobs = (0..60).map(|_| dice.job()).collect();
        println!("seed {seed}");
        Stream::jobs(jobs).leaves_the_same().await;
    }
}
