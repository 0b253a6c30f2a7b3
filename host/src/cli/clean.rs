//! `toril drain` and `toril clean`: remove many jobs.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::client::Client;
use super::error::CommandResult;
use toril_bullmq::admin::{DelayedJobs, State};
use toril_job::QueueName;

/// Options of `toril drain`.
#[derive(Debug, Args)]
pub struct Drain {
    /// The queue.
    queue: QueueName,
    /// Also jobs whose time has not come.
    #[arg(long)]
    delayed: bool,
    #[command(flatten)]
    client: Client,
}

impl Drain {
    pub async fn run(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        let queue = &self.queue;
        let delayed = if self.delayed { DelayedJobs::Remove } else { DelayedJobs::Keep };
        let done = admin.drain(queue, delayed).await;
        self.client.done(done, &json!({ "queue": queue }), &format!("no job of queue {queue} waits any more"))
    }
}

/// Options of `toril clean`.
#[derive(Debug, Args)]
pub struct Clean {
    /// The queue.
    queue: QueueName,
    /// completed, failed, waiting, delayed, prioritized or active.
    #[arg(long)]
    state: State,
    /// Only those that have been there for longer.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    older_than: Duration,
    /// At most so many.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    #[command(flatten)]
    client: Client,
}

impl Clean {
    pub async fn run(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        let done = admin.clean(&self.queue, self.state, self.older_than, self.limit).await;
        self.client.tell(done, |done| {
            crate::cli::output::say!("removed {} {} jobs of queue {}", done.removed, self.state, self.queue)
        })
    }
}
