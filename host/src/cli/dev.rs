//! `toril dev`: runs a host with its own private Redis.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use tokio_util::task::AbortOnDropHandle;

use super::{FAILED, WRONG, client, error, run, setting, unusable};
use crate::author::rebuild;
use crate::embedded::{Claim, Server, find};
use toril_config::{self as config, Env};

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
    pub async fn run(self, path: &Path) -> ExitCode {
        // The configuration is checked first, because the user can fix it at once and the server takes a moment to
        // start.
        let plugins = match config::load(path, &own_redis("redis://127.0.0.1")) {
            Ok(config) => config.host.plugins,
            Err(problems) => return unusable(&problems),
        };
        // The server's binary is looked up before the projects are built, because a build takes time and the binary
        // may be missing.
        let folder = client::folder(path);
        let binary = match find(self.redis_server.or_else(|| setting("TORIL_REDIS_SERVER").map(PathBuf::from)), &folder)
        {
            Ok(binary) => binary,
            Err(none) => return error(FAILED, &none),
        };
        let claim = match Claim::take(&folder) {
            Ok(claim) => claim,
            Err(reason) => return error(FAILED, &reason),
        };
        let mut rebuilding = Vec::new();
        for project in self.project {
            if !project.is_dir() {
                return error(WRONG, &format!("there is no folder {} with a project", project.display()));
            }
            // The first build finishes before the host starts, because the host needs the components.
            match rebuild::start(project, plugins.clone()).await {
                Ok(task) => rebuilding.push(AbortOnDropHandle::new(task)),
                Err(reason) => return error(FAILED, &reason),
            }
        }
        let started = tokio::task::spawn_blocking(move || Server::start(&binary, claim)).await;
        let server = match started {
            Ok(Ok(server)) => server,
            Ok(Err(reason)) => return error(FAILED, &reason),
            Err(reason) => return error(FAILED, &reason),
        };
        let (address, url_in) = (server.address(), server.announcement().display());
        tracing::info!(address, %url_in, "private Redis server started; producers connect to the URL in that file");
        let env = own_redis(&server.url());
        let code = match config::load(path, &env) {
            Ok(config) => run::work(config, env).await,
            Err(problems) => unusable(&problems),
        };
        // The server stops after the workers, so that the last outcomes have been written.
        if let Err(reason) = tokio::task::spawn_blocking(move || drop(server)).await {
            return error(FAILED, &reason);
        }
        code
    }
}

/// The process's environment with the private server's URL. It overrides any Redis that the environment or the file
/// sets.
pub(super) fn own_redis(url: &str) -> Env {
    let one = Env::from_process().with("REDIS_CLUSTER", "false").with("REDIS_SENTINELS", "none");
    one.with("REDIS_URL", url).with("REDIS_TLS", "false")
}
