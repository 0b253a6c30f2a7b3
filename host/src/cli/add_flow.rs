//! `toril add-flow`: adds a tree of jobs over several queues.

use std::io::{self, Read};
use std::path::Path;

use clap::Args;

use super::client::Client;
use super::error::{CliError, CommandResult};
use super::text;
use toril_bullmq::admin::{AddedFlow, NewFlow};

/// The size limit of a flow's description, in bytes.
const LONGEST: u64 = 64 << 20;

/// Options of `toril add-flow`.
#[derive(Debug, Args)]
pub struct AddFlow {
    /// The flow: a JSON document with name, queueName, data, opts and children, as BullMQ's FlowProducer takes it. `-` reads
    /// standard input.
    file: String,
    #[command(flatten)]
    client: Client,
}

impl AddFlow {
    pub async fn run(self, path: &Path) -> CommandResult {
        let flow = read(&self.file).map_err(|reason| CliError::wrong(text::line(reason)))?;
        let admin = self.client.admin(path)?;
        self.client.tell(admin.add_flow(flow).await, |added| tree(added, 0))
    }
}

fn read(file: &str) -> Result<NewFlow, String> {
    let input: Box<dyn Read> = match file {
        "-" => Box::new(io::stdin()),
        path => Box::new(std::fs::File::open(path).map_err(|reason| format!("{path} cannot be read: {reason}"))?),
    };
    let mut document = Vec::new();
    input.take(LONGEST + 1).read_to_end(&mut document).map_err(|reason| format!("{file} cannot be read: {reason}"))?;
    if document.len() as u64 > LONGEST {
        return Err(format!("{file} is longer than 64 MiB"));
    }
    serde_json::from_slice(&document).map_err(|reason| format!("{file} is not a flow: {reason}"))
}

fn tree(added: &AddedFlow, depth: usize) {
    let (queue, id) = (text::line(&added.queue), text::line(&added.id));
    crate::cli::output::say!("{:indent$}{queue} {id}", "", indent = depth * 2);
    for child in &added.children {
        tree(child, depth + 1);
    }
}
