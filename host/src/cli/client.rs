//! What the commands share that talk to Redis and end: which Redis it is.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::{FAILED, WRONG, error, unusable};
use crate::config::{self, Config, Env};
use crate::embedded;
use crate::queue::Redis;

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
    /// What a command for the same Redis has to be given.
    pub fn dev_option(&self) -> &'static str {
        if self.dev { "--dev " } else { "" }
    }

    /// Reads the configuration and says where Redis is; or says what is wrong, and how the process ends.
    pub fn open(&self, path: &Path) -> Result<(Config, Redis), ExitCode> {
        let mut env = Env::from_process();
        if self.dev {
            let running = embedded::running(&folder(path)).map_err(|reason| error(FAILED, &reason))?;
            env = env.with("REDIS_URL", &running.redis_url).with("REDIS_TLS", "false");
        }
        let config = config::load(path, &env).map_err(|problems| unusable(&problems))?;
        let redis = Redis::new(&config.redis).map_err(|reason| error(WRONG, &reason))?;
        Ok((config, redis))
    }
}

/// `.toril`, beside the configuration.
pub fn folder(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).join(".toril")
}
