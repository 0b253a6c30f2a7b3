//! One turn: workers run on some queues and process as many jobs as take about a second. Warm-up jobs come first and
//! do not count, so that every child process has started and every compiler has seen the code.

use std::time::{Duration, Instant};

use anyhow::Result;
use redis::aio::MultiplexedConnection;
use serde_json::{Value, json};

use crate::process;
use crate::queue::{Lane, server_processor};
use crate::workload::Workload;

/// Approximate duration of a turn, in seconds.
const LENGTH: f64 = 1.0;
/// Duration of the sample that estimates the speed.
const SEEN: Duration = Duration::from_millis(200);
/// Minimum number of jobs in a turn.
const LEAST: usize = 4;
/// Minimum number of waiting jobs for each slot. Then the start of a hundred new processes is over, which continues
/// after their first answer.
const LEAST_WAITING: usize = 50;
/// Minimum milliseconds of the first jobs. In that time the worker claims all jobs of a batch, and so starts every
/// child process.
const FIRST: u64 = 50;
const LOOK: Duration = Duration::from_millis(4);

/// The jobs of a turn.
pub struct Load {
    /// The kind of job.
    pub workload: Workload,
    /// Their data.
    pub data: Value,
    /// Data of jobs that do the same in less time.
    pub light: Value,
    /// Total concurrency of all workers, in each queue.
    pub concurrency: usize,
    /// Maximum number of jobs of the turn, in all queues together.
    pub most: usize,
}

impl Load {
    /// Jobs in each queue that come before the ones that count.
    pub fn warm_ups(&self) -> usize {
        2 * self.concurrency
    }
}

/// The figures of a turn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Jobs per second.
    pub rate: f64,
    /// Processor time of the workers and their children, in microseconds per job.
    pub processor: f64,
    /// Processor time of Redis, in microseconds per job.
    pub redis: f64,
}

/// Lets running workers with these process ids process jobs in these queues. `servers`: the Redis servers of the
/// queues.
pub async fn run(
    lanes: &mut [Lane],
    workers: &[u32],
    servers: &mut [MultiplexedConnection],
    load: &Load,
) -> Result<Figures> {
    let each = judge(lanes, load).await?.div_ceil(lanes.len()).max(1);
    measure(lanes, workers, servers, load, each).await
}

/// The same with exactly as many jobs as the load has at most.
pub async fn run_all(
    lanes: &mut [Lane],
    workers: &[u32],
    servers: &mut [MultiplexedConnection],
    load: &Load,
) -> Result<Figures> {
    done(lanes, load.workload, &load.light, load.warm_ups()).await?;
    measure(lanes, workers, servers, load, load.most.div_ceil(lanes.len())).await
}

async fn measure(
    lanes: &mut [Lane],
    workers: &[u32],
    servers: &mut [MultiplexedConnection],
    load: &Load,
    each: usize,
) -> Result<Figures> {
    // Paused, so that adding the jobs costs the workers nothing.
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

/// How many jobs take about a second, so that workers whose speeds differ by a factor of 1,000 are measured alike.
async fn judge(lanes: &mut [Lane], load: &Load) -> Result<usize> {
    done(lanes, Workload::Hold, &json!({ "ms": FIRST }), 2 * load.concurrency).await?;
    // Warms up each child process: its first request takes longer than a hundred later ones.
    done(lanes, load.workload, &load.light, load.warm_ups()).await?;
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

/// The number of jobs of a turn at this speed.
fn length(rate: f64, least: usize, most: usize) -> usize {
    // A float that does not fit saturates to the largest number, as intended.
    ((rate * LENGTH) as usize).max(least).min(most)
}

/// Runs this many jobs in each queue.
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
    fn a_turn_takes_about_a_second_within_the_limits_of_its_number_of_jobs() {
        let lengths = [800.0, 0.5, 1e9, f64::INFINITY].map(|rate| length(rate, LEAST, 20_000));
        assert_eq!(lengths, [800, 4, 20_000, 20_000]);
        assert_eq!((length(800.0, LEAST, 3), length(13.0, 1_000, 20_000)), (3, 1_000));
    }
}
