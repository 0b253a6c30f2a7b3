//! What ends an attempt from outside.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

/// Asks a plugin to end, and says why.
#[derive(Clone, Debug, Default)]
pub struct Cancellation {
    token: CancellationToken,
    reason: Arc<OnceLock<String>>,
}

impl Cancellation {
    /// Asks it to end. The first reason counts.
    pub fn cancel(&self, reason: String) {
        self.reason.get_or_init(|| reason);
        self.token.cancel();
    }

    /// The reason, once it was asked to end.
    pub fn reason(&self) -> Option<&str> {
        self.token.is_cancelled().then(|| self.reason.get().map_or("", String::as_str))
    }

    /// Waits until it is asked to end.
    pub async fn cancelled(&self) {
        self.token.cancelled().await;
    }
}

/// What can end an attempt from outside.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    /// Asks the plugin to end soon: the host shuts down.
    pub shutdown: CancellationToken,
    /// Asks the plugin to end soon: somebody has cancelled the job. Ends the attempt some seconds later.
    pub cancelled: Cancellation,
    /// Ends the attempt now and gives the job back.
    pub give_back: CancellationToken,
    /// Ends the attempt now, since the job is another host's.
    pub lock_lost: CancellationToken,
}
