//! `toril jobs`: lists the jobs of a queue in one state, page by page.

use std::path::Path;

use clap::Args;

use super::client::Client;
use super::error::CommandResult;
use super::text;
use toril_bullmq::admin::{JobPage, PageRequest, State};
use toril_job::QueueName;

/// Options of `toril jobs`.
#[derive(Debug, Args)]
pub struct Jobs {
    /// The queue.
    queue: QueueName,
    /// waiting, active, delayed, prioritized, waiting-children, completed or failed.
    #[arg(long, default_value = "waiting")]
    state: State,
    /// The place of the first one, from 0.
    #[arg(long, default_value_t = 0)]
    start: u64,
    /// The place of the last one, which is shown, too. Without it the 20th from the first.
    #[arg(long)]
    end: Option<u64>,
    /// The oldest first, or whose time comes first.
    #[arg(long)]
    asc: bool,
    #[command(flatten)]
    client: Client,
}

impl Jobs {
    pub async fn run(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        let end = self.end.unwrap_or(self.start.saturating_add(19));
        let request = PageRequest { state: self.state, start: self.start, end, ascending: self.asc };
        self.client.tell(admin.jobs(&self.queue, request).await, table)
    }
}

fn table(page: &JobPage) {
    let width = page.jobs.iter().map(|job| text::short(&job.id, 40).chars().count()).max().unwrap_or(0).max(4);
    crate::cli::output::say!("{:width$}  {:24}  {:>8}  {:>20}  reason", "id", "name", "attempts", "added");
    for job in &page.jobs {
        crate::cli::output::say!(
            "{:width$}  {:24}  {:>8}  {:>20}  {}",
            text::short(&job.id, 40),
            text::short(&job.name, 24),
            job.attempts_made,
            text::time(job.timestamp),
            text::short(job.failed_reason.as_deref().unwrap_or(""), 80)
        );
    }
    crate::cli::output::say!("{} of {} {}, from {}", page.jobs.len(), page.total, page.state, page.start);
}
