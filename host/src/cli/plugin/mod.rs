//! `toril plugin`: the commands for those who write plugins, and for those who add jobs to them.

mod bench;
mod inspect;

use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;

/// The commands of `toril plugin`.
#[derive(Debug, Subcommand)]
pub enum Plugin {
    /// Show what a component is: version, origin, imports, what must be granted, job types.
    Inspect(inspect::Inspect),
}

impl Plugin {
    /// `config` is the configuration that the command line names, if it names one.
    pub async fn run(self, config: Option<&Path>) -> ExitCode {
        match self {
            Self::Inspect(inspect) => inspect.run(config).await,
        }
    }
}
