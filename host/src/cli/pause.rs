//! `toril pause` and `toril resume`.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use super::client::Client;

/// Options of `toril pause` and `toril resume`.
#[derive(Debug, Args)]
pub struct Pause {
    /// The queue.
    queue: String,
    #[command(flatten)]
    client: Client,
}

impl Pause {
    pub async fn pause(self, path: &Path) -> ExitCode {
        match self.client.admin(path) {
            Ok(admin) => self.client.tell(admin.pause(&self.queue).await, |_| {
                crate::cli::say!("queue {} is paused: what runs goes on, and nothing else is claimed", self.queue);
            }),
            Err(code) => code,
        }
    }

    pub async fn resume(self, path: &Path) -> ExitCode {
        match self.client.admin(path) {
            Ok(admin) => self.client.tell(admin.resume(&self.queue).await, |_| {
                crate::cli::say!("queue {} is worked again", self.queue);
            }),
            Err(code) => code,
        }
    }
}
