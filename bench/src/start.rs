//! From starting a worker to the end of its first job, and from a plugin's new file to the end of the first job on it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use toril_tests::toril::{component, shared_cache};
use toril_tests::{RedisServer, Toril, repository};

use crate::contender::Contender;
use crate::queue;
use crate::throughput::median;
use crate::workload::Workload;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(1);

/// Milliseconds from the start of the process to the end of a job that was there before: medians.
pub async fn compare(redis: &RedisServer, rounds: usize) -> Result<Vec<(Contender, f64)>> {
    let mut all: Vec<(Contender, Vec<f64>)> = Contender::ALL.into_iter().map(|one| (one, Vec::new())).collect();
    for _ in 0..rounds {
        for (contender, times) in &mut all {
            times.push(first_job(redis, *contender).await?);
        }
    }
    Ok(all.into_iter().map(|(contender, times)| (contender, median(times))).collect())
}

async fn first_job(redis: &RedisServer, contender: Contender) -> Result<f64> {
    let mut connection = redis.connection().await;
    redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await?;
    let queue = queue::open(redis, "bench").await?;
    queue::fill(&queue, Workload::Noop, &Workload::Noop.data(None), 1).await?;
    let started = Instant::now();
    let worker = contender.start(redis, &["bench".to_owned()], 10, None).await?;
    while queue::ended(&mut connection, "bench").await?.0 == 0 {
        tokio::time::sleep(LOOK).await;
    }
    let took = started.elapsed().as_secs_f64() * 1000.0;
    worker.end().await?;
    Ok(took)
}

/// Milliseconds from replacing a plugin's file to the end of the first job on the new version, with a warm artifact cache:
/// the median.
pub async fn reload(redis: &RedisServer, rounds: usize) -> Result<f64> {
    let mut connection = redis.connection().await;
    redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await?;
    let blue = std::fs::read(repository().join("target/test-guests/blue/basics.wasm"))
        .context("there is no second version of the guest `basics`: run `cargo xtask bench`, which builds it")?;
    let versions = [component("basics"), blue];
    let config = "[queues.bench]\nplugin = \"basics\"\nconcurrency = 10\n";
    let toril = Toril::new().redis(redis.url()).host(format!("cache = {:?}", shared_cache())).plugin("basics");
    let mut toril = toril.config(config).spawn_run();
    toril.wait_ready().await;
    let queue = queue::open(redis, "bench").await?;
    let mut times = Vec::new();
    let mut before = version(&queue, &mut connection).await?;
    // The first two replacements fill the cache.
    for round in 1..=rounds + 2 {
        let started = Instant::now();
        toril.replace_plugin("basics", &versions[round % 2]);
        let now = loop {
            let now = version(&queue, &mut connection).await?;
            if now != before {
                break now;
            }
        };
        if round > 2 {
            times.push(started.elapsed().as_secs_f64() * 1000.0);
        }
        before = now;
        // Changes that come close together are one to the host.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    toril.kill();
    Ok(median(times))
}

/// Which version runs a job now.
async fn version(queue: &bullmq::Queue, connection: &mut redis::aio::MultiplexedConnection) -> Result<Value> {
    let job = queue.add("version", json!({})).await?;
    loop {
        let key = format!("bull:bench:{}", job.id());
        let value: Option<String> = redis::cmd("HGET").arg(key).arg("returnvalue").query_async(connection).await?;
        if let Some(value) = value {
            return Ok(serde_json::from_str(&value)?);
        }
        tokio::time::sleep(LOOK).await;
    }
}
