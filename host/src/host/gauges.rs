//! Metrics that are sampled, not counted: the jobs in each state, the plugin versions in use, and whether Redis
//! answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::current_config::CurrentConfig;
use super::queues::Queues;
use super::samples::Samples;
use toril_bullmq::admin::{Admin, QueueDetails};
use toril_bullmq::{SharedRedis, now};
use toril_meters as metrics;
use toril_sandbox::Plugins;
use toril_server::QueueSample;
use toril_telemetry::metrics::{LOOK, upkeep};

/// What the samples are taken from.
pub struct Gauges {
    pub config: CurrentConfig,
    pub plugins: Arc<Plugins>,
    pub redis: SharedRedis,
    pub admin: Admin,
    pub queues: Arc<Queues>,
    /// Where the samples for the dashboard go.
    pub samples: Arc<Samples>,
}

impl Gauges {
    /// Samples at a fixed interval until the future is dropped.
    pub async fn run(self) {
        let mut tick = tokio::time::interval(LOOK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // Redis answered when the host started.
        let (mut answered, mut connections) = (true, BTreeMap::new());
        loop {
            tick.tick().await;
            for status in self.plugins.status() {
                metrics::plugin(&status.plugin, &status.version, status.interface);
            }
            self.plugins.record();
            match self.redis.ping().await {
                Ok(took) => {
                    answered = true;
                    metrics::redis_answered(took);
                    if let Ok(ids) = self.redis.connection_ids().await {
                        if connections.iter().any(|(way, before)| ids.get(way).is_some_and(|id| id != before)) {
                            metrics::redis_reconnected();
                        }
                        connections = ids;
                    }
                    self.count_jobs().await;
                }
                Err(_) => {
                    metrics::redis_silent();
                    if std::mem::replace(&mut answered, false) {
                        metrics::redis_outage_began();
                    }
                }
            }
            toril_server::begin_counting(&self.config.load());
            upkeep();
        }
    }

    async fn count_jobs(&self) {
        for (name, worker) in self.queues.workers() {
            metrics::running(name.as_str(), worker.running().await);
        }
        match self.admin.queues().await {
            Ok(queues) => {
                queues.iter().for_each(show);
                self.sample(&queues).await;
            }
            // The next sample follows soon.
            Err(error) => tracing::debug!(%error, "the jobs in the queues were not counted"),
        }
    }

    /// Stores samples of the queues for the dashboard.
    async fn sample(&self, queues: &[QueueDetails]) {
        let at = now();
        let names: Vec<_> = queues.iter().map(|queue| queue.name.clone()).collect();
        match self.admin.oldest_waits(&names, at).await {
            Ok(waits) => self.samples.take(queues.iter().zip(waits).map(|(queue, oldest_wait)| {
                (queue.name.clone(), QueueSample { at, ready: queue.waiting + queue.prioritized, oldest_wait })
            })),
            Err(error) => tracing::debug!(%error, "the age of the oldest waiting jobs was not read"),
        }
    }
}

fn show(counts: &QueueDetails) {
    let queue = counts.name.as_str();
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
