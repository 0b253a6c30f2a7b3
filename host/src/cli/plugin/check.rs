//! `toril plugin check`: lists what of a processor of BullMQ works in a plugin, what it needs, and what does not work. The
//! SDK for JavaScript reads the source.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::author::build::check_script;
use crate::cli::error::{CliError, CommandResult};

/// Options of `toril plugin check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The processor: a file in JavaScript or TypeScript.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// JSON on standard output, for programs.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub async fn run(self) -> CommandResult {
        let checked = tokio::task::spawn_blocking(move || check_script(&self.file, self.json)).await;
        let works = checked.map_err(CliError::failed)?.map_err(CliError::failed)?;
        Ok(if works { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
