//! Processes one claimed job: the checks before its attempt, the attempt itself, and the logs, metrics and spans about
//! it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::FutureExt;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::completer::{Completer, PendingSettlement, Spans};
use super::schedule::Turn;
use super::shared::Shared;
use super::slots::Slot;
use crate::claimed::Claimed;
use crate::context::JobOfQueue;
use crate::job_key::job_of_key;
use toril_job::trace::{Carrier, Kind, Trace};
use toril_job::{Attempt, Cancellation, Failure, FailureKind, Finished, Job, Json, Outcome, Signals};

/// An attempt that is shorter than this costs less than a switch to the threads of the pens and back.
const SHORT_ATTEMPT: Duration = Duration::from_micros(500);
/// The delay of a job whose schedule this host cannot compute. Another worker may claim it afterwards.
const OTHER_WORKER_DELAY: Duration = Duration::from_secs(5);

/// The failure reason that BullMQ's workers use.
const STARTED_TOO_OFTEN: &str = "job started more than allowable limit";

/// Processes the claimed jobs of one queue.
#[derive(Clone)]
pub struct Executor {
    /// The state that it shares with the loop.
    pub worker: Arc<Shared>,
    to_loop: UnboundedSender<PendingSettlement>,
}

impl Executor {
    /// Creates the executor. It sends the settlements of plain jobs to the loop through `to_loop`.
    pub fn new(worker: Arc<Shared>, to_loop: UnboundedSender<PendingSettlement>) -> Self {
        Self { worker, to_loop }
    }

    /// Runs a job until its outcome is written or handed to the loop. A panic in between fails the attempt and frees
    /// the job's slot.
    pub async fn process(self, job: Arc<Claimed>, slot: Slot) {
        // The future is boxed because it is moved several times before it runs.
        let attempt = self.worker.clone().attempt(self.completer(&job, Some(slot))).boxed();
        if AssertUnwindSafe(attempt).catch_unwind().await.is_ok() {
            return;
        }
        let (queue, job_id) = (self.worker.name.as_str(), job.id.as_str());
        tracing::error!(queue, job_id, "the host panicked while it processed the job, the attempt fails");
        let reason = "The host panicked while it processed this job. Its log contains the place of the panic.";
        let completer = self.completer(&job, None);
        completer.settle(Outcome::Retry(Failure::new(FailureKind::Host, reason))).await;
    }

    /// Starts to renew the lock of a job. Renewal stops when the job's end is written.
    fn completer(&self, job: &Arc<Claimed>, slot: Option<Slot>) -> Completer {
        let lost = CancellationToken::new();
        let lock = self.worker.locks.keep(job, lost.clone());
        Completer {
            worker: self.worker.clone(),
            job: job.clone(),
            lock,
            lost,
            slot,
            to_loop: self.to_loop.clone(),
            spans: Spans::default(),
        }
    }
}

impl Shared {
    async fn attempt(self: Arc<Self>, mut completer: Completer) {
        let started = Instant::now();
        let job = &completer.job.clone();
        let (queue, job_id) = (self.name.as_str(), job.id.as_str());
        self.meters.claimed(job.waited());
        tracing::debug!(queue, job_id, attempt = job.attempts_made + 1, "attempt started");
        if job.is_scheduled() && self.repeat(job).await == Turn::OtherWorker {
            return completer.settle(Outcome::Deferred(OTHER_WORKER_DELAY)).await;
        }
        if let Some(reason) = &job.failed_already {
            tracing::warn!(queue, job_id, outcome = "failed", reason, "job failed before it was run");
            return completer.settle(Outcome::Failed(Failure::new(FailureKind::Host, reason))).await;
        }
        if let Some(outcome) = self.pending_outcomes.take(job).await {
            tracing::info!(queue, job_id, "writing the pending outcome of an earlier attempt");
            return completer.resume(outcome).await;
        }
        if self.policy.load().is_started_too_often(job) {
            tracing::warn!(
                queue,
                job_id,
                outcome = "failed",
                "job was started more often than max_started_attempts allows"
            );
            return completer.settle(Outcome::Failed(Failure::new(FailureKind::Host, STARTED_TOO_OFTEN))).await;
        }
        let trace = begin(queue, job);
        let finished = match Json::parse(job.data.clone()) {
            Ok(data) => self.run(job, data, &completer.lost, &trace).await,
            Err(error) => {
                let place = format!("line {} column {}", error.line(), error.column());
                let message = format!("the job's data is not JSON (at {place})");
                let outcome = Outcome::Failed(Failure::new(FailureKind::InvalidData, message));
                Finished { outcome, plugin: String::new(), version: None, usage: None }
            }
        };
        let finished = Finished { outcome: completer.decide(finished.outcome).await, ..finished };
        let took = started.elapsed();
        self.last_was_short.store(took < SHORT_ATTEMPT, Ordering::Relaxed);
        self.meters.ended(&finished, took);
        log(queue, job, &finished, took);
        self.service.attempts.note(&self.name, &job.id, job.attempts_made + 1, &finished, took);
        note(&trace, &finished);
        completer.spans = Spans::writing(trace);
        completer.settle(finished.outcome).await;
    }

    async fn run(&self, job: &Arc<Claimed>, data: Json, lost: &CancellationToken, trace: &Trace) -> Finished {
        let service = &self.service;
        let signals = Signals {
            shutdown: self.shutdown.clone(),
            cancelled: Cancellation::default(),
            give_back: self.give_back.clone(),
            lock_lost: lost.clone(),
        };
        // Registered only until the attempt has ended, because this host may also claim the job's next attempt.
        let _runs = service.running.enter(&self.name, job, signals.cancelled.clone());
        let context = Arc::new(JobOfQueue::new(
            job.clone(),
            self.client.clone(),
            self.scripts.clone(),
            service.redis.clone(),
            service.defaults.clone(),
        ));
        let handed_over = Job {
            id: job.id.clone(),
            queue: self.name.clone(),
            name: job.name.clone(),
            data,
            attempt: job.attempts_made + 1,
            max_attempts: job.options.attempts.unwrap_or(1).max(1),
            added_at: job.added_at,
            parent: job.parent_key.as_deref().and_then(|key| job_of_key(key, service.redis.prefix())),
        };
        let trace = trace.clone();
        self.runner.run(Attempt { job: handed_over, context, store: service.store.clone(), signals, trace }).await
    }
}

/// Begins the attempt's span, as a part of the trace that the job's producer began.
fn begin(queue: &str, job: &Claimed) -> Trace {
    if !Trace::is_on() {
        return Trace::default();
    }
    // Without the producer's context the attempt starts a new trace.
    let carrier: Option<Carrier> =
        job.options.trace_context.as_deref().and_then(|context| serde_json::from_str(context).ok());
    let trace = Trace::begin(format!("process {queue}"), Kind::Consumer, carrier.as_ref());
    trace.note("messaging.system", "bullmq");
    trace.note("bullmq.queue.name", queue.to_owned());
    trace.note("bullmq.job.id", job.id.to_string());
    trace.note("bullmq.job.name", job.name.clone());
    trace.note("bullmq.job.attempts.made", i64::from(job.attempts_made));
    trace
}

fn note(trace: &Trace, finished: &Finished) {
    trace.note("toril.plugin", finished.plugin.clone());
    if let Some(version) = &finished.version {
        trace.note("toril.plugin.version", version.clone());
    }
    trace.note("toril.outcome", finished.outcome.label());
    // The plugin's message may contain job data. The kind of failure is enough here.
    if let Some(failure) = finished.outcome.failure() {
        trace.fail(failure.kind.label());
    }
}

fn log(queue: &str, job: &Claimed, finished: &Finished, took: Duration) {
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let failure = finished.outcome.failure();
    // A plugin's message may contain job data. The host's messages never do.
    let reason = failure.filter(|failure| failure.kind != FailureKind::Plugin).map(|failure| failure.message.as_str());
    tracing::info!(
        queue,
        job_id = job.id.as_str(),
        attempt = job.attempts_made + 1,
        plugin = finished.plugin,
        version = finished.version.as_deref(),
        duration_ms,
        outcome = finished.outcome.label(),
        failure = failure.map(|failure| failure.kind.label()),
        reason,
        "attempt ended"
    );
}
