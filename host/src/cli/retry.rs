//! `toril retry`: runs finished jobs again.

use std::path::Path;

use clap::Args;
use serde_json::json;

use super::client::Client;
use super::error::CommandResult;
use toril_bullmq::admin::RetryAttempts;
use toril_job::{JobId, QueueName};

/// Options of `toril retry`.
#[derive(Debug, Args)]
pub struct Retry {
    /// The queue.
    queue: QueueName,
    /// The job's id. It has failed or completed.
    #[arg(required_unless_present = "all")]
    id: Option<JobId>,
    /// Every job of the queue that has failed.
    #[arg(long, conflicts_with_all = ["id", "reset_attempts"])]
    all: bool,
    /// Give the job all its attempts again. Without it, it has one.
    #[arg(long)]
    reset_attempts: bool,
    #[command(flatten)]
    client: Client,
}

impl Retry {
    pub async fn run(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        let queue = &self.queue;
        let Some(id) = &self.id else {
            return self.client.tell(admin.retry_all(queue).await, |done| {
                crate::cli::output::say!("{} failed jobs of queue {queue} wait again", done.retried);
            });
        };
        let attempts = if self.reset_attempts { RetryAttempts::All } else { RetryAttempts::One };
        let done = admin.retry(queue, id, attempts).await;
        self.client.done(done, &json!({ "queue": queue, "id": id }), &format!("job {id} of queue {queue} waits again"))
    }
}
