//! `toril plugin`: the commands for plugin authors, and for developers who add jobs.

mod build;
mod check;
mod component;
mod inspect;
mod new;
mod pools;
mod report;
mod test;
mod types;

use std::path::Path;

use clap::Subcommand;

use super::error::CommandResult;

/// The commands of `toril plugin`.
#[derive(Debug, Subcommand)]
pub enum Plugin {
    /// Write a project that builds and passes its own test at once.
    New(new::New),
    /// Build a project into PLUGINS/NAME.wasm, with the toolchain that is installed.
    Build(build::Build),
    /// List what of a processor of BullMQ works in a plugin, which grants it needs, and what does not work.
    Check(check::Check),
    /// Show what a component is: version, origin, imports, what must be granted, job types.
    Inspect(inspect::Inspect),
    /// Run one job through a component, without Redis.
    Test(Box<test::Test>),
    /// Write the types of a plugin's jobs for those who add them.
    Types(types::Types),
}

impl Plugin {
    /// `config` is the configuration from the command line, if it names one.
    pub async fn run(self, config: Option<&Path>) -> CommandResult {
        match self {
            Self::New(new) => new.run(),
            Self::Build(build) => build.run(config).await,
            Self::Check(check) => check.run().await,
            Self::Inspect(inspect) => inspect.run(config).await,
            Self::Test(test) => test.run(config).await,
            Self::Types(types) => types.run(config).await,
        }
    }
}
