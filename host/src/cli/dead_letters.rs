//! `toril dead-letters`: operations on jobs that failed permanently.

use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::client::Client;
use super::error::{CommandResult, FAILED};
use super::text;
use toril_bullmq::admin::LettersReturned;
use toril_job::{JobId, QueueName};

/// Commands of `toril dead-letters`.
#[derive(Debug, Subcommand)]
pub enum DeadLetters {
    /// Bring dead letters back to the queues that they come from.
    Return(Return),
}

impl DeadLetters {
    pub async fn run(self, path: &Path) -> CommandResult {
        match self {
            Self::Return(back) => back.run(path).await,
        }
    }
}

/// Options of `toril dead-letters return`.
#[derive(Debug, Args)]
pub struct Return {
    /// The queue of dead letters.
    queue: QueueName,
    /// The letters' ids in that queue. Without one: all that wait there, the oldest first.
    ids: Vec<JobId>,
    /// At most so many.
    #[arg(long, conflicts_with = "ids", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    #[command(flatten)]
    client: Client,
}

impl Return {
    async fn run(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        let outcome = admin.return_letters(&self.queue, &self.ids, self.limit).await?;
        let kept = !outcome.kept.is_empty();
        let code = self.client.tell(Ok(outcome), |outcome| tell(outcome, &self.queue))?;
        // Dead letters that stay are an error only if the command line lists their ids.
        if kept && !self.ids.is_empty() { Ok(ExitCode::from(FAILED)) } else { Ok(code) }
    }
}

fn tell(outcome: &LettersReturned, queue: &QueueName) {
    crate::cli::output::say!("{} dead letters of queue {queue} went back", outcome.returned);
    for letter in &outcome.kept {
        crate::cli::output::say!("{} stays: {}", text::line(&letter.id), text::line(&letter.reason));
    }
    if outcome.more {
        crate::cli::output::say!("the limit is reached, and there may be more");
    }
}
