//! `toril trim-events`: removes the oldest events of a queue.

use std::path::Path;

use clap::Args;

use super::client::Client;
use super::error::CommandResult;
use toril_job::QueueName;

/// Options of `toril trim-events`.
#[derive(Debug, Args)]
pub struct TrimEvents {
    /// The queue.
    queue: QueueName,
    /// How many of the newest events stay. Redis removes whole blocks of events, so some more may stay.
    #[arg(long, value_name = "EVENTS")]
    keep: u64,
    #[command(flatten)]
    client: Client,
}

impl TrimEvents {
    pub async fn run(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        self.client.tell(admin.trim_events(&self.queue, self.keep).await, |trimmed| {
            crate::cli::output::say!("removed {} events of queue {}", trimmed.removed, self.queue);
        })
    }
}
