//! Requeues jobs whose host has disappeared.

use std::time::Duration;

use crate::access::health::backoff::ReconnectBackoff;
use crate::access::health::outage::Outage;
use crate::scripts::Scripts;
use toril_job::QueueName;
use toril_meters as metrics;

/// Checks for stalled jobs at once and then every `interval`, until it is dropped. All workers of a queue share this
/// check: a worker that comes too early does nothing.
pub async fn check(queue: QueueName, scripts: Scripts, outage: Outage, max_stalled: u32, interval: Duration) {
    let mut reported = None;
    let mut backoff = ReconnectBackoff::default();
    loop {
        match scripts.move_stalled(max_stalled, interval).await {
            Ok(stalled) => {
                (reported, backoff) = (None, ReconnectBackoff::default());
                for job_id in &stalled {
                    tracing::warn!(queue = queue.as_str(), job_id, "job stalled");
                }
                if !stalled.is_empty() {
                    metrics::stalled(queue.as_str(), stalled.len() as u64);
                }
            }
            Err(error) => {
                outage.report(&mut reported, &error, || {
                    tracing::warn!(queue = queue.as_str(), %error, "the check for stalled jobs failed, retrying");
                });
                tokio::time::sleep(backoff.next().min(interval)).await;
                continue;
            }
        }
        tokio::time::sleep(interval).await;
    }
}
