//! Finds the configuration, and the environment that a command reads it with.

use std::path::{Path, PathBuf};

use toril_config::Env;

/// The default configuration file.
pub const DEFAULT_CONFIG: &str = "queues.toml";

/// The default configuration: the file in the current folder, or in the nearest parent folder that has one.
pub fn default_config() -> PathBuf {
    nearest_config(Path::new("")).unwrap_or_else(|| DEFAULT_CONFIG.into())
}

/// The configuration in a folder, or in its nearest parent folder that has one.
pub fn nearest_config(folder: &Path) -> Option<PathBuf> {
    let here = if folder == Path::new(".") { Path::new("") } else { folder };
    let depth = Path::new(".").join(here).canonicalize().ok()?.components().count();
    let up = (0..depth).map(|steps| here.join("../".repeat(steps)));
    up.map(|folder| folder.join(DEFAULT_CONFIG)).find(|config| config.is_file())
}

/// An environment variable. An empty value counts as not set, because compose files pass unset variables like that.
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The folder `.toril` next to the configuration.
pub fn private_folder(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).join(".toril")
}

/// The process's environment with the private server's URL. It overrides any Redis that the environment or the file
/// sets.
pub fn own_redis(url: &str) -> Env {
    let one = Env::from_process().with("REDIS_CLUSTER", "false").with("REDIS_SENTINELS", "none");
    one.with("REDIS_URL", url).with("REDIS_TLS", "false")
}
