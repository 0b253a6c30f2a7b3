//! The worker of one queue: a loop that claims and ends jobs. The worker can also be reconfigured, drained and closed.
//! It leaves the same data in Redis as BullMQ's own workers.

mod batch;
mod completer;
mod driver;
mod executor;
mod locks;
mod marker;
mod outbox;
mod plan;
mod schedule;
mod shared;
mod slots;
mod stalled;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use arc_swap::ArcSwap;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared as SharedFuture};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use self::batch::Batch;
use self::driver::Driver;
use self::executor::Executor;
use self::locks::Locks;
use self::marker::Marker;
pub use self::shared::Service;
use self::shared::Shared;
use self::slots::Slots;
use super::dead_letter::DeadLetter;
use super::end_policy::EndPolicy;
use super::pending_outcomes::PendingOutcomes;
use super::scripts::Scripts;
use crate::access::QueueClient;
use crate::access::{ConnectError, SharedRedis};
use toril_job::settings;
use toril_job::{QueueName, Runner};
use toril_meters::QueueMeters;

/// A running worker of one queue.
pub struct QueueWorker {
    shared: Arc<Shared>,
    concurrency: watch::Sender<usize>,
    /// Cancelled when the worker may start to claim jobs.
    begun: CancellationToken,
    closing: CancellationToken,
    tasks: TaskTracker,
    /// Resolves when the loop has ended. `close` awaits it. Dropping it aborts the loop.
    driver: SharedFuture<BoxFuture<'static, ()>>,
    _renewing: AbortOnDropHandle<()>,
    _checking: AbortOnDropHandle<()>,
    _following: AbortOnDropHandle<()>,
}

impl QueueWorker {
    /// Prepares a worker for a queue. It claims nothing before [`QueueWorker::begin`]. A worker that has not begun can
    /// be dropped without side effects. A worker that has begun holds jobs and must be closed.
    pub async fn prepare(
        service: Service,
        name: &QueueName,
        settings: &settings::Queue,
        runner: Arc<dyn Runner>,
    ) -> Result<Self, ConnectError> {
        let (redis, worker_name) = (service.redis.clone(), service.name.clone());
        let policy = Arc::new(ArcSwap::from_pointee(EndPolicy::of(settings)));
        let client = Arc::new(QueueClient::open(redis.clone(), name).await?);
        let (to_loop, arriving) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            name: name.clone(),
            scripts: Scripts::new(client.clone()),
            pending_outcomes: PendingOutcomes::new(redis.clone(), client.clone()),
            locks: Locks::default(),
            slots: Slots::default(),
            dead_letter: watch::channel(dead_letter(&redis, settings).await?).0,
            policy: policy.clone(),
            runner,
            last_was_short: AtomicBool::new(false),
            meters: QueueMeters::of(name.as_str()),
            shutdown: CancellationToken::new(),
            give_back: CancellationToken::new(),
            client: client.clone(),
            service,
        });
        let (begun, closing, tasks) = (CancellationToken::new(), CancellationToken::new(), TaskTracker::new());
        let (concurrency, wanted) = watch::channel(settings.concurrency.get());
        let batch = Batch::new(client.clone(), settings, worker_name.as_deref(), policy);
        let marker = Marker::new(client.clone(), worker_name.as_deref());
        let executor = Executor::new(shared.clone(), to_loop);
        let driver = Driver::new(executor, batch, marker, tasks.clone(), wanted, closing.clone(), arriving);
        let driving = {
            let (begun, closing) = (begun.clone(), closing.clone());
            async move {
                if closing.run_until_cancelled(begun.cancelled()).await.is_some() {
                    driver.run().await;
                }
            }
        };
        let (locks, outage) = (shared.locks.clone(), shared.service.outage.clone());
        let renewing = locks.renew(name.clone(), shared.scripts.clone(), outage.clone(), settings.lock_duration);
        let checking = {
            let (closing, name, scripts) = (closing.clone(), name.clone(), shared.scripts.clone());
            let (most, interval) = (settings.max_stalled, settings.stalled_interval);
            async move {
                closing.run_until_cancelled(stalled::check(name, scripts, outage, most, interval)).await;
            }
        };
        let spawn = |task| AbortOnDropHandle::new(task);
        Ok(Self {
            driver: ended_loop(name.clone(), spawn(tokio::spawn(driving))).boxed().shared(),
            _renewing: spawn(tokio::spawn(renewing)),
            _checking: spawn(tokio::spawn(checking)),
            _following: spawn(tokio::spawn(client.follow())),
            shared,
            concurrency,
            begun,
            closing,
            tasks,
        })
    }

    /// Starts to claim jobs.
    pub fn begin(&self) {
        self.begun.cancel();
    }

    /// Applies the settings that can change while jobs run: concurrency, retention of ended jobs, and the dead-letter
    /// queue. If Redis does not answer, the dead-letter queue stays the same, and the log contains an error.
    pub async fn configure(&self, settings: &settings::Queue) {
        self.concurrency.send_replace(settings.concurrency.get());
        self.shared.policy.store(Arc::new(EndPolicy::of(settings)));
        match dead_letter(&self.shared.service.redis, settings).await {
            Ok(dead_letter) => {
                self.shared.dead_letter.send_replace(dead_letter);
            }
            Err(error) => {
                tracing::error!(queue = self.shared.name.as_str(), %error, "changing the dead-letter queue failed, keeping the previous one");
            }
        }
    }

    /// The number of jobs that run now.
    pub async fn running(&self) -> usize {
        self.shared.slots.busy()
    }

    /// Signals a shutdown to the running attempts, so that they end soon.
    pub fn cancel(&self) {
        self.shared.shutdown.cancel();
    }

    /// Aborts the running attempts immediately and requeues their jobs.
    pub fn give_back(&self) {
        self.shared.give_back.cancel();
    }

    /// Claims no more jobs. Returns when the last job has ended and its outcome is written, or after `bound`. Returns
    /// false if the time ran out.
    pub async fn close(&self, bound: Duration) -> bool {
        self.closing.cancel();
        let ended = async {
            self.driver.clone().await;
            self.tasks.close();
            self.tasks.wait().await;
        };
        tokio::time::timeout(bound, ended).await.is_ok()
    }
}

/// Waits until the loop of a queue has ended.
async fn ended_loop(queue: QueueName, driver: AbortOnDropHandle<()>) {
    if let Err(error) = driver.await {
        tracing::error!(queue = queue.as_str(), %error, "the loop of the worker ended unexpectedly");
    }
}

async fn dead_letter(redis: &SharedRedis, settings: &settings::Queue) -> Result<Option<Arc<DeadLetter>>, ConnectError> {
    let Some(name) = &settings.dead_letter else { return Ok(None) };
    Ok(Some(Arc::new(DeadLetter::find(redis.clone(), name).await?)))
}
