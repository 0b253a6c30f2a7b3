//! `toril deduplication`: shows which job holds a deduplication id, or releases the id.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::client::Client;
use super::error::{CliError, CommandResult};
use super::text;
use toril_job::QueueName;

/// Options of `toril deduplication`.
#[derive(Debug, Args)]
pub struct Deduplication {
    /// The queue.
    queue: QueueName,
    /// The deduplication id.
    id: String,
    /// Let the next job of this id be added. The job that holds the id stays.
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    client: Client,
}

impl Deduplication {
    pub async fn run(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        let (queue, id) = (&self.queue, &self.id);
        let no_job = || {
            let message = format!("no job of queue {queue} holds the deduplication id {id}");
            Err(CliError::failed(text::line(message)))
        };
        if self.remove {
            return match admin.remove_deduplication(queue, id).await {
                Ok(false) => no_job(),
                removed => self.client.done(
                    removed.map(drop),
                    &json!({ "queue": queue, "id": id }),
                    &format!("the next job with the deduplication id {id} is added to queue {queue}"),
                ),
            };
        }
        match admin.deduplication(queue, id).await {
            Ok(None) => no_job(),
            found => self.client.tell(found, |holder| {
                let Some(holder) = holder else { return };
                let until = match holder.expires_in {
                    Some(left) => format!("for another {}", humantime::format_duration(Duration::from_millis(left))),
                    None => "until it ends".to_owned(),
                };
                crate::cli::output::say!("job {} holds it, {until}", text::line(&holder.job_id));
            }),
        }
    }
}
