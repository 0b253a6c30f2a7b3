//! `toril queues`: how many jobs are where.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use super::client::Client;
use super::{FAILED, error};
use crate::queue::{self, QueueView};

/// Options of `toril queues`.
#[derive(Debug, Args)]
pub struct Queues {
    #[command(flatten)]
    client: Client,
}

impl Queues {
    pub async fn run(self, path: &Path) -> ExitCode {
        let (config, redis) = match self.client.open(path) {
            Ok(opened) => opened,
            Err(code) => return code,
        };
        let mut views = Vec::new();
        for name in config.queues.keys() {
            match queue::queue(&redis, name).await {
                Ok(view) => views.push(view),
                Err(reason) => return error(FAILED, &reason),
            }
        }
        if self.client.json {
            match serde_json::to_string(&views) {
                Ok(json) => crate::cli::say!("{json}"),
                Err(reason) => return error(FAILED, &reason),
            }
        } else {
            table(&views);
        }
        ExitCode::SUCCESS
    }
}

fn table(views: &[QueueView]) {
    let width = views.iter().map(|view| view.name.len()).max().unwrap_or(0).max("queue".len());
    crate::cli::say!(
        "{:width$} {:>9} {:>7} {:>8} {:>11} {:>8} {:>10} {:>7}",
        "queue",
        "waiting",
        "active",
        "delayed",
        "prioritized",
        "children",
        "completed",
        "failed"
    );
    for view in views {
        crate::cli::say!(
            "{:width$} {:>9} {:>7} {:>8} {:>11} {:>8} {:>10} {:>7}{}",
            view.name,
            view.waiting,
            view.active,
            view.delayed,
            view.prioritized,
            view.waiting_children,
            view.completed,
            view.failed,
            if view.paused { "  paused" } else { "" }
        );
    }
}
