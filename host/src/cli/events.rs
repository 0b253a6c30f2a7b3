//! `toril events`: prints the events of a queue as they happen.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::client::{Client, print};
use super::error::CommandResult;
use super::run::Signals;
use super::{output, text};
use toril_bullmq::admin::Event;
use toril_job::QueueName;

/// Options of `toril events`.
#[derive(Debug, Args)]
pub struct Events {
    /// The queue.
    queue: QueueName,
    /// Begin after the event of this id; 0-0 begins with the oldest that is there. Without it: with the next one.
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    #[command(flatten)]
    client: Client,
}

impl Events {
    pub async fn run(self, path: &Path) -> CommandResult {
        let mut signals = Signals::listen()?;
        let admin = self.client.admin(path)?;
        let mut events = admin.events(&self.queue, self.after.as_deref()).await?;
        eprintln!("following queue {}, until SIGINT or SIGTERM", self.queue);
        loop {
            tokio::select! {
                event = events.next() => {
                    if self.client.json {
                        print(&event)?;
                    } else {
                        line(&event);
                    }
                    if output::is_closed() {
                        return Ok(ExitCode::SUCCESS);
                    }
                }
                () = signals.next() => return Ok(ExitCode::SUCCESS),
            }
        }
    }
}

fn line(event: &Event) {
    let time = event.id.split('-').next().and_then(|time| time.parse().ok()).map_or_else(String::new, text::time);
    let fields: Vec<_> = event
        .fields
        .iter()
        .map(|(name, value)| match value {
            Value::String(value) => format!("{name}={}", text::short(value, 120)),
            value => format!("{name}={}", text::short(value.to_string(), 120)),
        })
        .collect();
    let (name, job) = (text::line(&event.event), text::line(event.job_id.as_deref().unwrap_or("-")));
    crate::cli::output::say!("{time}  {name:16} {job}  {}", fields.join(" "));
}
