//! Memory at rest and while jobs run, and what a worker that has nothing to do takes of the processor.

use std::time::{Duration, Instant};

use anyhow::Result;
use toril_tests::RedisServer;

use crate::contender::{Contender, Place};
use crate::process;
use crate::queue::Lane;
use crate::rounds::{Measured, Turns, middle};
use crate::workload::Workload;

/// Jobs that run at once in the comparison.
pub const RUNNING: usize = 100;
/// Queues of a worker that has nothing to do.
pub const IDLE_QUEUES: usize = 10;
/// How long it is watched.
const IDLE: Duration = Duration::from_secs(10);

/// What a worker and its children take, in bytes, what they share counted once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Ready, and nothing to do.
    pub rest: u64,
    /// With the jobs running.
    pub running: u64,
}

/// Looks at each contender once: memory is not noisy.
pub async fn compare(redis: &RedisServer, contenders: &[Contender]) -> Vec<(Contender, Measured<Figures>)> {
    let take = async |contender| take(redis, contender, RUNNING).await;
    let shown = |one: &Figures| format!("{} MiB at rest, {} MiB", one.rest >> 20, one.running >> 20);
    let title = |one: Contender| one.title.to_owned();
    let all = Turns::of("memory", 1).taken(contenders, title, take, shown).await;
    let of = |turns: Vec<Figures>| turns.first().copied().unwrap_or_default();
    all.into_iter().map(|(one, turns)| (one, turns.map(of))).collect()
}

/// A contender with so many jobs running at once.
pub async fn take(redis: &RedisServer, contender: Contender, jobs: usize) -> Result<Figures> {
    let names = ["bench".to_owned()];
    let mut lane = Lane::alone(redis, &names[0]).await?;
    let place = Place { url: redis.url(), cluster: false, queues: &names, concurrency: jobs, http: None };
    let mut worker = contender.start(&place).await?;
    let id = worker.id()?;
    let rest = process::memory(id);
    let data = Workload::Hold.data(None);
    let mut running = 0;
    let mut added = 0;
    // Until they all run at once: the first ones of a slow starter end before the last ones begin. A child process is
    // there when its first job has been given to it and has ended.
    while running == 0 || lane.completed().await? < 2 * jobs {
        if added < lane.completed().await? + 2 * jobs {
            lane.fill(Workload::Hold, &data, jobs).await?;
            added += jobs;
        }
        if lane.active().await? == jobs {
            running = running.max(process::memory(id));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    worker.end().await?;
    Ok(Figures { rest, running })
}

/// The hundredths of a processor that each contender takes while it waits for jobs of some queues.
pub async fn idle(redis: &RedisServer, contenders: &[Contender]) -> Vec<(Contender, Measured<f64>)> {
    let take = async |contender: Contender| {
        let names: Vec<String> = (0..IDLE_QUEUES).map(|queue| format!("bench-{queue}")).collect();
        Lane::alone(redis, &names[0]).await?;
        let place = Place { url: redis.url(), cluster: false, queues: &names, concurrency: 10, http: None };
        let mut worker = contender.start(&place).await?;
        let id = worker.id()?;
        // What belongs to its start is over.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (before, since) = (process::processor(id), Instant::now());
        tokio::time::sleep(IDLE).await;
        let used = process::processor(id).saturating_sub(before).as_secs_f64() / since.elapsed().as_secs_f64();
        worker.end().await?;
        Ok(used * 100.0)
    };
    let shown = |percent: &f64| format!("{percent:.2} % of a processor");
    let all = Turns::of("idle", 1).taken(contenders, |one| one.title.to_owned(), take, shown).await;
    all.into_iter().map(|(one, turns)| (one, turns.map(|turns| middle(&turns, |one| *one)))).collect()
}
