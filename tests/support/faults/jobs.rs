//! The jobs of a round: how long each runs, its planned outcome, and how it is added.

use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};

/// The outcome of a job if nothing goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Completed by its first attempt.
    Completed,
    /// Completed by its second attempt. The first one fails.
    AfterRetry,
    /// Failed for good by its first attempt.
    Failed,
}

/// A job to add.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Its id.
    pub id: String,
    /// Its planned outcome.
    pub ends: Ends,
    /// How long a run takes.
    pub takes: Duration,
    options: Value,
}

impl Planned {
    /// This many jobs, numbered from `first` on. Most are plain. Others are delayed, or have a priority or a
    /// deduplication id, which lets BullMQ's own script finish them.
    pub fn many(random: &mut Rng, first: usize, count: usize, longest: Duration) -> Vec<Self> {
        (first..first + count).map(|number| Self::new(random, number, longest)).collect()
    }

    fn new(random: &mut Rng, number: usize, longest: Duration) -> Self {
        let id = format!("job-{number}");
        let ends = match random.u8(..100) {
            0..80 => Ends::Completed,
            80..92 => Ends::AfterRetry,
            _ => Ends::Failed,
        };
        let takes = longest.mul_f64(0.2 + 0.8 * random.f64());
        let mut options = json!({ "jobId": id, "attempts": 3, "backoff": { "type": "fixed", "delay": 50 } });
        match random.u8(..100) {
            0..20 => options["delay"] = json!(random.u64(1..2_000)),
            20..35 => options["priority"] = json!(random.u32(1..10)),
            35..45 => options["deduplication"] = json!({ "id": format!("of-{id}") }),
            _ => {}
        }
        Self { id, ends, takes, options }
    }

    /// How often it runs if nothing goes wrong.
    pub fn runs(&self) -> usize {
        if self.ends == Ends::AfterRetry { 2 } else { 1 }
    }

    /// BullMQ's set for finished jobs that it ends in.
    pub fn ends_in(&self) -> &'static str {
        if self.ends == Ends::Failed { "failed" } else { "completed" }
    }

    /// The job in the format of `tests/interop/add.mjs`.
    pub fn job(&self, ledger: &str) -> Value {
        json!({ "name": "ledger", "data": { "url": ledger }, "opts": self.options })
    }
}
