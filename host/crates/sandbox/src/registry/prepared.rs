//! A plugin that has been loaded and checked, but is not in use yet.

use std::sync::Arc;

use crate::grants::http::Transport;
use crate::settings::Settings;
use crate::version::Version;

/// A plugin that has been loaded and checked, but is not in use yet.
#[derive(Debug)]
pub struct Prepared {
    pub(super) plugin: String,
    pub(super) version: Arc<Version>,
    pub(super) settings: Arc<Settings>,
}

impl Prepared {
    /// The plugin's name.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Sends the plugin's requests through this transport instead of the network.
    /// [`Plugins::configure`](crate::Plugins::configure) resets it.
    #[must_use]
    pub fn through(mut self, transport: Arc<dyn Transport>) -> Self {
        self.settings = Arc::new(self.settings.through(transport));
        self
    }

    /// The version that [`Plugins::install`](crate::Plugins::install) would put into use.
    pub fn version(&self) -> &Version {
        &self.version
    }
}
