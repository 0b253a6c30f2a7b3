//! `toril workers`: lists the workers that are connected to a queue.

use std::path::Path;
use std::time::Duration;

use clap::Args;

use super::client::Client;
use super::error::CommandResult;
use super::text;
use toril_bullmq::admin::WorkerClient;
use toril_job::QueueName;

/// Options of `toril workers`.
#[derive(Debug, Args)]
pub struct Workers {
    /// The queue.
    queue: QueueName,
    #[command(flatten)]
    client: Client,
}

impl Workers {
    pub async fn run(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        self.client.tell(admin.workers(&self.queue).await, |workers| table(workers))
    }
}

fn table(workers: &[WorkerClient]) {
    crate::cli::output::say!("{:24}  {:>14}  address", "name", "connected for");
    for worker in workers {
        let name = worker.name.as_deref().unwrap_or("-");
        let age = humantime::format_duration(Duration::from_secs(worker.age)).to_string();
        crate::cli::output::say!("{:24}  {age:>14}  {}", text::short(name, 24), text::short(&worker.address, 60));
    }
}
