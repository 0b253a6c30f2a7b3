//! Writes the job schedulers of the configuration to Redis after each change. Retries until that succeeds, because
//! Redis may be unavailable.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use toril_bullmq::admin::Admin;
use toril_job::QueueName;

/// The first and the longest delay between two retries.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// The work that is still pending.
#[derive(Debug, Default)]
pub struct Schedules {
    /// Queues that were removed from the configuration, and whose schedulers may still be in Redis.
    gone: Mutex<BTreeSet<QueueName>>,
    changed: Notify,
}

impl Schedules {
    /// Notifies the task that the configuration has changed, and that these queues were removed.
    pub fn changed(&self, gone: &[QueueName]) {
        self.gone().extend(gone.iter().cloned());
        self.changed.notify_one();
    }

    fn gone(&self) -> MutexGuard<'_, BTreeSet<QueueName>> {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Updates Redis whenever the configuration has changed, until the future is dropped.
pub async fn keep(schedules: Arc<Schedules>, admin: Admin) {
    loop {
        schedules.changed.notified().await;
        let mut pause = PAUSES.0;
        let mut reported = false;
        loop {
            let gone: Vec<_> = schedules.gone().iter().cloned().collect();
            match admin.apply_schedules(&gone).await {
                Ok(()) => {
                    schedules.gone().retain(|queue| !gone.contains(queue));
                    if reported {
                        tracing::info!("the job schedulers of the configuration were written");
                    }
                    break;
                }
                Err(error) if !reported => {
                    tracing::error!(%error, "the job schedulers of the configuration were not written, trying again until they are");
                    reported = true;
                }
                Err(error) => tracing::debug!(%error, "the job schedulers of the configuration are not written yet"),
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(PAUSES.1),
                // The next try uses the newest configuration.
                () = schedules.changed.notified() => pause = PAUSES.0,
            }
        }
    }
}
