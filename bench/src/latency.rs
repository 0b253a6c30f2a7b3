//! Latency: from adding a job to its event `completed`, one job at a time.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use redis::AsyncCommands;
use redis::streams::{StreamReadOptions, StreamReadReply};
use toril_tests::RedisServer;

use crate::contender::{Contender, Place};
use crate::queue::Lane;
use crate::rounds::{Measured, Turns, middle};
use crate::workload::Workload;

/// Jobs of one turn, including the first ones, which do not count.
const JOBS: usize = 220;
const UNCOUNTED: usize = 20;
/// Pause between two jobs, in which the worker becomes idle again.
const PAUSE: Duration = Duration::from_millis(10);
/// Maximum time of one job, in milliseconds.
const JOB_TIMEOUT_MS: usize = 10_000;

/// The medians of the turns, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Half of the jobs are at most this slow.
    pub p50: f64,
    /// 99 % of the jobs are at most this slow.
    pub p99: f64,
}

/// Gives every contender its turns.
pub async fn compare(
    redis: &RedisServer,
    contenders: &[Contender],
    rounds: usize,
) -> Vec<(Contender, Measured<Figures>)> {
    let take = async |contender| take(redis, contender).await;
    let shown = |one: &Figures| format!("p50 {:.2} ms, p99 {:.2} ms", one.p50, one.p99);
    let all = Turns::of("latency", rounds).taken(contenders, |one| one.title.to_owned(), take, shown).await;
    let medians = |turns: &[Figures]| Figures { p50: middle(turns, |one| one.p50), p99: middle(turns, |one| one.p99) };
    all.into_iter().map(|(one, turns)| (one, turns.map(|turns| medians(&turns)))).collect()
}

async fn take(redis: &RedisServer, contender: Contender) -> Result<Figures> {
    let names = ["bench".to_owned()];
    let mut lane = Lane::alone(redis, &names[0]).await?;
    let place = Place { url: redis.url(), cluster: false, queues: &names, concurrency: 10, http: None, database: None };
    let worker = contender.start(&place).await?;
    let mut took = Vec::new();
    let mut last = "0".to_owned();
    for _ in 0..JOBS {
        tokio::time::sleep(PAUSE).await;
        let started = Instant::now();
        let job = lane.queue.add(Workload::Noop.name(), Workload::Noop.data(None)).await?;
        last = completed(&mut lane, job.id(), last).await?;
        took.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    worker.end().await?;
    let counted = took.split_off(UNCOUNTED);
    Ok(Figures { p50: at(counted.clone(), 50), p99: at(counted, 99) })
}

/// The given percentile of the numbers.
fn at(mut numbers: Vec<f64>, hundredths: usize) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() * hundredths / 100).copied().unwrap_or(f64::NAN)
}

/// Waits for the event that a job has completed. Returns the event id to continue from.
async fn completed(lane: &mut Lane, id: &str, mut last: String) -> Result<String> {
    let options = StreamReadOptions::default().block(JOB_TIMEOUT_MS);
    let events = lane.key("events");
    loop {
        let read: Option<StreamReadReply> = lane.connection.xread_options(&[&events], &[&last], &options).await?;
        let entries = read.and_then(|mut read| read.keys.pop()).context("a job was not completed in time")?.ids;
        for entry in entries {
            let is = |field: &str, value: &str| entry.get::<String>(field).is_some_and(|found| found == value);
            let is_its_end = is("event", "completed") && is("jobId", id);
            last = entry.id;
            if is_its_end {
                return Ok(last);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_has_that_share_below_it() {
        let numbers: Vec<f64> = (0..200).rev().map(f64::from).collect();
        assert_eq!((at(numbers.clone(), 50), at(numbers, 99)), (100.0, 198.0));
    }
}
