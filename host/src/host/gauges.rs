//! Numbers that are looked up and not counted along: how many jobs are in which state, which versions are in use, whether
//! Redis answers.

use std::sync::Arc;

use futures::future::join_all;

use super::Inner;
use crate::queue::QueueView;
use crate::telemetry::metrics;

/// Looks now and then, until it is dropped.
pub async fn keep(inner: Arc<Inner>) {
    let mut tick = tokio::time::interval(metrics::LOOK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // Redis answered when the host started.
    let (mut answered, mut connection) = (true, None);
    loop {
        tick.tick().await;
        for status in inner.plugins.status() {
            metrics::plugin(&status.plugin, &status.version, &status.interface.to_string());
        }
        match inner.redis.ping().await {
            Ok(took) => {
                answered = true;
                metrics::redis_answered(took);
                if let Ok(id) = inner.redis.connection_id().await
                    && connection.replace(id).is_some_and(|before| before != id)
                {
                    metrics::redis_reconnected();
                }
                count_jobs(&inner).await;
            }
            Err(_) => metrics::redis_silent(std::mem::replace(&mut answered, false)),
        }
        metrics::upkeep();
    }
}

async fn count_jobs(inner: &Inner) {
    let workers: Vec<_> = inner.queues.lock().await.values().map(|working| working.worker.clone()).collect();
    let looks = workers.iter().map(async |worker| (worker.running().await, worker.counts().await));
    for (running, counts) in join_all(looks).await {
        match counts {
            Ok(counts) => show(&counts, running),
            // The next look is soon.
            Err(error) => tracing::debug!(%error, "the jobs of a queue were not counted"),
        }
    }
}

fn show(counts: &QueueView, running: usize) {
    let queue = &counts.name;
    metrics::running(queue, running);
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
