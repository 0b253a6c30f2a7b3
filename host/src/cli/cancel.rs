//! `toril cancel`: stops a running job, on any host.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::client::Client;
use super::{FAILED, error};
use toril_bullmq::{self as queue, Cancelled};

/// Options of `toril cancel`.
#[derive(Debug, Args)]
pub struct Cancel {
    /// The queue.
    queue: String,
    /// The job's id.
    #[arg(required_unless_present = "all")]
    id: Option<String>,
    /// Every job of the queue that runs.
    #[arg(long, conflicts_with = "id")]
    all: bool,
    /// What the plugin is told.
    #[arg(long, default_value = "cancelled by hand")]
    reason: String,
    /// How long to wait for the job's end. A plugin that does not end by itself is interrupted after 5 seconds.
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = humantime::parse_duration)]
    wait_timeout: Duration,
    #[command(flatten)]
    client: Client,
}

impl Cancel {
    pub async fn run(self, path: &Path) -> ExitCode {
        let (_, redis) = match self.client.open(path) {
            Ok(opened) => opened,
            Err(code) => return code,
        };
        let queue = &self.queue;
        let Some(id) = &self.id else {
            return match queue::cancel_all(&redis, queue, &self.reason).await {
                Ok(hosts) => {
                    match self.client.json {
                        true => crate::cli::say!("{}", serde_json::json!({ "queue": queue, "hosts": hosts })),
                        false => {
                            crate::cli::say!("asked every host ({hosts}) to end the jobs of queue {queue} that it runs")
                        }
                    }
                    ExitCode::SUCCESS
                }
                Err(reason) => error(FAILED, &reason),
            };
        };
        match queue::cancel(&std::sync::Arc::new(redis), queue, id, &self.reason, self.wait_timeout).await {
            Ok(Cancelled::Ended(state)) => {
                match self.client.json {
                    true => crate::cli::say!("{}", serde_json::json!({ "queue": queue, "id": id, "state": state })),
                    false => crate::cli::say!("job {id} of queue {queue} has ended and is {state}"),
                }
                ExitCode::SUCCESS
            }
            Ok(Cancelled::StillRuns) => error(
                FAILED,
                &format!(
                    "job {id} of queue {queue} still runs: its plugin takes its time, or no host of this namespace has it"
                ),
            ),
            Ok(Cancelled::DidNotRun(state)) => {
                error(FAILED, &format!("job {id} of queue {queue} does not run: it is {state}"))
            }
            Ok(Cancelled::NoJob) => error(FAILED, &format!("queue {queue} has no job {id}")),
            Err(reason) => error(FAILED, &reason),
        }
    }
}
