//! Random jobs: options and outcomes that nobody has chosen by hand. The result is compared with that of BullMQ's own
//! worker, key by key and event by event, and with the model.
//!
//! `TORIL_SEED=N` runs only that seed, such as one from a failure.

use std::env;

use serde_json::{Map, Value, json};

use super::each_step::{End, Model, leave_the_same_after_each_step};
use super::model::Expected;
use super::stream::{Stream, job};

/// Numbers that look random and are the same on every run.
pub struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides).expect("small")
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len() as u64)]
    }

    fn options(&mut self) -> Map<String, Value> {
        let keeps = [json!(true), json!(false), json!({ "age": 3600 }), json!(1000), Value::Null];
        let mut opts = Map::new();
        let mut set = |name: &str, value: Value| opts.insert(name.to_owned(), value);
        set("attempts", json!(self.roll(4)));
        set("priority", json!(self.pick(&[0, 0, 1, 2, 9])));
        set("lifo", json!(self.roll(4) == 0));
        for name in ["removeOnComplete", "removeOnFail"] {
            match self.pick(&keeps) {
                Value::Null => {}
                keep => drop(set(name, keep.clone())),
            }
        }
        opts
    }

    fn name(&mut self) -> &'static str {
        const NAMES: [&str; 6] = ["echo", "echo", "fail-times", "fail-times", "fatal", "progress"];
        NAMES[self.roll(6)]
    }

    fn data(&mut self) -> Value {
        json!({ "times": self.roll(4), "text": "ä\"\\\u{1f9ea}" })
    }

    fn job(&mut self) -> Value {
        let (opts, name) = (self.options(), self.name());
        job(name, self.data(), opts.into())
    }

    /// A job with options that need time, or other jobs.
    fn elaborate(&mut self, id: &str) -> Value {
        let (mut opts, name) = (self.options(), self.name());
        let mut set = |name: &str, value: Value| opts.insert(name.to_owned(), value);
        set("jobId", json!(id));
        match self.roll(4) {
            0 => drop(set("backoff", json!(20))),
            1 => drop(set("backoff", json!({ "type": "exponential", "delay": 15 }))),
            // A fixed delay, because neither worker has a custom strategy.
            2 => drop(set("backoff", json!({ "type": "fixed", "delay": 25 }))),
            _ => {}
        }
        if self.roll(4) == 0 {
            set("delay", json!(30 * self.roll(5)));
        }
        if self.roll(3) == 0 {
            set("keepLogs", json!(1 + self.roll(3)));
        }
        if self.roll(3) == 0 {
            set("stackTraceLimit", json!(self.roll(3)));
        }
        if self.roll(4) == 0 {
            set("deduplication", json!({ "id": format!("same-{}", self.roll(3)) }));
        }
        job(name, self.data(), opts.into())
    }

    /// A job whose attempts end as planned.
    fn planned(&mut self, id: &str) -> Value {
        let mut opts = self.options();
        let mut set = |name: &str, value: Value| opts.insert(name.to_owned(), value);
        set("jobId", json!(id));
        // A count would remove other jobs, which the model does not know.
        for name in ["removeOnComplete", "removeOnFail"] {
            set(name, json!(self.roll(4) == 0));
        }
        // Later, so that it does not run again during the test.
        if self.roll(4) == 0 {
            set("backoff", json!(3_600_000));
        }
        if self.roll(5) == 0 {
            set("deduplication", json!({ "id": format!("of-{id}") }));
        }
        job("ledger", json!({}), opts.into())
    }

    fn end(&mut self) -> End {
        *self.pick(&[End::Completed, End::Completed, End::Retry, End::Retry, End::Fatal])
    }

    /// A parent that runs when its children have finished in any way.
    fn flow(&mut self, id: &str) -> Value {
        let policies = [
            "failParentOnFailure",
            "ignoreDependencyOnFailure",
            "removeDependencyOnFailure",
            "continueParentOnFailure",
        ];
        let children: Vec<_> = (0..=self.roll(3))
            .map(|n| {
                let opts = json!({
                    "jobId": format!("{id}-{n}"), "attempts": 1 + self.roll(3), (*self.pick(&policies)): true,
                });
                json!({ "name": self.name(), "queueName": "work", "data": self.data(), "opts": opts })
            })
            .collect();
        json!({ "name": "echo", "queueName": "work", "data": {}, "opts": { "jobId": id }, "children": children })
    }
}

fn seeds(usual: &[u64]) -> Vec<u64> {
    match env::var("TORIL_SEED") {
        Ok(seed) => vec![seed.parse().expect("TORIL_SEED is a number")],
        Err(_) => usual.to_vec(),
    }
}

#[tokio::test]
async fn streams_by_chance() {
    for seed in seeds(&[1, 7, 2026]) {
        println!("TORIL_SEED={seed}");
        let mut dice = Dice(seed);
        let jobs = (0..60).map(|_| dice.job()).collect();
        Stream::jobs(jobs).leaves_the_same().await;
    }
}

#[tokio::test]
async fn random_jobs_and_flows_end_as_in_node_and_in_the_model() {
    for seed in seeds(&[3, 11]) {
        println!("TORIL_SEED={seed}");
        let mut dice = Dice(seed);
        let jobs: Vec<_> = (0..30).map(|n| dice.elaborate(&format!("job-{n:02}"))).collect();
        let flows: Vec<_> = (0..5).map(|n| dice.flow(&format!("flow-{n}"))).collect();
        let expected = Expected::of(&jobs, &flows);
        let stream = Stream::new(json!({ "jobs": jobs, "flows": flows }), expected.ends());

        let left = stream.leaves_the_same_for_each_job().await;

        expected.assert(&left);
    }
}

/// Gives every job the URL where it asks how to end.
fn ask_at(url: &str, mut job: Value) -> Value {
    job["name"] = json!("ledger");
    job["data"] = json!({ "url": url });
    let children = job["children"].as_array_mut().into_iter().flatten();
    children.for_each(|child| *child = ask_at(url, child.take()));
    job
}

#[tokio::test]
async fn after_each_attempt_redis_has_the_same_data_as_with_node_and_in_the_model() {
    for seed in seeds(&[5, 77]) {
        println!("TORIL_SEED={seed}");
        let mut dice = Dice(seed);
        let jobs: Vec<_> = (0..20).map(|n| dice.planned(&format!("job-{n:02}"))).collect();
        let flows: Vec<_> = (0..3).map(|n| dice.flow(&format!("flow-{n}"))).collect();
        let fill = |url: &str| {
            let of = |jobs: &[Value]| jobs.iter().map(|job| ask_at(url, job.clone())).collect::<Vec<_>>();
            json!({ "jobs": of(&jobs), "flows": of(&flows) })
        };

        let steps = leave_the_same_after_each_step(fill, Model::of(&jobs), || dice.end()).await;

        assert!(steps >= jobs.len(), "only {steps} attempts");
    }
}
