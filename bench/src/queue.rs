//! Adding jobs, and reading what became of them.

use anyhow::{Result, ensure};
use bullmq::options::RedisConnectionOptions;
use bullmq::queue::BulkJob;
use bullmq::{Queue, QueueOptions};
use redis::aio::MultiplexedConnection;
use serde_json::Value;
use toril_tests::RedisServer;

use crate::workload::Workload;

/// Jobs that are added in one go.
const BATCH: usize = 500;

/// The queue of this name.
pub async fn open(redis: &RedisServer, name: &str) -> Result<Queue> {
    let options = QueueOptions::new().connection(RedisConnectionOptions::new().url(redis.url()));
    Ok(Queue::with_options(name, options).await?)
}

/// Adds so many jobs.
pub async fn fill(queue: &Queue, workload: Workload, data: &Value, jobs: usize) -> Result<()> {
    let mut left = jobs;
    while left > 0 {
        let batch = left.min(BATCH);
        queue.add_bulk((0..batch).map(|_| BulkJob::new(workload.name(), data)).collect()).await?;
        left -= batch;
    }
    Ok(())
}

/// How many jobs have completed, and how many have failed.
pub async fn ended(connection: &mut MultiplexedConnection, queue: &str) -> Result<(usize, usize)> {
    let mut pipe = redis::pipe();
    pipe.zcard(format!("bull:{queue}:completed")).zcard(format!("bull:{queue}:failed"));
    Ok(pipe.query_async(connection).await?)
}

/// When the first job was claimed and the last one ended, in milliseconds since the Unix epoch. Every job counts: an error
/// if one has not completed, in one run and with one attempt.
pub async fn span(connection: &mut MultiplexedConnection, queue: &str, jobs: usize) -> Result<(u64, u64)> {
    let ids: Vec<String> =
        redis::cmd("ZRANGE").arg(format!("bull:{queue}:completed")).arg(0).arg(-1).query_async(connection).await?;
    ensure!(ids.len() == jobs, "{} of {jobs} jobs have completed", ids.len());
    let (mut first, mut last) = (u64::MAX, 0);
    for chunk in ids.chunks(BATCH) {
        let mut pipe = redis::pipe();
        for id in chunk {
            pipe.cmd("HMGET").arg(format!("bull:{queue}:{id}")).arg(&["processedOn", "finishedOn", "ats"]);
        }
        let times: Vec<(u64, u64, u64)> = pipe.query_async(connection).await?;
        for (claimed, ended, starts) in times {
            ensure!(starts == 1, "a job was started {starts} times");
            first = first.min(claimed);
            last = last.max(ended);
        }
    }
    Ok((first, last))
}

/// The processor time that the server has used, in seconds.
pub async fn server_processor(connection: &mut MultiplexedConnection) -> Result<f64> {
    let info: String = redis::cmd("INFO").arg("cpu").query_async(connection).await?;
    let field = |name: &str| {
        let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|value| value.trim().parse::<f64>().ok()).unwrap_or(0.0)
    };
    Ok(field("used_cpu_user") + field("used_cpu_sys"))
}
