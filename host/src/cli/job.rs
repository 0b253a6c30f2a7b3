//! `toril job`: everything that Redis holds of one job.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use super::client::Client;
use super::{FAILED, error};
use crate::queue;

/// Options of `toril job`.
#[derive(Debug, Args)]
pub struct Job {
    /// The queue.
    queue: String,
    /// The job's id.
    id: String,
    #[command(flatten)]
    client: Client,
}

impl Job {
    pub async fn run(self, path: &Path) -> ExitCode {
        let (_, redis) = match self.client.open(path) {
            Ok(opened) => opened,
            Err(code) => return code,
        };
        let view = match queue::job(&redis, &self.queue, &self.id).await {
            Ok(Some(view)) => view,
            Ok(None) => return error(FAILED, &format!("queue {} has no job {}", self.queue, self.id)),
            Err(reason) => return error(FAILED, &reason),
        };
        // The same document for people, one field a line: it holds nothing that a table would show better.
        let text = if self.client.json { serde_json::to_string(&view) } else { serde_json::to_string_pretty(&view) };
        match text {
            Ok(text) => crate::cli::say!("{text}"),
            Err(reason) => return error(FAILED, &reason),
        }
        ExitCode::SUCCESS
    }
}
