//! BullMQ's own Rust worker with a native closure, without isolation.

use anyhow::{Context, Result};
use bullmq::options::RedisConnectionOptions;
use bullmq::worker::CancellationToken;
use bullmq::{Error, Job, Worker, WorkerOptions};
use serde_json::{Value, json};
use toril_tests::http;

use crate::workload::churn;

/// Runs until it is killed, and prints "ready" once it is ready.
pub async fn work(url: &str, concurrency: usize, queues: &[String]) -> Result<()> {
    let mut workers = Vec::new();
    for queue in queues {
        let connection = RedisConnectionOptions::new().url(url);
        let options = WorkerOptions::new().connection(connection).concurrency(concurrency);
        let worker = Worker::with_options(queue, |job: Job, _: CancellationToken| run(job), options).await?;
        workers.push(std::sync::Arc::new(worker));
    }
    for worker in &workers {
        let worker = worker.clone();
        // Its event channel is unbounded, so the events must be read.
        tokio::spawn(async move { while worker.next_event().await.is_some() {} });
    }
    println!("ready");
    tokio::signal::ctrl_c().await.context("could not listen for Ctrl-C")
}

async fn run(job: Job) -> Result<Value, Error> {
    let data = job.data();
    match job.name() {
        "noop" => Ok(json!(1)),
        "payload" => Ok(data.clone()),
        "cpu" => Ok(json!(churn(u32::try_from(data["rounds"].as_u64().unwrap_or(0)).unwrap_or(u32::MAX)))),
        "http" => {
            let answer = http::get(data["url"].as_str().unwrap_or_default()).await;
            answer.map(|answer| json!(answer.status)).map_err(|error| Error::ProcessingError(error.to_string()))
        }
        "hold" => {
            tokio::time::sleep(std::time::Duration::from_millis(data["ms"].as_u64().unwrap_or(0))).await;
            Ok(json!(1))
        }
        other => Err(Error::Unrecoverable(format!("unknown workload {other}"))),
    }
}
