//! The state that the tasks of a worker share, and the state that all workers of one host share.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arc_swap::ArcSwap;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::locks::Locks;
use super::slots::Slots;
use crate::access::QueueClient;
use crate::access::SharedRedis;
use crate::access::health::outage::Outage;
use crate::attempts::Attempts;
use crate::cancel::{self, RunningJobs};
use crate::context::Defaults;
use crate::dead_letter::DeadLetter;
use crate::end_policy::EndPolicy;
use crate::key_value::PluginData;
use crate::pending_outcomes::PendingOutcomes;
use crate::scripts::Scripts;
use toril_job::{KeyValue, QueueName, Runner};
use toril_meters::QueueMeters;

/// The state that the loop and the attempts of one queue share.
pub struct Shared {
    pub name: QueueName,
    pub client: Arc<QueueClient>,
    pub scripts: Scripts,
    pub pending_outcomes: PendingOutcomes,
    pub locks: Locks,
    pub slots: Slots,
    pub dead_letter: watch::Sender<Option<Arc<DeadLetter>>>,
    /// Shared with the loop's calls, which end jobs.
    pub policy: Arc<ArcSwap<EndPolicy>>,
    pub runner: Arc<dyn Runner>,
    /// Whether the last attempt was very short.
    pub last_was_short: AtomicBool,
    pub meters: QueueMeters,
    pub shutdown: CancellationToken,
    pub give_back: CancellationToken,
    pub service: Service,
}

/// What all workers of one host share.
#[derive(Clone)]
pub struct Service {
    pub(super) redis: SharedRedis,
    pub(super) store: Arc<dyn KeyValue>,
    pub(super) defaults: Defaults,
    pub(super) running: RunningJobs,
    pub(super) outage: Outage,
    pub(super) attempts: Attempts,
    /// The name of its workers.
    pub(super) name: Option<Arc<str>>,
}

impl Service {
    /// Creates a service for this Redis. `defaults` returns the configured defaults for jobs that plugins add.
    pub fn new(redis: SharedRedis, defaults: Defaults) -> Self {
        Self {
            store: Arc::new(PluginData::new(redis.clone())),
            redis,
            defaults,
            running: RunningJobs::default(),
            outage: Outage::default(),
            attempts: Attempts::default(),
            name: None,
        }
    }

    /// Names the workers: BullMQ's worker option `name`.
    #[must_use]
    pub fn named(self, name: Option<&str>) -> Self {
        Self { name: name.map(Arc::from), ..self }
    }

    /// Records the ended attempts in `attempts`.
    #[must_use]
    pub fn noting(self, attempts: Attempts) -> Self {
        Self { attempts, ..self }
    }

    /// Listens for cancel requests, and monitors the connections, until it is dropped.
    pub async fn listen(self) {
        tokio::join!(self.redis.watch_over(), cancel::listen(self.redis.clone(), self.running, self.outage));
    }
}
