//! `toril priorities`: counts the waiting jobs of each priority.

use std::path::Path;

use clap::Args;

use super::client::Client;
use super::error::CommandResult;
use toril_bullmq::admin::PriorityCount;
use toril_job::QueueName;

/// Options of `toril priorities`.
#[derive(Debug, Args)]
pub struct Priorities {
    /// The queue.
    queue: QueueName,
    /// The priorities to count; 0 counts jobs without one [default: those that there are].
    priorities: Vec<u64>,
    #[command(flatten)]
    client: Client,
}

impl Priorities {
    pub async fn run(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        self.client.tell(admin.counts_per_priority(&self.queue, &self.priorities).await, |counts| table(counts))
    }
}

fn table(counts: &[PriorityCount]) {
    crate::cli::output::say!("{:>8} {:>9}", "priority", "waiting");
    for PriorityCount { priority, count } in counts {
        crate::cli::output::say!("{priority:>8} {count:>9}");
    }
}
