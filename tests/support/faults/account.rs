//! The outcome of every job of a round, from the data in Redis, its events, and the ledger of runs.

use std::collections::{BTreeMap, HashMap, HashSet};

use redis::aio::MultiplexedConnection;
use redis::cmd;

use super::fleet::{QUEUE, ask};
use super::jobs::{Ends, Planned};
use super::ledger::{By, Run};

/// The outcome of a round.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// The number of jobs.
    pub jobs: usize,
    /// The number of runs in the ledger.
    pub runs: usize,
    /// Jobs that no longer exist.
    pub lost: Vec<String>,
    /// Jobs that have not finished, and their state.
    pub stuck: Vec<String>,
    /// Jobs that finished more than once, or not as planned.
    pub wrong: Vec<String>,
    /// Jobs that ran more often than planned.
    pub doubles: Vec<Double>,
}

/// A job that ran more often than planned.
#[derive(Clone, Debug)]
pub struct Double {
    /// Its id.
    pub job: String,
    /// Who ran the attempt that did not count.
    pub by: By,
    /// Whether that run got its answer from the ledger. If not, it was interrupted.
    pub finished: bool,
}

impl Account {
    /// Examines a queue in which nothing runs any more. `jobs` are all planned jobs.
    pub async fn take(connection: &mut MultiplexedConnection, jobs: &[&Planned], runs: &[Run]) -> Self {
        let places = places(connection).await;
        let ends = ends(connection).await;
        let mut account = Self { jobs: jobs.len(), ..Self::default() };
        for job in jobs {
            let id = &job.id;
            let found = places.get(id).map_or(&[][..], Vec::as_slice);
            match found {
                [] => account.lost.push(id.clone()),
                [place @ ("completed" | "failed")] if *place != job.ends_in() => {
                    account.wrong.push(format!("{id} has {place}"));
                }
                ["completed" | "failed"] => {}
                elsewhere => account.stuck.push(format!("{id} is in {}", elsewhere.join(" and "))),
            }
            let ended = ends.get(id).copied().unwrap_or(0);
            if ended > 1 {
                account.wrong.push(format!("{id} has finished {ended} times"));
            }
        }
        account.doubles = doubles(jobs, runs);
        let known: HashSet<&str> = jobs.iter().map(|job| job.id.as_str()).collect();
        account.runs = runs.iter().filter(|run| known.contains(run.job.as_str())).count();
        account
    }

    /// How many runs of this worker did not count.
    pub fn doubles_by(&self, by: By) -> usize {
        self.doubles.iter().filter(|double| double.by == by).count()
    }

    /// The violations, as sentences.
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        for (what, which) in [("lost", &self.lost), ("stuck", &self.stuck), ("wrong", &self.wrong)] {
            if !which.is_empty() {
                complaints.push(format!("{} {what}: {}", which.len(), which.join(", ")));
            }
        }
        complaints
    }
}

/// The state of each job.
async fn places(connection: &mut MultiplexedConnection) -> HashMap<String, Vec<&'static str>> {
    let mut places: HashMap<String, Vec<&'static str>> = HashMap::new();
    for (command, set) in [
        ("ZRANGE", "completed"),
        ("ZRANGE", "failed"),
        ("LRANGE", "active"),
        ("LRANGE", "wait"),
        ("ZRANGE", "prioritized"),
        ("ZRANGE", "delayed"),
    ] {
        let ids: Vec<String> = ask(connection, cmd(command).arg(format!("{QUEUE}:{set}")).arg(0).arg(-1)).await;
        for id in ids {
            places.entry(id).or_default().push(set);
        }
    }
    places
}

/// How often each job has finished, according to the events.
async fn ends(connection: &mut MultiplexedConnection) -> HashMap<String, usize> {
    let stream = format!("{QUEUE}:events");
    let entries: Vec<(String, BTreeMap<String, String>)> =
        ask(connection, cmd("XRANGE").arg(stream).arg("-").arg("+")).await;
    let mut ends = HashMap::new();
    for (_, mut event) in entries {
        if matches!(event.get("event").map(String::as_str), Some("completed" | "failed"))
            && let Some(id) = event.remove("jobId")
        {
            *ends.entry(id).or_default() += 1;
        }
    }
    ends
}

/// Every run that was followed by another run of its job, except for a first attempt that was planned to fail.
fn doubles(jobs: &[&Planned], runs: &[Run]) -> Vec<Double> {
    let mut of_jobs: HashMap<&str, Vec<&Run>> = HashMap::new();
    for run in runs {
        of_jobs.entry(&run.job).or_default().push(run);
    }
    let mut doubles = Vec::new();
    for job in jobs {
        for pair in of_jobs.get(job.id.as_str()).map_or(&[][..], Vec::as_slice).windows(2) {
            let is_retry = job.ends == Ends::AfterRetry && (pair[0].attempt, pair[1].attempt) == (1, 2);
            if !is_retry {
                doubles.push(Double { job: job.id.clone(), by: pair[0].by, finished: pair[0].answered.is_some() });
            }
        }
    }
    doubles
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use fastrand::Rng;

    use super::*;
    use crate::RedisServer;

    fn planned(ends: &[Ends]) -> Vec<Planned> {
        let mut jobs = Planned::many(&mut Rng::with_seed(1), 0, ends.len(), Duration::ZERO);
        jobs.iter_mut().zip(ends).for_each(|(job, ends)| job.ends = *ends);
        jobs
    }

    fn run(job: &str, attempt: u32, answered: bool) -> Run {
        let begun = Instant::now();
        Run { job: job.into(), attempt, by: By::Toril, begun, answered: answered.then_some(begun) }
    }

    #[tokio::test]
    async fn jobs_that_are_lost_stuck_or_ended_wrongly_are_named() {
        let redis = RedisServer::start().await;
        let mut connection = redis.connection().await;
        let jobs = planned(&[Ends::Completed, Ends::Completed, Ends::Completed, Ends::Failed, Ends::AfterRetry]);
        let mut pipe = redis::pipe();
        for id in ["job-0", "job-3", "job-4"] {
            pipe.cmd("ZADD").arg(format!("{QUEUE}:completed")).arg(1).arg(id);
            let times = if id == "job-4" { 2 } else { 1 };
            for _ in 0..times {
                let event = ["event", "completed", "jobId", id];
                pipe.cmd("XADD").arg(format!("{QUEUE}:events")).arg("*").arg(&event);
            }
        }
        pipe.cmd("LPUSH").arg(format!("{QUEUE}:active")).arg("job-1");
        let _: () = pipe.query_async(&mut connection).await.expect("the queue is created");

        let all: Vec<_> = jobs.iter().collect();
        let account = Account::take(&mut connection, &all, &[]).await;

        assert_eq!(account.lost, ["job-2"]);
        assert_eq!(account.stuck, ["job-1 is in active"]);
        assert_eq!(account.wrong, ["job-3 has completed", "job-4 has finished 2 times"]);
        assert_eq!(account.complaints().len(), 3);
    }

    #[test]
    fn a_run_followed_by_another_is_a_double_unless_it_was_planned_to_fail() {
        let jobs = planned(&[Ends::Completed, Ends::AfterRetry, Ends::AfterRetry]);
        let all: Vec<_> = jobs.iter().collect();
        let runs = [
            run("job-0", 1, true),
            run("job-0", 1, true),
            run("job-1", 1, true),
            run("job-1", 2, true),
            run("job-2", 1, false),
            run("job-2", 1, true),
            run("job-2", 2, true),
        ];

        let found: Vec<_> = doubles(&all, &runs).into_iter().map(|double| (double.job, double.finished)).collect();

        assert_eq!(found, [("job-0".to_owned(), true), ("job-2".to_owned(), false)]);
    }
}
