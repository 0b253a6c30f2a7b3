//! `toril job`: shows everything that Redis stores about one job.

use std::path::Path;

use clap::Args;

use super::client::Client;
use super::error::CommandResult;
use super::text;
use toril_job::{JobId, QueueName};

/// Options of `toril job`.
#[derive(Debug, Args)]
pub struct Job {
    /// The queue.
    queue: QueueName,
    /// The job's id.
    id: JobId,
    /// Lines of its log from this one on, from 0, and nothing else.
    #[arg(long, value_name = "LINE")]
    logs: Option<u64>,
    /// Also the values of fields that `redact` under [host] hides.
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    client: Client,
}

impl Job {
    pub async fn run(self, path: &Path) -> CommandResult {
        let mut admin = self.client.admin(path)?;
        if let Some(start) = self.logs {
            let page = admin.job_logs(&self.queue, &self.id, start, start.saturating_add(999)).await;
            return self.client.tell(page, |page| {
                page.lines.iter().for_each(|line| crate::cli::output::say!("{}", text::line(line)))
            });
        }
        if self.reveal {
            admin = admin.revealing();
        }
        let job = admin.job_details(&self.queue, &self.id).await;
        // People get the same document, one field per line, because a table would not show it better.
        self.client.tell(job, |job| crate::cli::output::say!("{}", text::document(job)))
    }
}
