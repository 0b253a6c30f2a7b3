//! A BullMQ worker without Toril. It adds jobs to a queue, runs them and prints their results:
//!
//!     cargo run -p toril-bullmq --example worker
//!
//! `REDIS_URL` names the server. Its default is redis://127.0.0.1:6379.

use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, try_join_all};
use serde_json::{Value, json};
use toril_bullmq::{JobSpec, QueueWorker, Redis, Service, add_and_listen};
use toril_job::settings::{self, JobDefaults, Queue};
use toril_job::{Attempt, Failure, FailureKind, Finished, LogLevel, Outcome, QueueName, Runner};

/// How long the jobs may take.
const BOUND: Duration = Duration::from_secs(30);

/// Runs the jobs. Each job contains a name to greet.
struct Greeter;

impl Runner for Greeter {
    fn run(&self, attempt: Attempt) -> BoxFuture<'_, Finished> {
        async move {
            let data = attempt.job.data.value().unwrap_or_default();
            let outcome = match data["name"].as_str() {
                Some(name) => {
                    attempt.context.log(LogLevel::Info, "greeting".into()).await;
                    Outcome::Completed(json!({ "greeting": format!("Hello, {name}!") }).into())
                }
                // `Failed` is final. `Retry` runs the job again after its backoff, while it has attempts left.
                None => Outcome::Failed(Failure::new(FailureKind::InvalidData, "the data has no text `name`")),
            };
            Finished { outcome, plugin: "greeter".into(), version: None, usage: None }
        }
        .boxed()
    }
}

/// Works on a queue, adds a job for each name, and returns the results.
pub async fn work(url: &str, queue: &str, names: &[&str]) -> Result<Vec<Value>, Box<dyn Error>> {
    let queue = QueueName::new(queue)?;
    let redis = Arc::new(Redis::new(&settings::Redis { url: Some(url.parse()?), ..Default::default() })?);
    let settings = Queue { concurrency: NonZeroUsize::new(100).ok_or("not zero")?, ..Queue::default() };
    let service = Service::new(redis.clone(), Arc::new(|_: &QueueName| JobDefaults::default()));
    let worker = QueueWorker::prepare(service.clone(), &queue, &settings, Arc::new(Greeter)).await?;
    // Listens for cancelled jobs, and replaces connections that have become silent.
    let listening = tokio::spawn(service.listen());
    worker.begin();

    let jobs = names.iter().map(|name| {
        let job = JobSpec::new(queue.clone(), "greet", json!({ "name": name }), &settings.job_defaults);
        async { Ok::<_, Box<dyn Error>>(add_and_listen(&redis, job).await?.wait(BOUND).await?) }
    });
    let results = try_join_all(jobs).await;

    // Claims no more jobs, and waits for the jobs that still run.
    worker.close(BOUND).await;
    listening.abort();
    results
}

#[tokio::main]
#[allow(dead_code, reason = "a test includes this file and calls `work`")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".into());
    for result in work(&url, "greetings", &["Ada", "Grace", "Edsger"]).await? {
        println!("{result}");
    }
    Ok(())
}
