//! Adds jobs, and reads their outcomes.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use bullmq::options::RedisConnectionOptions;
use bullmq::queue::BulkJob;
use bullmq::{Queue, QueueOptions};
use redis::aio::MultiplexedConnection;
use serde_json::Value;
use toril_tests::RedisServer;

use crate::workload::Workload;

/// Jobs that are added in one call.
const BATCH: usize = 500;

/// A queue, and a connection to its server.
pub struct Lane {
    /// The producer.
    pub queue: Queue,
    /// A connection to the queue's server.
    pub connection: MultiplexedConnection,
    name: String,
}

impl Lane {
    /// Opens the queue of this name on this server.
    pub async fn open(redis: &RedisServer, name: &str) -> Result<Self> {
        let options = QueueOptions::new().connection(RedisConnectionOptions::new().url(redis.url()));
        let queue = Queue::with_options(name, options).await?;
        Ok(Self { queue, connection: redis.connection().await, name: name.to_owned() })
    }

    /// The same, after emptying the server.
    pub async fn alone(redis: &RedisServer, name: &str) -> Result<Self> {
        flush(redis).await?;
        Self::open(redis, name).await
    }

    /// Adds this many jobs.
    pub async fn fill(&self, workload: Workload, data: &Value, jobs: usize) -> Result<()> {
        let mut left = jobs;
        while left > 0 {
            let batch = left.min(BATCH);
            self.queue.add_bulk((0..batch).map(|_| BulkJob::new(workload.name(), data)).collect()).await?;
            left -= batch;
        }
        Ok(())
    }

    /// The number of completed jobs. Fails if a job has failed.
    pub async fn completed(&mut self) -> Result<usize> {
        let mut pipe = redis::pipe();
        pipe.zcard(self.key("completed")).zcard(self.key("failed"));
        let (completed, failed): (usize, usize) = pipe.query_async(&mut self.connection).await?;
        if failed > 0 {
            bail!("{failed} jobs have failed, one of them with: {}", self.reason().await?);
        }
        Ok(completed)
    }

    /// Waits until this many jobs have completed.
    pub async fn wait(&mut self, jobs: usize, pause: Duration) -> Result<()> {
        while self.completed().await? < jobs {
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    /// Removes the completed jobs, so that they do not count again.
    pub async fn forget(&mut self) -> Result<()> {
        Ok(redis::cmd("DEL").arg(self.key("completed")).query_async(&mut self.connection).await?)
    }

    /// The number of running jobs.
    pub async fn active(&mut self) -> Result<usize> {
        Ok(redis::cmd("LLEN").arg(self.key("active")).query_async(&mut self.connection).await?)
    }

    /// When the first job was claimed and the last one ended, in milliseconds since the Unix epoch. Fails unless
    /// every job has completed in one run and with one attempt.
    pub async fn span(&mut self, jobs: usize) -> Result<(u64, u64)> {
        let mut ids = redis::cmd("ZRANGE");
        let ids: Vec<String> = ids.arg(self.key("completed")).arg(0).arg(-1).query_async(&mut self.connection).await?;
        ensure!(ids.len() == jobs, "{} of {jobs} jobs have completed", ids.len());
        let (mut first, mut last) = (u64::MAX, 0);
        for chunk in ids.chunks(BATCH) {
            let mut pipe = redis::pipe();
            for id in chunk {
                pipe.cmd("HMGET").arg(self.key(id)).arg(&["processedOn", "finishedOn", "ats"]);
            }
            let times: Vec<(u64, u64, u64)> = pipe.query_async(&mut self.connection).await?;
            for (claimed, ended, starts) in times {
                ensure!(starts == 1, "a job was started {starts} times");
                first = first.min(claimed);
                last = last.max(ended);
            }
        }
        Ok((first, last))
    }

    /// A key of the queue.
    pub fn key(&self, of: &str) -> String {
        format!("bull:{}:{of}", self.name)
    }

    async fn reason(&mut self) -> Result<String> {
        let failed = self.key("failed");
        let ids: Vec<String> = redis::cmd("ZRANGE").arg(failed).arg(0).arg(0).query_async(&mut self.connection).await?;
        let Some(id) = ids.first() else { return Ok(String::new()) };
        let reason: Option<String> =
            redis::cmd("HGET").arg(self.key(id)).arg("failedReason").query_async(&mut self.connection).await?;
        Ok(reason.unwrap_or_default())
    }
}

/// Empties a server.
pub async fn flush(redis: &RedisServer) -> Result<()> {
    Ok(redis::cmd("FLUSHALL").query_async(&mut redis.connection().await).await?)
}

/// The processor time of a server, in seconds.
pub async fn server_processor(connection: &mut MultiplexedConnection) -> Result<f64> {
    let info: String = redis::cmd("INFO").arg("cpu").query_async(connection).await?;
    let field = |name: &str| {
        let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|value| value.trim().parse::<f64>().ok()).unwrap_or(0.0)
    };
    Ok(field("used_cpu_user") + field("used_cpu_sys"))
}
