//! From adding a job to hearing that it has completed, one job at a time: what a person waits who waits for a job.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use redis::AsyncCommands;
use redis::streams::{StreamReadOptions, StreamReadReply};
use toril_tests::RedisServer;

use crate::contender::Contender;
use crate::queue;
use crate::throughput::median;
use crate::workload::Workload;

/// Jobs of one turn, the first ones not counted.
const JOBS: usize = 220;
const UNCOUNTED: usize = 20;
/// Between two jobs: the worker is idle again, and waits.
const PAUSE: Duration = Duration::from_millis(10);
/// How long one job may take.
const PATIENCE_MS: usize = 10_000;

/// The medians of the turns, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Half of the jobs are as quick.
    pub p50: f64,
    /// All but a hundredth are.
    pub p99: f64,
}

/// Lets every contender have its turns.
pub async fn compare(redis: &RedisServer, rounds: usize) -> Result<Vec<(Contender, Figures)>> {
    let mut all: Vec<(Contender, Vec<Figures>)> = Contender::ALL.into_iter().map(|one| (one, Vec::new())).collect();
    for round in 1..=rounds {
        for (contender, figures) in &mut all {
            let one = take(redis, *contender).await?;
            eprintln!("latency, round {round}: {} p50 {:.2} ms, p99 {:.2} ms", contender.title(), one.p50, one.p99);
            figures.push(one);
        }
    }
    let of = |figures: &[Figures], get: fn(&Figures) -> f64| median(figures.iter().map(get).collect());
    let middle = |figures: Vec<Figures>| Figures { p50: of(&figures, |one| one.p50), p99: of(&figures, |one| one.p99) };
    Ok(all.into_iter().map(|(contender, figures)| (contender, middle(figures))).collect())
}

async fn take(redis: &RedisServer, contender: Contender) -> Result<Figures> {
    let mut connection = redis.connection().await;
    redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await?;
    let queue = queue::open(redis, "bench").await?;
    let worker = contender.start(redis, &["bench".to_owned()], 10, None).await?;
    let mut took = Vec::new();
    let mut last = "0".to_owned();
    for _ in 0..JOBS {
        tokio::time::sleep(PAUSE).await;
        let started = Instant::now();
        let job = queue.add(Workload::Noop.name(), Workload::Noop.data(None)).await?;
        last = completed(&mut connection, job.id(), last).await?;
        took.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    worker.end().await?;
    let mut counted = took.split_off(UNCOUNTED);
    counted.sort_by(f64::total_cmp);
    let at = |share: usize| counted.get(counted.len() * share / 100).copied().unwrap_or(f64::NAN);
    Ok(Figures { p50: at(50), p99: at(99) })
}

/// Waits for the event that a job has completed, and says where to read on.
async fn completed(connection: &mut redis::aio::MultiplexedConnection, id: &str, mut last: String) -> Result<String> {
    let options = StreamReadOptions::default().block(PATIENCE_MS);
    loop {
        let read: Option<StreamReadReply> =
            connection.xread_options(&["bull:bench:events"], &[&last], &options).await?;
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
