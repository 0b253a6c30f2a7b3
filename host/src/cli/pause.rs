//! `toril pause` and `toril resume`.

use std::path::Path;

use clap::Args;

use super::client::Client;
use super::error::CommandResult;
use toril_job::QueueName;

/// Options of `toril pause` and `toril resume`.
#[derive(Debug, Args)]
pub struct Pause {
    /// The queue.
    queue: QueueName,
    #[command(flatten)]
    client: Client,
}

impl Pause {
    pub async fn pause(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        self.client.tell(admin.pause(&self.queue).await, |_| {
            crate::cli::output::say!(
                "queue {} is paused: running jobs continue, and no others are claimed",
                self.queue
            );
        })
    }

    pub async fn resume(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        self.client.tell(admin.resume(&self.queue).await, |_| {
            crate::cli::output::say!("queue {} is resumed: its jobs are claimed again", self.queue);
        })
    }
}
