//! The signals that end an attempt from outside.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

/// Asks a plugin to stop, and carries the reason.
#[derive(Clone, Debug, Default)]
pub struct Cancellation {
    token: CancellationToken,
    reason: Arc<OnceLock<String>>,
}

impl Cancellation {
    /// Asks the plugin to stop. Later calls do not change the reason.
    pub fn cancel(&self, reason: String) {
        self.reason.get_or_init(|| reason);
        self.token.cancel();
    }

    /// The reason, once the plugin was asked to stop.
    pub fn reason(&self) -> Option<&str> {
        self.token.is_cancelled().then(|| self.reason.get().map_or("", String::as_str))
    }

    /// Waits until the plugin is asked to stop.
    pub async fn cancelled(&self) {
        self.token.cancelled().await;
    }
}

/// All signals that can end an attempt from outside.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    /// Asks the plugin to stop soon, because the host shuts down.
    pub shutdown: CancellationToken,
    /// Asks the plugin to stop soon, because a user cancelled the job. Some seconds later the host ends the attempt.
    pub cancelled: Cancellation,
    /// Ends the attempt now and requeues the job.
    pub give_back: CancellationToken,
    /// Ends the attempt now, because this host lost the job's lock.
    pub lock_lost: CancellationToken,
}
