//! Loads the component that a command line names.

use std::path::Path;

use crate::author::test_harness::TestHarness;
use crate::cli::config_file::{default_config, private_folder};
use crate::cli::error::CliError;
use toril_config as config;
use toril_sandbox::Prepared;

/// Starts an engine. It caches compiled components in the same place as a host with this configuration. The
/// configuration need not exist.
pub fn open(config: Option<&Path>) -> Result<TestHarness, CliError> {
    let path = config.map_or_else(default_config, Path::to_owned);
    let path = path.as_path();
    let cache = config::load_host(path).map_or_else(|_| private_folder(path).join("cache"), |host| host.cache);
    TestHarness::open(cache).map_err(CliError::failed)
}

/// Loads a component for inspection only, without any grants.
pub async fn load_without_grants(file: &Path, config: Option<&Path>) -> Result<Prepared, CliError> {
    Ok(open(config)?.load(file, &name(file), &config::Plugin::default()).await?)
}

/// The plugin's name, derived from the file name of the component.
pub fn name(file: &Path) -> String {
    file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy().into_owned()
}
