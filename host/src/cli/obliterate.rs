//! `toril obliterate`: removes a queue with everything in it.

use std::path::Path;

use clap::Args;
use serde_json::json;

use super::client::Client;
use super::error::CommandResult;
use toril_bullmq::admin::ActiveJobs;
use toril_job::QueueName;

/// Options of `toril obliterate`.
#[derive(Debug, Args)]
pub struct Obliterate {
    /// The queue. It must be paused.
    queue: QueueName,
    /// Also active jobs, whose workers then lose them.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    client: Client,
}

impl Obliterate {
    pub async fn run(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        let queue = &self.queue;
        let active = if self.force { ActiveJobs::Remove } else { ActiveJobs::Refuse };
        let done = admin.obliterate(queue, active).await;
        self.client.done(done, &json!({ "queue": queue }), &format!("queue {queue} and all its jobs are removed"))
    }
}
