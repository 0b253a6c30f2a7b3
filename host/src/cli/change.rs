//! `toril promote`, `toril remove` and `toril change`: operations on one job.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::client::Client;
use super::error::CommandResult;
use toril_bullmq::admin::{Children, Order};
use toril_job::{JobId, LARGEST_PRIORITY, QueueName};

/// Options of `toril promote`.
#[derive(Debug, Args)]
pub struct Promote {
    /// The queue.
    queue: QueueName,
    /// The job's id. It is delayed.
    id: JobId,
    #[command(flatten)]
    client: Client,
}

impl Promote {
    pub async fn run(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        let Self { queue, id, client } = &self;
        let done = admin.promote(queue, id).await;
        client.done(done, &json!({ "queue": queue, "id": id }), &format!("job {id} of queue {queue} can be claimed"))
    }
}

/// Options of `toril remove`.
#[derive(Debug, Args)]
pub struct Remove {
    /// The queue.
    queue: QueueName,
    /// The job's id.
    id: JobId,
    /// Leave its children where they are.
    #[arg(long)]
    keep_children: bool,
    #[command(flatten)]
    client: Client,
}

impl Remove {
    pub async fn run(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        let (queue, id) = (&self.queue, &self.id);
        let children = if self.keep_children { Children::Keep } else { Children::Remove };
        let done = admin.remove(queue, id, children).await;
        self.client.done(done, &json!({ "queue": queue, "id": id }), &format!("job {id} of queue {queue} is removed"))
    }
}

/// Options of `toril change`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub struct Change {
    /// The queue.
    queue: QueueName,
    /// The job's id.
    id: JobId,
    /// Another priority: 1 goes first, 2097151 last, and 0 before those.
    #[arg(long, group = "what", value_parser = clap::value_parser!(u32).range(0..=i64::from(LARGEST_PRIORITY)))]
    priority: Option<u32>,
    /// Before the others of that priority.
    #[arg(long, requires = "priority")]
    lifo: bool,
    /// Another delay, from now.
    #[arg(long, group = "what", value_name = "DURATION", value_parser = humantime::parse_duration)]
    delay: Option<Duration>,
    #[command(flatten)]
    client: Client,
}

impl Change {
    pub async fn run(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        let (queue, id) = (&self.queue, &self.id);
        if let Some(priority) = self.priority {
            let order = if self.lifo { Order::Lifo } else { Order::Fifo };
            admin.change_priority(queue, id, priority, order).await?;
        }
        let done = match self.delay {
            Some(delay) => {
                let delay = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
                admin.change_delay(queue, id, delay).await
            }
            None => Ok(()),
        };
        self.client.done(done, &json!({ "queue": queue, "id": id }), &format!("job {id} of queue {queue} is changed"))
    }
}
