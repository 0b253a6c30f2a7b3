//! Runs the same jobs on Toril and on BullMQ's own worker, and compares all data that they leave.

use serde_json::{Value, json};
use toril_tests::wait::LONG;
use toril_tests::{RedisServer, Toril, contents, node, wait_until};

/// Toril's default number of data points in BullMQ's metrics.
pub const METRICS: u32 = 20_160;

pub type Contents = std::collections::BTreeMap<String, Value>;

/// A queue that is filled and then processed until this many jobs have finished.
pub struct Stream {
    fill: Value,
    ends: usize,
    old: usize,
    options: Options,
}

/// The same options for both workers.
struct Options {
    /// Additional lines of the queue's table, and of `[host]`.
    queue: &'static str,
    host: &'static str,
    /// Additional input of `worker.mjs`.
    node: Value,
}

impl Stream {
    pub fn new(fill: Value, ends: usize) -> Self {
        let node = json!({ "metrics": { "maxDataPoints": METRICS } });
        Self { fill, ends, old: 0, options: Options { queue: "", host: "", node } }
    }

    /// Adds these lines to the queue's table, and this input to `worker.mjs`.
    pub fn with(mut self, queue: &'static str, node: Value) -> Self {
        self.options.queue = queue;
        self.options.node.as_object_mut().expect("an object").extend(node.as_object().expect("an object").clone());
        self
    }

    /// Adds this line to `[host]`.
    pub fn with_host(mut self, line: &'static str) -> Self {
        self.options.host = line;
        self
    }

    /// Turns metrics off in both workers.
    pub fn without_metrics(mut self) -> Self {
        self.options = Options { queue: "metrics = false", host: "", node: json!({}) };
        self
    }

    pub fn jobs(jobs: Vec<Value>) -> Self {
        let ends = jobs.len();
        Self::new(json!({ "jobs": jobs }), ends)
    }

    /// Adds this many jobs that completed long ago, and as many that failed then.
    pub fn after_old_ones(mut self, count: usize) -> Self {
        self.old = count;
        self
    }

    async fn filled(&self) -> RedisServer {
        let redis = node::filled(&self.fill).await;
        let mut connection = redis.connection().await;
        for (state, n) in ["completed", "failed"].iter().flat_map(|state| (0..self.old).map(move |n| (state, n))) {
            let mut put = redis::pipe();
            let id = format!("old-{state}-{n}");
            put.cmd("HSET").arg(format!("bull:work:{id}")).arg(&["name", "old", "data", "{}", "opts", "{}"]);
            put.cmd("ZADD").arg(format!("bull:work:{state}")).arg(1_000_000 + n).arg(id);
            put.query_async::<()>(&mut connection).await.expect("an old job");
        }
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
        let config = format!("[queues.work]\nplugin = \"basics\"\nconcurrency = 1\n{}\n", self.options.queue);
        let toril = Toril::new().redis(redis.url()).plugin("basics").config(config).host(self.options.host);
        let mut toril = toril.spawn_run();
        toril.wait_ready().await;
        self.left(&redis).await
    }

    async fn by_node(&self) -> Contents {
        let redis = self.filled().await;
        let mut input = self.options.node.clone();
        input["redis"] = json!(redis.url());
        input["queue"] = json!("work");
        input["jobs"] = json!(1_000_000);
        let mut worker = node::spawn("worker", input, &[]);
        worker.wait_ready().await;
        self.left(&redis).await
    }

    /// Compares every key of both, including the order of all events. Returns the data.
    pub async fn leaves_the_same(&self) -> Contents {
        let (ours, theirs) = (self.by_toril().await, self.by_node().await);
        same(&ours, &theirs);
        ours
    }

    /// The same, but compares only the order of each job's own events. Returns the data.
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

/// Panics if the two differ.
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

/// A job to add.
pub fn job(name: &str, data: Value, opts: Value) -> Value {
    json!({ "name": name, "data": data, "opts": opts })
}
