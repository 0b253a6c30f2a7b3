//! Shared code of the commands that connect to Redis: which Redis to use, and how to print results.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::config_file::{own_redis, private_folder};
use super::error::{CliError, CommandResult};
use crate::embedded;
use toril_bullmq::Redis;
use toril_bullmq::admin::{Admin, AdminError};
use toril_config::{self as config, Config, Env};

/// Options of every command that talks to Redis.
#[derive(Debug, Args)]
pub struct Client {
    /// Talk to the private Redis of the `toril dev` that runs beside the configuration.
    #[arg(long)]
    dev: bool,
    /// JSON on standard output, for programs.
    #[arg(long)]
    pub json: bool,
}

impl Client {
    /// The option that a suggested command needs to use the same Redis.
    pub fn dev_option(&self) -> &'static str {
        if self.dev { "--dev " } else { "" }
    }

    /// Reads the configuration and opens Redis.
    pub fn open(&self, path: &Path) -> Result<(Config, Redis), CliError> {
        let mut env = Env::from_process();
        if self.dev {
            let running = embedded::running(&private_folder(path)).map_err(CliError::failed)?;
            env = own_redis(&running.redis_url);
        }
        let config = config::load(path, &env)?;
        let redis = Redis::new(&config.redis).map_err(CliError::wrong)?;
        Ok((config, redis))
    }

    /// Like `open`, but returns the admin client.
    pub fn admin(&self, path: &Path) -> Result<Admin, CliError> {
        let (config, redis) = self.open(path)?;
        let config = Arc::new(config);
        Ok(Admin::new(Arc::new(redis), Arc::new(move || config.clone())))
    }

    /// Prints the result as JSON or through `text`.
    pub fn tell<T: Serialize>(&self, outcome: Result<T, AdminError>, text: impl FnOnce(&T)) -> CommandResult {
        match outcome {
            Ok(outcome) if self.json => print(&outcome),
            Ok(outcome) => {
                text(&outcome);
                Ok(ExitCode::SUCCESS)
            }
            Err(reason) => Err(reason.into()),
        }
    }

    /// Prints that an operation without a result succeeded.
    pub fn done(&self, outcome: Result<(), AdminError>, json: &serde_json::Value, text: &str) -> CommandResult {
        self.tell(outcome.map(|()| json), |_| super::output::say!("{}", super::text::line(text)))
    }
}

/// Prints one line of JSON.
pub fn print<T: Serialize>(document: &T) -> CommandResult {
    super::output::say!("{}", serde_json::to_string(document).map_err(CliError::failed)?);
    Ok(ExitCode::SUCCESS)
}
