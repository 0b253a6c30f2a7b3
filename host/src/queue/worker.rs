//! One queue that this host works on: a BullMQ worker whose processor runs attempts, and what it takes to change it,
//! drain it and end it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bullmq::worker::WorkerEvent;
use bullmq::{Job, JobState, MetricsOptions, Queue, RateLimiterOptions, Worker, WorkerOptions};
use futures::FutureExt;
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::cancel::{self, Running};
use super::children::job_of_key;
use super::connection::{ConnectError, SharedRedis};
use super::context::{ClaimedJob, Defaults};
use super::dead_letter::DeadLetter;
use super::key_value::PluginData;
use super::settle::{Settling, Told};
use super::unsettled::{Unsettled, Verdict};
use super::{lock, options as job_options};
use crate::attempt::{self, Attempt, Cancellation, Failure, FailureKind, Finished, KeyValue, Outcome, Runner, Signals};
use crate::config;
use crate::telemetry::metrics;
use crate::telemetry::traces::{Kind, Trace};

/// How often the verdicts that Redis did not take are looked after.
const SWEEP: Duration = Duration::from_secs(1);
/// How long the worker waits on an empty queue before it looks again, whole seconds. It is woken by new jobs; this
/// bounds how long a job can lie that nobody was woken for.
const IDLE: Duration = Duration::from_secs(5);
/// Between two tries to claim while Redis is away.
const RECLAIM: Duration = Duration::from_secs(1);
/// A closing worker that waits for new jobs is woken this often.
const WAKE: Duration = Duration::from_millis(100);
/// A limit that no rate reaches. A worker without a limiter would not heed a `rate-limited` outcome.
const NO_RATE: u64 = 9_007_199_254_740_991;

/// A running worker of one queue.
pub struct QueueWorker {
    shared: Arc<Shared>,
    worker: Arc<Worker>,
    _events: AbortOnDropHandle<()>,
}

struct Shared {
    name: String,
    queue: Queue,
    unsettled: Unsettled,
    dead_letter: watch::Sender<Option<Arc<DeadLetter>>>,
    runner: Arc<dyn Runner>,
    lock_duration: Duration,
    shutdown: CancellationToken,
    give_back: CancellationToken,
    service: Service,
}

/// What the workers of one host share.
#[derive(Clone)]
pub struct Service {
    redis: SharedRedis,
    store: Arc<dyn KeyValue>,
    defaults: Defaults,
    running: Running,
}

impl Service {
    /// Works on this Redis. `defaults` says what the configuration has for jobs that plugins add.
    pub fn new(redis: SharedRedis, defaults: Defaults) -> Self {
        Self { store: Arc::new(PluginData::new(redis.clone())), redis, defaults, running: Running::default() }
    }

    /// Hears of jobs that are cancelled from outside, until it is dropped.
    pub async fn listen(self) {
        cancel::listen(self.redis, self.running).await;
    }
}

impl QueueWorker {
    /// Starts to work on a queue.
    pub async fn start(
        service: Service,
        name: &str,
        settings: &config::Queue,
        runner: Arc<dyn Runner>,
    ) -> Result<Self, ConnectError> {
        let redis = service.redis.clone();
        let shared = Arc::new(Shared {
            name: name.to_owned(),
            queue: redis.queue(name).await?,
            unsettled: Unsettled::new(redis.clone(), name, settings.lock_duration),
            dead_letter: watch::channel(dead_letter(&redis, settings).await?).0,
            runner,
            lock_duration: settings.lock_duration,
            shutdown: CancellationToken::new(),
            give_back: CancellationToken::new(),
            service,
        });
        let processor = {
            let shared = shared.clone();
            move |job: Job, _: bullmq::worker::CancellationToken| {
                let shared = shared.clone();
                async move { shared.process_safely(job).await }
            }
        };
        let worker = Worker::with_options(name, processor, options(&redis, settings)).await?;
        let worker = Arc::new(worker);
        let events = AbortOnDropHandle::new(tokio::spawn(follow(worker.clone(), shared.clone())));
        worker.run().await?;
        Ok(Self { shared, worker, _events: events })
    }

    /// Applies what can change while jobs run: concurrency and the dead-letter queue. Without Redis the latter stays
    /// what it was, which is told.
    pub async fn configure(&self, settings: &config::Queue) {
        self.worker.set_concurrency(settings.concurrency.get());
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
        self.worker.active_count().await
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
        let deadline = tokio::time::Instant::now() + bound;
        let milliseconds = u64::try_from(bound.as_millis()).unwrap_or(u64::MAX / 2);
        let closing = self.worker.close(milliseconds);
        let waking = async {
            loop {
                self.wake().await;
                tokio::time::sleep(WAKE).await;
            }
        };
        tokio::select! {
            closed = closing => {
                if let Err(error) = closed {
                    tracing::warn!(queue = self.shared.name, %error, "the worker did not close cleanly");
                }
            }
            () = waking => {}
        }
        while !self.shared.unsettled.is_empty() && tokio::time::Instant::now() < deadline {
            self.shared.unsettled.sweep().await;
            tokio::time::sleep(WAKE).await;
        }
        self.running().await == 0 && self.shared.unsettled.is_empty()
    }

    /// Ends the wait of an idle worker for new jobs, the way that an added job does. A hint, so that another worker
    /// that takes it loses nothing.
    async fn wake(&self) {
        let mut wake = redis::cmd("ZADD");
        wake.arg(self.shared.queue.keys().marker()).arg(0).arg("0");
        let woken = self.shared.queue.connection().cmd::<()>(&mut wake);
        match tokio::time::timeout(WAKE * 10, woken).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(queue = self.shared.name, %error, "the worker could not be woken"),
            Err(_) => tracing::debug!(queue = self.shared.name, "the worker could not be woken in time"),
        }
    }
}

fn options(redis: &SharedRedis, settings: &config::Queue) -> WorkerOptions {
    let (max, per) = match &settings.rate_limit {
        Some(limit) => (limit.max.get(), limit.per),
        None => (NO_RATE, Duration::from_secs(1)),
    };
    WorkerOptions::new()
        .connection(redis.options())
        .prefix(redis.prefix())
        .concurrency(settings.concurrency.get())
        .lock_duration(settings.lock_duration)
        .stalled_interval(settings.stalled_interval)
        .max_stalled_count(settings.max_stalled)
        .drain_delay(IDLE)
        .run_retry_delay(RECLAIM)
        // Counts by the minute, which dashboards for BullMQ show.
        .metrics(MetricsOptions::default())
        .limiter(RateLimiterOptions::new(max, per))
        // Attempts renew their own locks, since the worker's renewal does not notice a lost one.
        .skip_lock_renewal()
        .manual_start()
}

async fn dead_letter(redis: &SharedRedis, settings: &config::Queue) -> Result<Option<Arc<DeadLetter>>, ConnectError> {
    let Some(name) = &settings.dead_letter else { return Ok(None) };
    Ok(Some(Arc::new(DeadLetter::new(redis.queue(name).await?))))
}

impl Shared {
    /// A panic must not leave this function: the BullMQ worker would hold the job for ever.
    async fn process_safely(&self, job: Job) -> Told {
        let kept = job.clone();
        match AssertUnwindSafe(self.process(job)).catch_unwind().await {
            Ok(told) => told,
            Err(_) => {
                tracing::error!(
                    queue = self.name,
                    job_id = kept.id(),
                    "the host panicked while it processed a job; the attempt fails"
                );
                let reason = "Toril itself failed while it processed this job (a panic; the host's log has its place).";
                let token = kept.token().unwrap_or_default().to_owned();
                self.unsettled.expect(kept, &token, Verdict::Retry(reason.into()));
                Err(bullmq::Error::ProcessingError(reason.into()))
            }
        }
    }

    async fn process(&self, job: Job) -> Told {
        let started = std::time::Instant::now();
        metrics::claimed(&self.name, waited(&job));
        let token = job.token().unwrap_or_default().to_owned();
        let signals = Signals {
            shutdown: self.shutdown.clone(),
            cancelled: Cancellation::default(),
            give_back: self.give_back.clone(),
            lock_lost: CancellationToken::new(),
        };
        let _runs = self.service.running.enter(&self.name, job.id(), signals.cancelled.clone());
        let _kept = lock::keep(job.clone(), token.clone(), self.lock_duration, signals.lock_lost.clone());
        let dead_letter = self.dead_letter.borrow().clone();
        let settling = Settling {
            job: &job,
            token: &token,
            lost: &signals.lock_lost,
            queue: &self.queue,
            unsettled: &self.unsettled,
            dead_letter: dead_letter.as_deref(),
        };
        if let Some(verdict) = self.unsettled.parked(&job).await {
            tracing::info!(queue = self.name, job_id = job.id(), "writing a result that was finished before");
            return settling.resume(verdict).await;
        }
        let trace = self.trace(&job).await;
        let finished = match self.unreadable(&job).await {
            Some(outcome) => Finished { outcome, plugin: String::new(), version: None, usage: None },
            None => {
                let service = &self.service;
                let (redis, defaults) = (service.redis.clone(), service.defaults.clone());
                let context = Arc::new(ClaimedJob::new(job.clone(), self.queue.clone(), redis, defaults));
                let store = service.store.clone();
                let (signals, trace) = (signals.clone(), trace.clone());
                let attempt = Attempt { job: self.handed_over(&job), context, store, signals, trace };
                self.runner.run(attempt).await
            }
        };
        let finished = Finished { outcome: settling.decide(finished.outcome).await, ..finished };
        let took = started.elapsed();
        metrics::ended(&self.name, &finished, took);
        tell(&self.name, &job, &finished, took);
        note(&trace, &finished);
        let writing = trace.child("settle", Kind::Internal);
        let told = settling.settle(finished.outcome).await;
        writing.end();
        trace.end();
        told
    }

    /// The BullMQ crate turns data that is no JSON into `null`: looks whether that is what happened, and how the attempt
    /// ends if it is, or if it cannot be found out.
    async fn unreadable(&self, job: &Job) -> Option<Outcome> {
        if !job.data().is_null() {
            return None;
        }
        let key = self.queue.keys().job_key(job.id());
        let raw = self.queue.connection().cmd::<Option<String>>(redis::cmd("HGET").arg(key).arg("data")).await;
        let raw = match raw {
            Ok(raw) => raw?,
            Err(error) => {
                let message = format!("the job's data could not be read from Redis: {error}");
                return Some(Outcome::Retry(Failure::new(FailureKind::Host, message)));
            }
        };
        let error = serde_json::from_str::<Value>(&raw).err()?;
        let place = format!("line {} column {}", error.line(), error.column());
        let message = format!("the job's data is no JSON (at {place})");
        Some(Outcome::Failed(Failure::new(FailureKind::InvalidData, message)))
    }

    /// Begins the attempt's span, as a part of the trace that the job's producer has begun.
    async fn trace(&self, job: &Job) -> Trace {
        if !Trace::is_on() {
            return Trace::default();
        }
        // Without its context the attempt is a trace of its own.
        let stored = job_options::read(&self.queue, job.id()).await.ok().flatten();
        let carrier = stored.as_deref().and_then(job_options::trace);
        let trace = Trace::begin(format!("process {}", self.name), Kind::Consumer, carrier.as_ref());
        trace.note("messaging.system", "bullmq");
        trace.note("bullmq.queue.name", self.name.clone());
        trace.note("bullmq.job.id", job.id().to_owned());
        trace.note("bullmq.job.name", job.name().to_owned());
        trace.note("bullmq.job.attempts.made", i64::from(job.attempts_made()));
        trace
    }

    fn handed_over(&self, job: &Job) -> attempt::Job {
        attempt::Job {
            id: job.id().to_owned(),
            queue: self.name.clone(),
            name: job.name().to_owned(),
            data: job.data().clone(),
            attempt: job.attempts_made() + 1,
            max_attempts: job.opts().attempts.unwrap_or(1).max(1),
            added_at: job.timestamp(),
            parent: job.parent_key().and_then(|key| job_of_key(key, self.service.redis.prefix())),
        }
    }

    /// A job that the worker failed although no attempt said so: it had stalled too often, a child of it failed, or it
    /// returned a result while children were pending.
    async fn failed_unseen(&self, job_id: &str, reason: &str) {
        // What the worker tells of a write that came too late is no end of the job.
        match self.queue.get_job_state(job_id).await {
            Ok(JobState::Failed) => {}
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(queue = self.name, job_id, %error, "whether the job has failed is not known");
                return;
            }
        }
        tracing::warn!(queue = self.name, job_id, outcome = "failed", reason, "job failed by BullMQ's own rules");
        let dead_letter = self.dead_letter.borrow().clone();
        let Some(dead_letter) = dead_letter else { return };
        let buried = match self.queue.get_job(job_id).await {
            Ok(Some(job)) => dead_letter.add(&self.name, &job, job.attempts_made(), reason).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = buried {
            tracing::error!(queue = self.name, job_id, %error, "job not added to the dead-letter queue");
        }
    }
}

/// For how long a job that is claimed for the first time could have run: since it was added, or since its delay was over.
fn waited(job: &Job) -> Option<Duration> {
    if job.attempts_started() > 1 {
        return None;
    }
    let due = job.timestamp().saturating_add(job.opts().delay.unwrap_or(0));
    Some(Duration::from_millis(job.processed_on()?.saturating_sub(due)))
}

fn note(trace: &Trace, finished: &Finished) {
    trace.note("toril.plugin", finished.plugin.clone());
    if let Some(version) = &finished.version {
        trace.note("toril.plugin.version", version.clone());
    }
    trace.note("toril.outcome", finished.outcome.label());
    // What the plugin says may hold payload: its kind is enough here.
    if let Some(failure) = finished.outcome.failure() {
        trace.fail(failure.kind.label());
    }
}

fn tell(queue: &str, job: &Job, finished: &Finished, took: Duration) {
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let failure = finished.outcome.failure();
    // What the plugin says may hold payload; what the host says never does.
    let reason = failure.filter(|failure| failure.kind != FailureKind::Plugin).map(|failure| failure.message.as_str());
    tracing::info!(
        queue,
        job_id = job.id(),
        attempt = job.attempts_made() + 1,
        plugin = finished.plugin,
        version = finished.version.as_deref(),
        duration_ms,
        outcome = finished.outcome.label(),
        failure = failure.map(|failure| failure.kind.to_string()),
        reason,
        "attempt ended"
    );
}

/// Drains the worker's events: its channel has no bound.
async fn follow(worker: Arc<Worker>, shared: Arc<Shared>) {
    let mut sweep = tokio::time::interval(SWEEP);
    // Whether the worker has met an error since it last did something: then `Failed` does not mean that the failure is
    // written, and the next error is the same outage's.
    let mut trouble = false;
    loop {
        tokio::select! {
            event = worker.next_event() => match event {
                Some(WorkerEvent::Completed { job_id, .. }) => {
                    shared.unsettled.written(&job_id);
                }
                Some(WorkerEvent::Failed { job_id, error }) => {
                    // While there is trouble, the verdict may not be written: the sweep finds out.
                    let unseen = match shared.unsettled.expects(&job_id) {
                        false => true,
                        true if trouble => false,
                        // A result that BullMQ did not take, such as that of a job with pending children.
                        true => matches!(shared.unsettled.written(&job_id), Some(Verdict::Completed(_))),
                    };
                    if unseen {
                        shared.failed_unseen(&job_id, &error).await;
                    }
                }
                Some(WorkerEvent::Error(error)) => {
                    if !std::mem::replace(&mut trouble, true) {
                        tracing::warn!(queue = shared.name, error, "the queue cannot be worked, trying again until it can");
                    }
                }
                Some(WorkerEvent::Drained | WorkerEvent::Active { .. }) => {
                    if trouble && shared.unsettled.is_empty() {
                        trouble = false;
                        tracing::info!(queue = shared.name, "the queue is worked again");
                    }
                }
                Some(_) => {}
                None => return,
            },
            _ = sweep.tick() => shared.unsettled.sweep().await,
        }
    }
}
