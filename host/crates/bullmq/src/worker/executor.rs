//! One claimed job, from its claim to its end: what is looked at before its attempt, the attempt, and what is told of it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use super::completer::{Completer, Spans};
use super::repeat::Turn;
use super::shared::Shared;
use super::slots::Slot;
use crate::children::job_of_key;
use crate::claimed::Claimed;
use crate::context::JobOfQueue;
use toril_job::trace::{Carrier, Kind, Trace};
use toril_job::{Attempt, Cancellation, Failure, FailureKind, Finished, Job, Json, Outcome, Signals};

/// An attempt that is over sooner than this costs less than the way to the threads of the pens and back.
const BRISK: Duration = Duration::from_micros(500);
/// How long a job waits for another worker when this host cannot compute its schedule.
const ELSEWHERE: Duration = Duration::from_secs(5);

/// The reason that BullMQ's workers give.
const STARTED_TOO_OFTEN: &str = "job started more than allowable limit";

impl Shared {
    /// Runs a job to its end, or to where the loop ends it. A panic on the way fails the attempt, and the job's place is
    /// free again.
    pub async fn process(self: Arc<Self>, job: Arc<Claimed>, slot: Slot) {
        // In a box: the task is moved several times until it runs.
        let attempt = self.clone().attempt(self.completer(&job, Some(slot))).boxed();
        if AssertUnwindSafe(attempt).catch_unwind().await.is_ok() {
            return;
        }
        let (queue, job_id) = (&self.name, &job.id);
        tracing::error!(queue, job_id, "the host panicked while it processed a job; the attempt fails");
        let reason = "Toril itself failed while it processed this job (a panic; the host's log has its place).";
        let completer = self.completer(&job, None);
        completer.settle(Outcome::Retry(Failure::new(FailureKind::Host, reason))).await;
    }

    /// Keeps the lock of a job from now on, until its end is written.
    fn completer(self: &Arc<Self>, job: &Arc<Claimed>, slot: Option<Slot>) -> Completer {
        let lost = CancellationToken::new();
        let kept = self.locks.keep(job, lost.clone());
        Completer { worker: self.clone(), job: job.clone(), kept, lost, slot, spans: Spans::default() }
    }

    async fn attempt(self: Arc<Self>, mut completer: Completer) {
        let started = Instant::now();
        let job = &completer.job.clone();
        let (queue, job_id) = (&self.name, &job.id);
        self.meters.claimed(job.waited());
        tracing::debug!(queue, job_id, attempt = job.attempts_made + 1, "attempt started");
        if job.is_scheduled() && self.repeat(job).await == Turn::Elsewhere {
            return completer.settle(Outcome::Deferred(ELSEWHERE)).await;
        }
        if let Some(reason) = &job.failed_already {
            tracing::warn!(queue, job_id, outcome = "failed", reason, "job failed before it was run");
            return completer.settle(Outcome::Failed(Failure::new(FailureKind::Host, reason))).await;
        }
        if let Some(verdict) = self.parked.take(job).await {
            tracing::info!(queue, job_id, "writing a result that was finished before");
            return completer.resume(verdict).await;
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
                let message = format!("the job's data is no JSON (at {place})");
                let outcome = Outcome::Failed(Failure::new(FailureKind::InvalidData, message));
                Finished { outcome, plugin: String::new(), version: None, usage: None }
            }
        };
        let finished = Finished { outcome: completer.decide(finished.outcome).await, ..finished };
        let took = started.elapsed();
        self.is_brisk.store(took < BRISK, Ordering::Relaxed);
        self.meters.ended(&finished, took);
        tell(queue, job, &finished, took);
        self.service.attempts.note(queue, job_id, job.attempts_made + 1, &finished, took);
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
        // Until the attempt has ended, and no longer: its next one may be this host's as well.
        let _runs = service.running.enter(&self.name, job, signals.cancelled.clone());
        let context = Arc::new(JobOfQueue::new(
            job.clone(),
            self.home.clone(),
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

/// Begins the attempt's span, as a part of the trace that the job's producer has begun.
fn begin(queue: &str, job: &Claimed) -> Trace {
    if !Trace::is_on() {
        return Trace::default();
    }
    // Without its context the attempt is a trace of its own.
    let carrier: Option<Carrier> =
        job.options.trace_context.as_deref().and_then(|context| serde_json::from_str(context).ok());
    let trace = Trace::begin(format!("process {queue}"), Kind::Consumer, carrier.as_ref());
    trace.note("messaging.system", "bullmq");
    trace.note("bullmq.queue.name", queue.to_owned());
    trace.note("bullmq.job.id", job.id.clone());
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
    // What the plugin says may hold payload: its kind is enough here.
    if let Some(failure) = finished.outcome.failure() {
        trace.fail(failure.kind.label());
    }
}

fn tell(queue: &str, job: &Claimed, finished: &Finished, took: Duration) {
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let failure = finished.outcome.failure();
    // What the plugin says may hold payload; what the host says never does.
    let reason = failure.filter(|failure| failure.kind != FailureKind::Plugin).map(|failure| failure.message.as_str());
    tracing::info!(
        queue,
        job_id = job.id,
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
