//! Why a host cannot start.

use toril_bullmq::ConnectError;
use toril_bullmq::admin::AdminError;
use toril_config::Problems;
use toril_sandbox as plugin;
use toril_server::HttpError;

/// Why a host cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The plugin side failed.
    #[error(transparent)]
    Plugins(#[from] plugin::StartError),
    /// One or more plugins cannot be used. Each problem points to the line that names the plugin.
    #[error("{0}")]
    Load(Problems),
    /// The connection to Redis failed.
    #[error(transparent)]
    Redis(#[from] ConnectError),
    /// The HTTP server failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Anyone who can reach the HTTP server could change queues.
    #[error("{0}")]
    Unguarded(Problems),
    /// The job schedulers of the configuration could not be written.
    #[error("the job schedulers of the configuration were not written: {0}")]
    Schedules(AdminError),
}

impl StartError {
    /// Whether the cause is in the configuration or in a plugin, and not in the environment.
    pub fn is_configuration(&self) -> bool {
        matches!(
            self,
            Self::Load(_) | Self::Unguarded(_) | Self::Redis(ConnectError::NoUrl(_) | ConnectError::Ca { .. })
        )
    }
}
