//! The expected outcome of jobs, from their names and options only: a model of a job's states without Redis.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::stream::Contents;

/// The outcome of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Completed,
    Failed,
}

/// The expectation for one job before it runs.
#[derive(Debug)]
struct Fate {
    /// `None`: depends on when it runs.
    end: Option<End>,
    /// The number of counted attempts. `None`: depends on when it runs.
    attempts: Option<u64>,
    /// Whether it stays in Redis after it has finished.
    kept: bool,
}

/// The expectation for a stream of jobs.
#[derive(Debug, Default)]
pub struct Expected(BTreeMap<String, Fate>);

impl Expected {
    /// For these jobs, all of which exist before the first one runs.
    pub fn of(jobs: &[Value], flows: &[Value]) -> Self {
        let mut expected = Self::default();
        let mut same = BTreeSet::new();
        for job in jobs {
            // A job whose deduplication id is taken is not added.
            let id = job["opts"]["deduplication"]["id"].as_str();
            if id.is_none_or(|id| same.insert(id.to_owned())) {
                expected.expect(job, fate(job));
            }
        }
        for flow in flows {
            let (mut fails, mut hurries) = (false, false);
            for child in flow["children"].as_array().into_iter().flatten() {
                let fate = fate(child);
                let failed = fate.end == Some(End::Failed);
                fails |= failed && child["opts"]["failParentOnFailure"] == true;
                hurries |= failed && child["opts"]["continueParentOnFailure"] == true;
                expected.expect(child, fate);
            }
            // A parent fails if it continues before its other children have finished, and returns a result then.
            let end = match (fails, hurries) {
                (_, true) => None,
                (true, false) => Some(End::Failed),
                (false, false) => Some(End::Completed),
            };
            // A parent that fails because of a child fails without its own attempt, if that happens in time.
            let attempts = (end == Some(End::Completed)).then_some(1);
            expected.expect(flow, Fate { end, attempts, kept: true });
        }
        expected
    }

    fn expect(&mut self, job: &Value, fate: Fate) {
        self.0.insert(job["opts"]["jobId"].as_str().expect("an id").to_owned(), fate);
    }

    /// The number of jobs that finish.
    pub fn ends(&self) -> usize {
        self.0.len()
    }

    /// Panics if the data differs from the expectation.
    pub fn assert(&self, left: &Contents) {
        let members = |state: &str| -> BTreeSet<String> {
            let ids = left.get(state).and_then(Value::as_array).into_iter().flatten();
            ids.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let (completed, failed) = (members("completed"), members("failed"));
        for (id, fate) in &self.0 {
            let is_in = (completed.contains(id), failed.contains(id));
            let wanted = |end| fate.kept && fate.end == Some(end);
            match fate.end {
                Some(_) => {
                    let wanted = (wanted(End::Completed), wanted(End::Failed));
                    assert_eq!(is_in, wanted, "whether {id} is completed, and failed: {fate:?}");
                }
                None => assert!(is_in.0 != is_in.1, "{id} has ended in one way: {fate:?}"),
            }
            assert_eq!(left.contains_key(id), fate.kept, "whether {id} exists: {fate:?}");
            if let (true, Some(attempts)) = (fate.kept, fate.attempts) {
                assert_eq!(left[id]["atm"], attempts, "the attempts of {id}: {fate:?}");
            }
        }
        for state in ["wait", "active", "delayed", "prioritized", "waiting-children"] {
            assert!(!left.contains_key(state), "jobs are left in {state}: {:?}", left.get(state));
        }
    }
}

fn fate(job: &Value) -> Fate {
    let opts = &job["opts"];
    let most = opts["attempts"].as_u64().unwrap_or(1).max(1);
    let times = job["data"]["times"].as_u64().unwrap_or(0);
    let (end, attempts) = match job["name"].as_str().expect("a name") {
        "fatal" => (End::Failed, 1),
        "fail-times" if times >= most => (End::Failed, most),
        "fail-times" => (End::Completed, times + 1),
        _ => (End::Completed, 1),
    };
    let keep = &opts[if end == End::Completed { "removeOnComplete" } else { "removeOnFail" }];
    Fate { end: Some(end), attempts: Some(attempts), kept: keep != true }
}
