//! `toril job`: shows everything that Redis stores about one job.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use super::client::{Client, refused};
use super::text;

/// Options of `toril job`.
#[derive(Debug, Args)]
pub struct Job {
    /// The queue.
    queue: String,
    /// The job's id.
    id: String,
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
    pub async fn run(self, path: &Path) -> ExitCode {
        let mut admin = match self.client.admin(path) {
            Ok(admin) => admin,
            Err(code) => return code,
        };
        if let Some(start) = self.logs {
            let page = admin.job_logs(&self.queue, &self.id, start, start.saturating_add(999)).await;
            return self
                .client
                .tell(page, |page| page.lines.iter().for_each(|line| crate::cli::say!("{}", text::line(line))));
        }
        if self.reveal {
            admin = admin.revealing();
        }
        match admin.job_details(&self.queue, &self.id).await {
            // People get the same document, one field per line, because a table would not show it better.
            Ok(job) => self.client.tell(Ok(job), |job| crate::cli::say!("{}", text::document(job))),
            Err(reason) => refused(&reason),
        }
    }
}
