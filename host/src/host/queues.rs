//! The active queues, and the workers of removed queues that finish their last jobs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::current_config::Active;
use super::route::Route;
use toril_bullmq::{ConnectError, QueueWorker, Service};
use toril_config::Queue;
use toril_job::QueueName;
use toril_sandbox::Plugins;

/// An upper bound for draining a removed queue. Its jobs end by their own timeouts long before.
const DRAIN: Duration = Duration::from_secs(24 * 60 * 60);

/// The two stages of a shutdown.
#[derive(Clone, Default)]
pub struct Stop {
    /// Cancelled when the host shuts down.
    pub closing: CancellationToken,
    /// Cancelled when running attempts must end now.
    pub forced: CancellationToken,
}

/// An active queue: its worker, and the route of its jobs.
#[derive(Clone)]
pub struct ActiveQueue {
    pub worker: Arc<QueueWorker>,
    pub route: Arc<Route>,
}

/// Creates workers.
pub struct WorkerFactory {
    pub service: Service,
    pub plugins: Arc<Plugins>,
}

impl WorkerFactory {
    /// Creates a worker that claims no jobs yet.
    pub async fn prepare(&self, name: &QueueName, settings: &Queue) -> Result<ActiveQueue, ConnectError> {
        let route = Arc::new(Route::new(self.plugins.clone(), settings));
        let worker = QueueWorker::prepare(self.service.clone(), name, settings, route.clone()).await?;
        let concurrency = settings.concurrency.get();
        tracing::info!(queue = name.as_str(), plugin = settings.plugin, concurrency, "working on queue");
        Ok(ActiveQueue { worker: Arc::new(worker), route })
    }
}

/// All queues of the host.
pub struct Queues {
    active: Mutex<BTreeMap<QueueName, ActiveQueue>>,
    /// Workers of removed or changed queues whose last jobs still run.
    draining: TaskTracker,
    stop: Stop,
}

impl Queues {
    pub fn new(stop: Stop) -> Self {
        Self { active: Mutex::default(), draining: TaskTracker::new(), stop }
    }

    /// The names of the active queues.
    pub fn names(&self) -> Vec<QueueName> {
        self.lock().keys().cloned().collect()
    }

    /// An active queue.
    pub fn get(&self, name: &QueueName) -> Option<ActiveQueue> {
        self.lock().get(name).cloned()
    }

    /// The workers of the active queues, by queue.
    pub fn workers(&self) -> Vec<(QueueName, Arc<QueueWorker>)> {
        self.lock().iter().map(|(name, queue)| (name.clone(), queue.worker.clone())).collect()
    }

    /// Starts new workers, and drains those that they replace and those of removed queues. This function never waits,
    /// because a shutdown aborts the calling task: it closes the workers that it finds, and no worker may start after
    /// that. `_active` is for the configuration of the new workers.
    pub fn replace(&self, new: Vec<(QueueName, ActiveQueue)>, removed: &[QueueName], _active: &Active) {
        let mut active = self.lock();
        if self.stop.closing.is_cancelled() {
            return;
        }
        for (name, queue) in new {
            queue.worker.begin();
            if let Some(before) = active.insert(name.clone(), queue) {
                self.drain(&name, before.worker);
            }
        }
        for name in removed {
            if let Some(queue) = active.remove(name) {
                tracing::info!(queue = name.as_str(), "queue removed: its running jobs end, no more are claimed");
                self.drain(name, queue.worker);
            }
        }
    }

    /// Removes all active queues for a shutdown, and returns their workers. No queue can be drained after that.
    pub fn close(&self) -> Vec<Arc<QueueWorker>> {
        let active = std::mem::take(&mut *self.lock());
        self.draining.close();
        active.into_values().map(|queue| queue.worker).collect()
    }

    /// Waits until all removed queues are drained. Call `close` first.
    pub async fn drained(&self) {
        self.draining.wait().await;
    }

    /// Lets a worker finish its last jobs in the background. A shutdown applies to it as well.
    fn drain(&self, name: &QueueName, worker: Arc<QueueWorker>) {
        let (name, Stop { closing, forced }) = (name.clone(), self.stop.clone());
        self.draining.spawn(async move {
            let stopped = async {
                closing.cancelled().await;
                worker.cancel();
                forced.cancelled().await;
                worker.give_back();
                std::future::pending::<()>().await;
            };
            tokio::select! {
                clean = worker.close(DRAIN) => tracing::info!(queue = name.as_str(), clean, "queue drained"),
                () = stopped => {}
            }
        });
    }

    /// Never hold this lock over an `await`.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<QueueName, ActiveQueue>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
