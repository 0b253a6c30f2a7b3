//! `toril cancel`: stops a running job, on any host.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::client::Client;
use super::error::{CliError, CommandResult};
use toril_bullmq::{self as queue, Cancelled};
use toril_job::{JobId, QueueName};

/// Options of `toril cancel`.
#[derive(Debug, Args)]
pub struct Cancel {
    /// The queue.
    queue: QueueName,
    /// The job's id.
    #[arg(required_unless_present = "all")]
    id: Option<JobId>,
    /// Every job of the queue that runs.
    #[arg(long, conflicts_with = "id")]
    all: bool,
    /// The reason that the plugin gets.
    #[arg(long, default_value = "cancelled by hand")]
    reason: String,
    /// How long to wait for the job's end. A plugin that does not end by itself is interrupted after 5 seconds.
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = humantime::parse_duration)]
    wait_timeout: Duration,
    #[command(flatten)]
    client: Client,
}

impl Cancel {
    pub async fn run(self, path: &Path) -> CommandResult {
        let (_, redis) = self.client.open(path)?;
        let queue = &self.queue;
        let Some(id) = &self.id else {
            let hosts = queue::cancel_all(&redis, queue, &self.reason).await.map_err(CliError::failed)?;
            match self.client.json {
                true => crate::cli::output::say!("{}", serde_json::json!({ "queue": queue, "hosts": hosts })),
                false => {
                    crate::cli::output::say!("asked every host ({hosts}) to end the jobs of queue {queue} that it runs")
                }
            }
            return Ok(ExitCode::SUCCESS);
        };
        let redis = std::sync::Arc::new(redis);
        let cancelled = queue::cancel(&redis, queue, id, &self.reason, self.wait_timeout).await;
        let failed = |message: String| Err(CliError::failed(message));
        match cancelled.map_err(CliError::failed)? {
            Cancelled::Ended(state) => {
                match self.client.json {
                    true => {
                        crate::cli::output::say!("{}", serde_json::json!({ "queue": queue, "id": id, "state": state }))
                    }
                    false => crate::cli::output::say!("job {id} of queue {queue} has ended and is {state}"),
                }
                Ok(ExitCode::SUCCESS)
            }
            Cancelled::StillRuns => failed(format!(
                "job {id} of queue {queue} still runs: its plugin takes its time, or no host of this namespace has it"
            )),
            Cancelled::DidNotRun(state) => failed(format!("job {id} of queue {queue} does not run: it is {state}")),
            Cancelled::NoJob => failed(format!("queue {queue} has no job {id}")),
        }
    }
}
