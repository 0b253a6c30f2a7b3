//! Shared code of the commands that connect to Redis: which Redis to use, and how to print results.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::{FAILED, WRONG, error, unusable};
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

    /// Reads the configuration and opens Redis. On failure, prints the problem and returns the exit code.
    pub fn open(&self, path: &Path) -> Result<(Config, Redis), ExitCode> {
        let mut env = Env::from_process();
        if self.dev {
            let running = embedded::running(&folder(path)).map_err(|reason| error(FAILED, &reason))?;
            env = super::dev::own_redis(&running.redis_url);
        }
        let config = config::load(path, &env).map_err(|problems| unusable(&problems))?;
        let redis = Redis::new(&config.redis).map_err(|reason| error(WRONG, &reason))?;
        Ok((config, redis))
    }

    /// Like `open`, but returns the admin client.
    pub fn admin(&self, path: &Path) -> Result<Admin, ExitCode> {
        let (config, redis) = self.open(path)?;
        let config = Arc::new(config);
        Ok(Admin::new(Arc::new(redis), Arc::new(move || config.clone())))
    }

    /// Prints the result as JSON or through `text`. Returns the exit code.
    pub fn tell<T: Serialize>(&self, outcome: Result<T, AdminError>, text: impl FnOnce(&T)) -> ExitCode {
        match outcome {
            Ok(outcome) if self.json => print(&outcome),
            Ok(outcome) => {
                text(&outcome);
                ExitCode::SUCCESS
            }
            Err(reason) => refused(&reason),
        }
    }

    /// Prints that an operation without a result succeeded. Returns the exit code.
    pub fn done(&self, outcome: Result<(), AdminError>, json: &serde_json::Value, text: &str) -> ExitCode {
        self.tell(outcome.map(|()| json), |_| super::say!("{}", super::text::line(text)))
    }
}

/// Prints one line of JSON.
pub fn print<T: Serialize>(document: &T) -> ExitCode {
    match serde_json::to_string(document) {
        Ok(json) => {
            super::say!("{json}");
            ExitCode::SUCCESS
        }
        Err(reason) => error(FAILED, &reason),
    }
}

/// Prints why an operation failed. Returns the exit code.
pub fn refused(reason: &AdminError) -> ExitCode {
    let code = if matches!(reason, AdminError::Invalid(_)) { WRONG } else { FAILED };
    error(code, &super::text::line(&reason.to_string()))
}

/// The folder `.toril` next to the configuration.
pub fn folder(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).join(".toril")
}
