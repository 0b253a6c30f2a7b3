//! Metrics that are sampled, not counted: the jobs in each state, the plugin versions in use, and whether Redis
//! answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Inner;
use toril_bullmq::admin::QueueDetails;
use toril_bullmq::now;
use toril_meters as metrics;
use toril_server::QueueSample;
use toril_telemetry::metrics::{LOOK, upkeep};

/// Samples at a fixed interval until the future is dropped.
pub async fn keep(inner: Arc<Inner>) {
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // Redis answered when the host started.
    let (mut answered, mut connections) = (true, BTreeMap::new());
    loop {
        tick.tick().await;
        for status in inner.plugins.status() {
            metrics::plugin(&status.plugin, &status.version, status.interface);
        }
        match inner.redis.ping().await {
            Ok(took) => {
                answered = true;
                metrics::redis_answered(took);
                if let Ok(ids) = inner.redis.connection_ids().await {
                    if connections.iter().any(|(way, before)| ids.get(way).is_some_and(|id| id != before)) {
                        metrics::redis_reconnected();
                    }
                    connections = ids;
                }
                count_jobs(&inner).await;
            }
            Err(_) => metrics::redis_silent(std::mem::replace(&mut answered, false)),
        }
        toril_server::begin_counting(&inner.config.load());
        upkeep();
    }
}

async fn count_jobs(inner: &Inner) {
    let workers: Vec<_> = inner.queues().iter().map(|(name, working)| (name.clone(), working.worker.clone())).collect();
    for (name, worker) in workers {
        metrics::running(&name, worker.running().await);
    }
    match inner.admin.queues().await {
        Ok(queues) => {
            queues.iter().for_each(show);
            sample(inner, &queues).await;
        }
        // The next sample follows soon.
        Err(error) => tracing::debug!(%error, "the jobs in the queues were not counted"),
    }
}

/// Stores samples of the queues for the dashboard.
async fn sample(inner: &Inner, queues: &[QueueDetails]) {
    let at = now();
    let names: Vec<_> = queues.iter().map(|queue| queue.name.clone()).collect();
    match inner.admin.oldest_waits(&names, at).await {
        Ok(waits) => inner.samples.take(queues.iter().zip(waits).map(|(queue, oldest_wait)| {
            (queue.name.clone(), QueueSample { at, ready: queue.waiting + queue.prioritized, oldest_wait })
        })),
        Err(error) => tracing::debug!(%error, "how long jobs wait was not looked up"),
    }
}

fn show(counts: &QueueDetails) {
    let queue = &counts.name;
    let states = [
        ("waiting", counts.waiting),
        ("active", counts.active),
        ("delayed", counts.delayed),
        ("prioritized", counts.prioritized),
        ("waiting-children", counts.waiting_children),
        ("completed", counts.completed),
        ("failed", counts.failed),
    ];
    for (state, jobs) in states {
        metrics::jobs(queue, state, jobs);
    }
}
