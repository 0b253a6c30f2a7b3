//! One queue that this host works on: a loop that claims and ends jobs, and what it takes to change it, drain it and end
//! it. What is in Redis is what BullMQ's own workers leave there.

mod batch;
mod completer;
mod driver;
mod executor;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
mod locks;
mod marker;
mod outbox;
mod plan;
mod repeat;
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
use self::locks::Locks;
use self::marker::Marker;
pub(super) use self::repeat::Repetition;
pub use self::shared::Service;
use self::shared::Shared;
use self::slots::Slots;
use super::connection::{ConnectError, SharedRedis};
use super::dead_letter::DeadLetter;
use super::end_policy::EndPolicy;
use super::home::Home;
use super::parked::Parked;
use super::scripts::Scripts;
use toril_job::Runner;
use toril_job::settings;
use toril_meters::QueueMeters;

/// A running worker of one queue.
pub struct QueueWorker {
    shared: Arc<Shared>,
    concurrency: watch::Sender<usize>,
    /// Cancelled when jobs may be claimed.
    begun: CancellationToken,
    closing: CancellationToken,
    tasks: TaskTracker,
    /// Waits for the end of the loop. For the caller that closes the worker. The loop is aborted when this is dropped.
    driver: SharedFuture<BoxFuture<'static, ()>>,
    _renewing: AbortOnDropHandle<()>,
    _checking: AbortOnDropHandle<()>,
    _following: AbortOnDropHandle<()>,
}

impl QueueWorker {
    /// Makes ready to work on a queue. Nothing is claimed before [`QueueWorker::begin`]: a worker that is dropped before is
    /// as if it had never been, while one that has begun has jobs in its hands, and is to be closed.
    pub async fn prepare(
        service: Service,
        name: &str,
        settings: &settings::Queue,
        runner: Arc<dyn Runner>,
    ) -> Result<Self, ConnectError> {
        let (redis, worker_name) = (service.redis.clone(), service.name.clone());
        let policy = Arc::new(ArcSwap::from_pointee(EndPolicy::of(settings)));
        let home = Arc::new(Home::find(redis.clone(), name).await?);
        let (ended, arriving) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            name: name.to_owned(),
            scripts: Scripts::new(home.clone()),
            parked: Parked::new(redis.clone(), home.clone()),
            locks: Locks::default(),
            slots: Slots::default(),
            ended,
            dead_letter: watch::channel(dead_letter(&redis, settings).await?).0,
            policy: policy.clone(),
            runner,
            is_brisk: AtomicBool::new(false),
            meters: QueueMeters::of(name),
            shutdown: CancellationToken::new(),
            give_back: CancellationToken::new(),
            home: home.clone(),
            service,
        });
        let (begun, closing, tasks) = (CancellationToken::new(), CancellationToken::new(), TaskTracker::new());
        let (concurrency, wanted) = watch::channel(settings.concurrency.get());
        let batch = Batch::new(home.clone(), settings, worker_name.as_deref(), policy);
        let marker = Marker::new(home.clone(), worker_name.as_deref());
        let driver = Driver::new(shared.clone(), batch, marker, tasks.clone(), wanted, closing.clone(), arriving);
        let driving = {
            let (begun, closing) = (begun.clone(), closing.clone());
            async move {
                if closing.run_until_cancelled(begun.cancelled()).await.is_some() {
                    driver.run().await;
                }
            }
        };
        let (locks, outage) = (shared.locks.clone(), shared.service.outage.clone());
        let renewing = locks.renew(name.to_owned(), shared.scripts.clone(), outage.clone(), settings.lock_duration);
        let checking = {
            let (closing, name, scripts) = (closing.clone(), name.to_owned(), shared.scripts.clone());
            let (most, interval) = (settings.max_stalled, settings.stalled_interval);
            async move {
                closing.run_until_cancelled(stalled::check(name, scripts, outage, most, interval)).await;
            }
        };
        let spawn = |task| AbortOnDropHandle::new(task);
        Ok(Self {
            driver: ended_loop(name.to_owned(), spawn(tokio::spawn(driving))).boxed().shared(),
            _renewing: spawn(tokio::spawn(renewing)),
            _checking: spawn(tokio::spawn(checking)),
            _following: spawn(tokio::spawn(home.follow())),
            shared,
            concurrency,
            begun,
            closing,
            tasks,
        })
    }

    /// Claims jobs from now on.
    pub fn begin(&self) {
        self.begun.cancel();
    }

    /// Applies what can change while jobs run: concurrency, what becomes of ended jobs, and the dead-letter queue. Without
    /// Redis the latter stays what it was, and a warning says so.
    pub async fn configure(&self, settings: &settings::Queue) {
        self.concurrency.send_replace(settings.concurrency.get());
        self.shared.policy.store(Arc::new(EndPolicy::of(settings)));
        match dead_letter(&self.shared.service.redis, settings).await {
            Ok(dead_letter) => {
                self.shared.dead_letter.send_replace(dead_letter);
            }
            Err(error) => {
                tracing::error!(queue = self.shared.name, %error, "the dead-letter queue stays what it was");
            }
        }
    }

    /// How many jobs it runs now.
    pub async fn running(&self) -> usize {
        self.shared.slots.busy()
    }

    /// Tells the plugins that run that they should end soon.
    pub fn cancel(&self) {
        self.shared.shutdown.cancel();
    }

    /// Ends what runs, now, and gives its jobs back.
    pub fn give_back(&self) {
        self.shared.give_back.cancel();
    }

    /// Claims no more jobs, and returns when the last one has ended and its outcome is written, or after `bound`.
    /// Whether all of that was done.
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
async fn ended_loop(queue: String, driver: AbortOnDropHandle<()>) {
    if let Err(error) = driver.await {
        tracing::error!(queue, %error, "the worker's loop ended by itself");
    }
}

async fn dead_letter(redis: &SharedRedis, settings: &settings::Queue) -> Result<Option<Arc<DeadLetter>>, ConnectError> {
    let Some(name) = &settings.dead_letter else { return Ok(None) };
    Ok(Some(Arc::new(DeadLetter::find(redis.clone(), name).await?)))
}
