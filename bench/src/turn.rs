//! One turn: workers run on some queues, and as many jobs are done as take about a second. What is not counted comes
//! first: every child process has been started, and every compiler has seen the code.

use std::time::{Duration, Instant};

use anyhow::Result;
use redis::aio::MultiplexedConnection;
use serde_json::{Value, json};

use crate::process;
use crate::queue::{Lane, server_processor};
use crate::workload::Workload;

/// What a turn's jobs take, about, in seconds.
const LENGTH: f64 = 1.0;
/// Jobs have been seen for so long when their speed is judged.
const SEEN: Duration = Duration::from_millis(200);
/// A turn has so many jobs at the least.
const LEAST: usize = 4;
/// The same of jobs that wait, for each place: what a hundred new processes still do when they have answered once is over then.
const LEAST_WAITING: usize = 10;
/// Milliseconds that the first jobs take: until then all jobs of one go are claimed, and so every child is started.
const FIRST: u64 = 50;
const LOOK: Duration = Duration::from_millis(4);

/// What is done.
pub struct Load {
    /// The jobs.
    pub workload: Workload,
    /// Their data.
    pub data: Value,
    /// Data of jobs that do the same in less time.
    pub light: Value,
    /// Jobs at a time, in each queue, of all workers together.
    pub concurrency: usize,
    /// Jobs of the turn at the most, in all queues together.
    pub most: usize,
}

/// What a turn came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Jobs a second.
    pub rate: f64,
    /// Processor time of the workers and their children, in microseconds a job.
    pub processor: f64,
    /// Processor time of Redis, in microseconds a job.
    pub redis: f64,
}

/// Lets workers that run, with these process ids, do jobs in these queues. `servers`: what has the queues.
pub async fn run(
    lanes: &mut [Lane],
    workers: &[u32],
    servers: &mut [MultiplexedConnection],
    load: &Load,
) -> Result<Figures> {
    let each = judge(lanes, load).await?.div_ceil(lanes.len()).max(1);
    // Paused, so that adding costs nobody anything.
    for lane in lanes.iter_mut() {
        lane.forget().await?;
        lane.queue.pause().await?;
        lane.fill(load.workload, &load.data, each).await?;
    }
    let before = (workers_processor(workers), servers_processor(servers).await?);
    for lane in lanes.iter() {
        lane.queue.resume().await?;
    }
    for lane in lanes.iter_mut() {
        lane.wait(each, Duration::from_millis(20)).await?;
    }
    let after = (workers_processor(workers), servers_processor(servers).await?);
    let (mut first, mut last) = (u64::MAX, 0);
    for lane in lanes.iter_mut() {
        let (from, to) = lane.span(each).await?;
        (first, last) = (first.min(from), last.max(to));
    }
    let jobs = (each * lanes.len()) as f64;
    Ok(Figures {
        rate: jobs / (last.saturating_sub(first).max(1) as f64 / 1000.0),
        processor: (after.0 - before.0) * 1e6 / jobs,
        redis: (after.1 - before.1) * 1e6 / jobs,
    })
}

/// How many jobs of the turn take about a second: workers that differ by a thousand are measured alike.
async fn judge(lanes: &mut [Lane], load: &Load) -> Result<usize> {
    done(lanes, Workload::Hold, &json!({ "ms": FIRST }), 2 * load.concurrency).await?;
    // Each child has what these jobs take: the first request of one takes longer than a hundred later ones.
    done(lanes, load.workload, &load.light, 2 * load.concurrency).await?;
    let mut batch = 2;
    loop {
        let started = Instant::now();
        done(lanes, load.workload, &load.data, batch).await?;
        let (took, jobs) = (started.elapsed(), batch * lanes.len());
        if took >= SEEN || jobs * 4 > load.most {
            let least = if load.workload == Workload::Http { LEAST_WAITING * load.concurrency } else { LEAST };
            return Ok(length(jobs as f64 / took.as_secs_f64(), least, load.most));
        }
        batch *= 4;
    }
}

/// Jobs of a turn at this speed.
fn length(rate: f64, least: usize, most: usize) -> usize {
    // A float that does not fit becomes the largest number, which is what is meant.
    ((rate * LENGTH) as usize).max(least).min(most)
}

/// Has so many jobs done in each queue.
async fn done(lanes: &mut [Lane], workload: Workload, data: &Value, each: usize) -> Result<()> {
    for lane in lanes.iter_mut() {
        lane.forget().await?;
        lane.fill(workload, data, each).await?;
    }
    for lane in lanes.iter_mut() {
        lane.wait(each, LOOK).await?;
    }
    Ok(())
}

fn workers_processor(workers: &[u32]) -> f64 {
    workers.iter().map(|id| process::processor(*id).as_secs_f64()).sum()
}

async fn servers_processor(servers: &mut [MultiplexedConnection]) -> Result<f64> {
    let mut sum = 0.0;
    for server in servers {
        sum += server_processor(server).await?;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_takes_about_a_second_and_has_neither_too_few_jobs_nor_too_many() {
        let lengths = [800.0, 0.5, 1e9, f64::INFINITY].map(|rate| length(rate, LEAST, 20_000));
        assert_eq!(lengths, [800, 4, 20_000, 20_000]);
        assert_eq!((length(800.0, LEAST, 3), length(13.0, 1_000, 20_000)), (3, 1_000));
    }
}
