//! Memory of an idle worker and while jobs run, and the processor use of an idle worker.

use std::time::{Duration, Instant};

use anyhow::Result;
use toril_tests::RedisServer;

use crate::contender::{Contender, Place};
use crate::process;
use crate::queue::Lane;
use crate::rounds::{Measured, Turns, middle};
use crate::workload::Workload;

/// Running jobs in the comparison.
pub const RUNNING: usize = 100;
/// Queues of an idle worker.
pub const IDLE_QUEUES: usize = 10;
/// Duration of the measurement.
const IDLE: Duration = Duration::from_secs(10);

/// Memory of a worker and its children in bytes. Shared pages count once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Ready and idle.
    pub rest: u64,
    /// With running jobs.
    pub running: u64,
}

/// Measures each contender once, because memory has little noise.
pub async fn compare(redis: &RedisServer, contenders: &[Contender]) -> Vec<(Contender, Measured<Figures>)> {
    let take = async |contender| take(redis, contender, RUNNING).await;
    let shown = |one: &Figures| format!("{} MiB idle, {} MiB", one.rest >> 20, one.running >> 20);
    let title = |one: Contender| one.title.to_owned();
    let all = Turns::of("memory", 1).taken(contenders, title, take, shown).await;
    let of = |turns: Vec<Figures>| turns.first().copied().unwrap_or_default();
    all.into_iter().map(|(one, turns)| (one, turns.map(of))).collect()
}

/// The memory of a contender with this many running jobs.
pub async fn take(redis: &RedisServer, contender: Contender, jobs: usize) -> Result<Figures> {
    let names = ["bench".to_owned()];
    let mut lane = Lane::alone(redis, &names[0]).await?;
    let place =
        Place { url: redis.url(), cluster: false, queues: &names, concurrency: jobs, http: None, database: None };
    let mut worker = contender.start(&place).await?;
    let id = worker.id()?;
    let rest = process::memory(id);
    let data = Workload::Hold.data(None);
    let mut running = 0;
    let mut added = 0;
    // Waits until all of them run at the same time. With a slow starter, the first jobs end before the last ones
    // begin. A child process has certainly started when its first job has ended.
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

/// The percentage of a processor that each contender uses while it waits for jobs of some queues.
pub async fn idle(redis: &RedisServer, contenders: &[Contender]) -> Vec<(Contender, Measured<f64>)> {
    let take = async |contender: Contender| {
        let names: Vec<String> = (0..IDLE_QUEUES).map(|queue| format!("bench-{queue}")).collect();
        Lane::alone(redis, &names[0]).await?;
        let place =
            Place { url: redis.url(), cluster: false, queues: &names, concurrency: 10, http: None, database: None };
        let mut worker = contender.start(&place).await?;
        let id = worker.id()?;
        // Waits until the work of the start is done.
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
