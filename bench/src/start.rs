//! Time from starting a worker to the end of its first job, and from a plugin's new file to the end of the first job
//! on it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use toril_tests::toril::component;
use toril_tests::{RedisServer, Toril, repository};

use crate::contender::{Contender, Place};
use crate::queue::Lane;
use crate::rounds::{Measured, Turns, median, middle, progress};
use crate::workload::Workload;

/// Interval of the check.
const LOOK: Duration = Duration::from_millis(1);

/// Median milliseconds from starting the process to the end of a job that was waiting.
pub async fn compare(redis: &RedisServer, contenders: &[Contender], rounds: usize) -> Vec<(Contender, Measured<f64>)> {
    let take = async |contender| first_job(redis, contender).await;
    let shown = |took: &f64| format!("{took:.0} ms");
    let all = Turns::of("start", rounds).taken(contenders, |one| one.title.to_owned(), take, shown).await;
    all.into_iter().map(|(one, turns)| (one, turns.map(|turns| middle(&turns, |one| *one)))).collect()
}

/// Milliseconds of one turn.
pub async fn first_job(redis: &RedisServer, contender: Contender) -> Result<f64> {
    let names = ["bench".to_owned()];
    let mut lane = Lane::alone(redis, &names[0]).await?;
    lane.fill(Workload::Noop, &Workload::Noop.data(None), 1).await?;
    let place = Place { url: redis.url(), cluster: false, queues: &names, concurrency: 10, http: None, database: None };
    let started = Instant::now();
    let worker = contender.start(&place).await?;
    lane.wait(1, LOOK).await?;
    let took = started.elapsed().as_secs_f64() * 1000.0;
    worker.end().await?;
    Ok(took)
}

/// Median milliseconds from replacing a plugin's file to the end of the first job on the new version, with a warm
/// artifact cache.
pub async fn reload(redis: &RedisServer, rounds: usize) -> Result<f64> {
    let blue = std::fs::read(repository().join("target/test-guests/blue/basics.wasm"))
        .context("no second version of the guest `basics`: run `cargo xtask bench`, which builds it")?;
    let versions = [component("basics"), blue];
    let config = "[queues.bench]\nplugin = \"basics\"\nconcurrency = 10\n";
    let mut lane = Lane::alone(redis, "bench").await?;
    let toril = Toril::new().redis(redis.url()).plugin("basics");
    let mut toril = toril.config(config).spawn_run();
    toril.wait_ready().await;
    let mut times = Vec::new();
    let mut before = version(&mut lane).await?;
    // The first two replacements fill the cache.
    for round in 1..=rounds + 2 {
        let started = Instant::now();
        toril.replace_plugin("basics", &versions[round % 2]);
        let now = loop {
            let now = version(&mut lane).await?;
            if now != before {
                break now;
            }
        };
        if round > 2 {
            let took = started.elapsed().as_secs_f64() * 1000.0;
            progress(format!("reload, round {} of {rounds}: {took:.0} ms", round - 2));
            times.push(took);
        }
        before = now;
        // The host treats changes that are close together as one.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    toril.kill();
    Ok(median(times))
}

/// The version that runs a job now.
async fn version(lane: &mut Lane) -> Result<Value> {
    let job = lane.queue.add("version", json!({})).await?;
    let key = lane.key(job.id());
    loop {
        let value: Option<String> =
            redis::cmd("HGET").arg(&key).arg("returnvalue").query_async(&mut lane.connection).await?;
        if let Some(value) = value {
            return Ok(serde_json::from_str(&value)?);
        }
        tokio::time::sleep(LOOK).await;
    }
}
