//! `toril dev`: runs a host with its own private Redis.

use std::path::{Path, PathBuf};

use clap::Args;
use tokio_util::task::AbortOnDropHandle;

use super::config_file::{own_redis, private_folder, setting};
use super::error::{CliError, CommandResult};
use super::run;
use crate::author::rebuild;
use crate::embedded::{Claim, Server, find};
use toril_config as config;

/// Options of `toril dev`.
#[derive(Debug, Args)]
pub struct Dev {
    /// The server to start. Without it: TORIL_REDIS_SERVER, else valkey-server or redis-server on PATH, or .toril/bin/valkey-server.
    #[arg(long, value_name = "PATH")]
    redis_server: Option<PathBuf>,
    /// A plugin's project, which is built into the plugins' folder now and whenever a source of it changes. Can be given
    /// more than once.
    #[arg(long, value_name = "DIR")]
    project: Vec<PathBuf>,
}

impl Dev {
    pub async fn run(self, path: &Path) -> CommandResult {
        // The configuration is checked first, because the user can fix it at once and the server takes a moment to
        // start.
        let host = config::load(path, &own_redis("redis://127.0.0.1"))?.host;
        // The server's binary is looked up before the projects are built, because a build takes time and the binary
        // may be missing.
        let folder = private_folder(path);
        let wanted = self.redis_server.or_else(|| setting("TORIL_REDIS_SERVER").map(PathBuf::from));
        let binary = find(wanted, &folder).map_err(CliError::failed)?;
        let claim = Claim::take(&folder).map_err(CliError::failed)?;
        let mut rebuilding = Vec::new();
        for project in self.project {
            if !project.is_dir() {
                return Err(CliError::wrong(format!("folder {} does not exist", project.display())));
            }
            // The first build finishes before the host starts, because the host needs the components.
            let task =
                rebuild::start(project, host.plugins.clone(), host.cache.clone()).await.map_err(CliError::failed)?;
            rebuilding.push(AbortOnDropHandle::new(task));
        }
        let started = tokio::task::spawn_blocking(move || Server::start(&binary, claim)).await;
        let server = started.map_err(CliError::failed)?.map_err(CliError::failed)?;
        let (address, url_in) = (server.address(), server.announcement().display());
        tracing::info!(address, %url_in, "private Redis server started; producers connect to the URL in that file");
        let env = own_redis(&server.url());
        let result = match config::load(path, &env) {
            Ok(config) => run::work(config, env).await,
            Err(reason) => Err(reason.into()),
        };
        // The server stops after the workers, so that the last outcomes have been written.
        tokio::task::spawn_blocking(move || drop(server)).await.map_err(CliError::failed)?;
        result
    }
}
