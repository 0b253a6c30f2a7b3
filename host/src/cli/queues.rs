//! `toril queues`: counts the jobs in each state.

use std::path::Path;

use clap::Args;

use super::client::Client;
use super::error::CommandResult;
use toril_bullmq::admin::QueueDetails;

/// Options of `toril queues`.
#[derive(Debug, Args)]
pub struct Queues {
    #[command(flatten)]
    client: Client,
}

impl Queues {
    pub async fn run(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        self.client.tell(admin.queues().await, |queues| table(queues))
    }
}

fn table(queues: &[QueueDetails]) {
    let width = queues.iter().map(|queue| queue.name.as_str().len()).max().unwrap_or(0).max("queue".len());
    crate::cli::output::say!(
        "{:width$} {:>9} {:>7} {:>8} {:>11} {:>8} {:>10} {:>7} {:>10}",
        "queue",
        "waiting",
        "active",
        "delayed",
        "prioritized",
        "children",
        "completed",
        "failed",
        "schedulers"
    );
    for queue in queues {
        crate::cli::output::say!(
            "{:width$} {:>9} {:>7} {:>8} {:>11} {:>8} {:>10} {:>7} {:>10}{}",
            queue.name,
            queue.waiting,
            queue.active,
            queue.delayed,
            queue.prioritized,
            queue.waiting_children,
            queue.completed,
            queue.failed,
            queue.schedulers,
            if queue.paused { "  paused" } else { "" }
        );
    }
}
