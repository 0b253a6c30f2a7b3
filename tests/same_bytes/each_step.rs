//! Runs the same jobs on Toril and on BullMQ's own worker, one attempt at a time. While both wait, the test chooses
//! how the attempt ends. Before the next attempt, it compares the data in both Redis servers with each other and with
//! a model.

use std::collections::{BTreeMap, HashMap};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use toril_tests::wait::{LONG, POLL, within};
use toril_tests::{RedisServer, Toril, contents, node};

use super::stream::{Contents, METRICS, same};

/// An attempt that waits for its outcome.
struct Attempt {
    job: String,
    number: u32,
    end: oneshot::Sender<StatusCode>,
}

/// The outcome of an attempt, in the format of the job `ledger`.
#[derive(Clone, Copy, Debug)]
pub enum End {
    Completed,
    Retry,
    Fatal,
}

impl End {
    fn status(self) -> StatusCode {
        match self {
            Self::Completed => StatusCode::OK,
            Self::Retry => StatusCode::SERVICE_UNAVAILABLE,
            Self::Fatal => StatusCode::GONE,
        }
    }
}

/// A server and its worker.
struct Side {
    redis: RedisServer,
    attempts: mpsc::Receiver<Attempt>,
}

impl Side {
    /// The running attempt, `None` if no job is left that can run.
    async fn attempt(&mut self) -> Option<Attempt> {
        let mut connection = self.redis.connection().await;
        let next = within(LONG, async || {
            if let Ok(attempt) = tokio::time::timeout(POLL, self.attempts.recv()).await {
                return Some(attempt);
            }
            let mut left = redis::pipe();
            left.cmd("LLEN").arg("bull:work:wait").cmd("LLEN").arg("bull:work:active");
            left.cmd("ZCARD").arg("bull:work:prioritized");
            let left: Vec<usize> = left.query_async(&mut connection).await.expect("the test's Redis answers");
            left.iter().all(|jobs| *jobs == 0).then_some(None)
        });
        next.await.expect("an attempt, or nothing left to run")
    }

    /// The present data in Redis, without the worker's identity.
    async fn contents(&self) -> Contents {
        let mut found = contents::of(&mut self.redis.connection().await, "bull:work").await;
        for (name, value) in &mut found {
            if name.ends_with(":lock") {
                *value = json!("held");
            }
            let text = value.to_string().replace("{\"by\":\"toril\"}", "{\"by\":\"node\"}");
            *value = serde_json::from_str(&text).expect("JSON");
        }
        found
    }
}

type Sides = HashMap<&'static str, mpsc::Sender<Attempt>>;

async fn ask(State(sides): State<Sides>, Query(query): Query<HashMap<String, String>>) -> StatusCode {
    let (end, ended) = oneshot::channel();
    let number = query["attempt"].parse().expect("a number");
    let attempt = Attempt { job: query["job"].clone(), number, end };
    if sides[query["by"].as_str()].send(attempt).await.is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    ended.await.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Runs jobs and flows, which must all be named `ledger`. Each attempt ends as `choose` decides. Returns the number
/// of attempts.
pub async fn leave_the_same_after_each_step(
    fill: impl Fn(&str) -> Value,
    mut model: Model,
    mut choose: impl FnMut() -> End,
) -> usize {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (toril_asks, by_toril) = mpsc::channel(1);
    let (node_asks, by_node) = mpsc::channel(1);
    let sides = Sides::from([("toril", toril_asks), ("node", node_asks)]);
    let serving =
        tokio::spawn(axum::serve(listener, Router::new().route("/", get(ask)).with_state(sides)).into_future());

    let (mut ours, mut theirs) = (filled(&fill(&url), by_toril).await, filled(&fill(&url), by_node).await);
    let config = format!("[queues.work]\nplugin = \"basics\"\ntimeout = \"5m\"\n[plugins.basics]\nhttp = [{url:?}]\n");
    let mut toril = Toril::new().redis(ours.redis.url()).plugin("basics").config(config).spawn_run();
    let input = json!({ "redis": theirs.redis.url(), "queue": "work", "jobs": 1_000_000, "metrics": { "maxDataPoints": METRICS } });
    let mut worker = node::spawn("worker", input, &[]);
    worker.wait_ready().await;
    toril.wait_ready().await;

    let mut steps = 0;
    loop {
        let (our, their) = (ours.attempt().await, theirs.attempt().await);
        let (left, left_by_node) = (ours.contents().await, theirs.contents().await);
        println!("step {steps}: {:?}", our.as_ref().map(|attempt| (&attempt.job, attempt.number)));
        same(&left, &left_by_node);
        let running = our.as_ref().map(|attempt| attempt.job.as_str());
        model.assert(&left, running);
        let (our, their) = match (our, their) {
            (Some(our), Some(their)) => (our, their),
            (our, their) => {
                assert!(our.is_none() && their.is_none(), "one worker has finished before the other");
                serving.abort();
                return steps;
            }
        };
        assert_eq!((&our.job, our.number), (&their.job, their.number), "what runs: ours, then theirs");
        let end = choose();
        println!("        {end:?}");
        model.step(&our.job, end);
        for attempt in [our, their] {
            attempt.end.send(end.status()).expect("it waits");
        }
        steps += 1;
    }
}

async fn filled(fill: &Value, attempts: mpsc::Receiver<Attempt>) -> Side {
    Side { redis: node::filled(fill).await, attempts }
}

/// The state of each job, from its options and the outcomes of its attempts. Excludes jobs of flows.
pub struct Model(BTreeMap<String, Known>);

struct Known {
    opts: Value,
    place: &'static str,
    /// The number of counted attempts.
    made: u64,
}

impl Known {
    fn ready(&self) -> &'static str {
        if self.opts["priority"].as_u64().unwrap_or(0) > 0 { "prioritized" } else { "wait" }
    }

    fn step(&mut self, end: End) {
        self.made += 1;
        let (place, keeps) = match end {
            End::Completed => ("completed", "removeOnComplete"),
            End::Retry if self.made < self.opts["attempts"].as_u64().unwrap_or(1) => {
                self.place = if self.opts["backoff"].is_null() { self.ready() } else { "delayed" };
                return;
            }
            End::Retry | End::Fatal => ("failed", "removeOnFail"),
        };
        self.place = if self.opts[keeps] == true { "nowhere" } else { place };
    }
}

impl Model {
    /// All of them are ready to run.
    pub fn of(jobs: &[Value]) -> Self {
        let known = |job: &Value| {
            let known = Known { opts: job["opts"].clone(), place: "", made: 0 };
            let id = job["opts"]["jobId"].as_str().expect("an id").to_owned();
            (id, Known { place: known.ready(), ..known })
        };
        Self(jobs.iter().map(known).collect())
    }

    /// The running attempt of this job ends like this.
    fn step(&mut self, job: &str, end: End) {
        if let Some(known) = self.0.get_mut(job) {
            known.step(end);
        }
    }

    /// Panics if a job has another state.
    fn assert(&self, left: &Contents, running: Option<&str>) {
        for (id, known) in &self.0 {
            let expected = if running == Some(id) { "active" } else { known.place };
            let places = ["wait", "prioritized", "delayed", "active", "completed", "failed"];
            let found: Vec<_> = places.into_iter().filter(|place| holds(left.get(*place), id)).collect();
            let expected: &[&str] = if expected == "nowhere" { &[] } else { &[expected] };
            assert_eq!(found, expected, "the state of {id}, found and expected");
            assert_eq!(left.contains_key(id), !expected.is_empty(), "whether {id} exists");
            if let Some(job) = left.get(id) {
                assert_eq!(job["atm"].as_u64().unwrap_or(0), known.made, "the attempts of {id}");
            }
        }
    }
}

/// Whether a list or set contains a job, with or without a score.
fn holds(set: Option<&Value>, id: &str) -> bool {
    set.and_then(Value::as_array).into_iter().flatten().any(|member| member == id || member[0] == id)
}
