//! `toril plugin types`: generates types for the producers of a plugin's jobs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::component;
use crate::author::types::{self, Described, DescribedJob, TypesLanguage};
use crate::cli::error::CommandResult;

/// Options of `toril plugin types`.
#[derive(Debug, Args)]
pub struct Types {
    /// The component.
    file: PathBuf,
    /// The producer's language.
    #[arg(long, value_enum)]
    lang: TypesLanguage,
}

impl Types {
    pub async fn run(self, config: Option<&Path>) -> CommandResult {
        let prepared = component::load_without_grants(&self.file, config).await?;
        let version = prepared.version();
        let sorted = version.jobs.sorted();
        let jobs: Vec<_> = sorted
            .iter()
            .map(|(name, job)| DescribedJob {
                name,
                description: &job.description,
                schema: job.schema.as_ref(),
                result: job.result.as_ref(),
            })
            .collect();
        let described = Described { plugin: prepared.plugin(), version: &version.id, jobs: &jobs };
        crate::cli::output::write(&crate::cli::text::plain(&types::write(&described, self.lang)));
        Ok(ExitCode::SUCCESS)
    }
}
