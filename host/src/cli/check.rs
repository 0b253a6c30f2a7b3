//! `toril check`: reports all problems without running anything. Connects to Redis only if `--redis` is given.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use super::error::CommandResult;
use crate::host::{self, StartError};
use toril_bullmq::{ConnectError, Redis};
use toril_config::{self as config, Config, Env};

/// Options of `toril check`.
#[derive(Debug, Args)]
pub struct Check {
    /// JSON on standard output, for programs.
    #[arg(long)]
    json: bool,
    /// Also connect to Redis, and check that it can be used: that it answers, takes the user, and is new enough.
    #[arg(long)]
    redis: bool,
}

impl Check {
    pub async fn run(self, path: &Path) -> CommandResult {
        let config = config::load(path, &Env::from_process())?;
        let checked = host::check(&config).await?;
        if self.redis
            && let Err(reason) = connect(&config).await
        {
            return Err(StartError::Redis(reason).into());
        }
        if self.json {
            let plugins: Vec<_> = checked
                .plugins
                .iter()
                .map(|p| serde_json::json!({ "plugin": p.plugin, "version": p.version, "description": p.description, "jobs": p.jobs }))
                .collect();
            let queues: Vec<_> = config.queues.keys().collect();
            crate::cli::output::say!("{}", serde_json::json!({ "queues": queues, "plugins": plugins }));
            return Ok(ExitCode::SUCCESS);
        }
        for warning in &checked.warnings {
            eprintln!("{warning}");
        }
        for plugin in checked.plugins {
            let jobs = if plugin.jobs.is_empty() { "any job".to_owned() } else { plugin.jobs.join(", ") };
            crate::cli::output::say!(
                "plugin {} version {}: {} (handles {jobs})",
                plugin.plugin,
                plugin.version,
                plugin.description
            );
        }
        let (count, noun) = (config.queues.len(), if config.queues.len() == 1 { "queue" } else { "queues" });
        crate::cli::output::say!("{} is fine: {count} {noun}", path.display());
        Ok(ExitCode::SUCCESS)
    }
}

async fn connect(config: &Config) -> Result<(), ConnectError> {
    let redis = Redis::new(&config.redis)?;
    redis.connection().await?;
    for queue in config.queues.keys() {
        redis.connection_of(queue).await?;
    }
    Ok(())
}
