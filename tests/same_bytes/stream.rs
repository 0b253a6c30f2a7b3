//! The same jobs worked on by Toril and by BullMQ's own worker, and everything that each leaves.

use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, contents, node, wait_until};

/// What Toril keeps of a queue's numbers.
pub const METRICS: u32 = 20_160;

pub type Contents = std::collections::BTreeMap<String, Value>;

/// A queue that is filled, and then worked on until so many jobs have ended.
pub struct Stream {
    fill: Value,
    ends: usize,
}

impl Stream {
    pub fn new(fill: Value, ends: usize) -> Self {
        Self { fill, ends }
    }

    pub fn jobs(jobs: Vec<Value>) -> Self {
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
    pub async fn leaves_the_same(&self) {
        let (ours, theirs) = (self.by_toril().await, self.by_node().await);
        same(&ours, &theirs);
    }

    /// The same, where only the order of each job's own events is determined. Returns what is left.
    pub async fn leaves_the_same_for_each_job(&self) -> Contents {
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
        ours
    }
}

/// Panics where one has left something else than the other.
pub fn same(ours: &Contents, theirs: &Contents) {
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

/// A job that is added.
pub fn job(name: &str, data: Value, opts: Value) -> Value {
    json!({ "name": name, "data": data, "opts": opts })
}
