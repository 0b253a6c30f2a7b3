//! `toril flow`: shows a job and its children as a tree.

use std::path::Path;

use clap::Args;

use super::client::Client;
use super::error::CommandResult;
use super::text;
use toril_bullmq::admin::{FlowNode, FlowRequest};
use toril_job::{JobId, QueueName};

/// Options of `toril flow`.
#[derive(Debug, Args)]
pub struct Flow {
    /// The queue.
    queue: QueueName,
    /// The job's id.
    id: JobId,
    /// How many levels below the job.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=20))]
    depth: u32,
    /// How many children of each job.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=100))]
    max_children: u32,
    #[command(flatten)]
    client: Client,
}

impl Flow {
    pub async fn run(self, path: &Path) -> CommandResult {
        let admin = self.client.admin(path)?;
        let request = FlowRequest { depth: self.depth, max_children: self.max_children };
        self.client.tell(admin.flow(&self.queue, &self.id, request).await, |root| tree(root, 0))
    }
}

fn tree(node: &FlowNode, depth: usize) {
    let name = node.name.as_deref().unwrap_or("(removed)");
    let reason = node.failed_reason.as_deref().map(|reason| format!(": {}", text::short(reason, 80)));
    crate::cli::output::say!(
        "{:indent$}{} {} {}  {}{}",
        "",
        text::line(&node.queue),
        text::line(&node.id),
        text::line(name),
        node.state,
        reason.unwrap_or_default(),
        indent = depth * 2
    );
    for child in &node.children {
        tree(child, depth + 1);
    }
    if node.truncated {
        crate::cli::output::say!("{:indent$}…", "", indent = (depth + 1) * 2);
    }
}
