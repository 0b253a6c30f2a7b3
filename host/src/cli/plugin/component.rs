//! Shared code of the commands that load a component.

use std::path::Path;
use std::process::ExitCode;

use crate::author::test_harness::Workbench;
use crate::cli::{FAILED, WRONG, client, default_config, error};
use toril_config as config;
use toril_sandbox::{LoadError, Prepared};

/// Starts an engine. It caches compiled components in the same place as a host with this configuration. The
/// configuration need not exist.
pub fn open(config: Option<&Path>) -> Result<Workbench, ExitCode> {
    let path = config.map_or_else(default_config, Path::to_owned);
    let path = path.as_path();
    let cache = config::load_host(path).map_or_else(|_| client::folder(path).join("cache"), |host| host.cache);
    Workbench::open(cache).map_err(|reason| error(FAILED, &reason))
}

/// Loads a component for inspection only, without any grants.
pub async fn load_without_grants(file: &Path, config: Option<&Path>) -> Result<Prepared, ExitCode> {
    let bench = open(config)?;
    bench.load(file, &name(file), &config::Plugin::default()).await.map_err(|reason| refused(&reason))
}

/// The plugin's name, derived from the file name of the component.
pub fn name(file: &Path) -> String {
    file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy().into_owned()
}

/// Prints why the component cannot be used, and returns the exit code. A missing file is a mistake on the command
/// line.
pub fn refused(reason: &LoadError) -> ExitCode {
    let code = match reason {
        LoadError::Missing(_) | LoadError::Unreadable { .. } => WRONG,
        _ => FAILED,
    };
    error(code, reason)
}
