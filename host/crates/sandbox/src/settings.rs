//! The grants and limits of one plugin: its configuration entry, in the form that a pen needs.

use std::sync::Arc;

use crate::grants::PreparedGrants;
use crate::grants::http::Transport;
use crate::grants::postgres::PoolProblem;
use crate::log_quota::LogQuota;
use toril_config::{Isolation, Plugin};
use toril_meters::PluginMeters;

/// The settings of a plugin. An attempt takes them once, so a reload during the attempt does not affect it.
#[derive(Clone)]
pub struct Settings {
    /// The plugin's name.
    pub plugin: Arc<str>,
    /// What the plugin may do.
    pub grants: PreparedGrants,
    /// Limit of linear memory, in bytes.
    pub memory: usize,
    /// Fuel limit of one attempt. `None` means no limit.
    pub fuel: Option<u64>,
    /// Maximum size of a result, in bytes of JSON.
    pub max_result: usize,
    /// Whether an instance runs one job or several.
    pub isolation: Isolation,
    /// The log lines that all attempts of the plugin may write.
    pub log_quota: Arc<LogQuota>,
    /// Metrics of the plugin's attempts.
    pub meters: Arc<PluginMeters>,
}

impl Settings {
    /// Creates the settings from a configuration entry.
    pub fn new(name: &str, entry: &Plugin) -> Self {
        Self::with(name.into(), entry, None)
    }

    /// Creates the settings from an entry that replaces the one of these settings.
    pub fn replaced_by(&self, entry: &Plugin) -> Self {
        Self::with(self.plugin.clone(), entry, Some(&self.grants))
    }

    fn with(plugin: Arc<str>, entry: &Plugin, before: Option<&PreparedGrants>) -> Self {
        Self {
            grants: PreparedGrants::new(&plugin, entry, before),
            meters: Arc::new(PluginMeters::of(&plugin)),
            plugin,
            memory: usize::try_from(entry.memory).unwrap_or(usize::MAX),
            fuel: entry.fuel.map(Into::into),
            max_result: usize::try_from(entry.max_result).unwrap_or(usize::MAX),
            isolation: entry.isolation,
            log_quota: Arc::new(LogQuota::new()),
        }
    }

    /// Checks that a host can use these settings.
    pub fn check(&self) -> Result<(), PoolProblem> {
        self.grants.postgres.check(&self.plugin)
    }

    /// The same settings, with requests sent through this transport instead of the network.
    pub fn through(&self, transport: Arc<dyn Transport>) -> Self {
        let mut settings = self.clone();
        settings.grants.http = Arc::new(settings.grants.http.through(transport));
        settings
    }
}

/// Shows the plugin's name only: the grants contain secrets.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("plugin", &self.plugin).finish_non_exhaustive()
    }
}
