//! Maps an outcome to BullMQ's state transition. The end of a plain job goes to the loop, which ends many jobs in one
//! call. Other transitions are written here with BullMQ's own scripts. Each write is retried until it succeeds or the
//! job belongs to another worker.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bullmq::Error;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::mpsc::error::SendError;
use tokio_util::sync::CancellationToken;

use super::batch::{FinalResult, Settlement};
use super::locks::HeldLock;
use super::shared::Shared;
use super::slots::Slot;
use crate::access::health::backoff::{RETRY_LIMIT, ReconnectBackoff, is_temporary};
use crate::backoff::{self, Next};
use crate::children;
use crate::claimed::Claimed;
use crate::clock::milliseconds;
use crate::pending_outcomes::PendingOutcome;
use crate::scripts::Moved;
use toril_job::trace::{Kind, Trace};
use toril_job::{Failure, FailureKind, Json, Outcome};

/// The delay of a job that awaits children when all of them have ended already.
const NEARLY_NOW: Duration = Duration::from_millis(100);
/// The number of stack traces that a job keeps by default.
const TRACES: usize = 10;

/// Completes one claimed job: decides its outcome and writes it.
pub struct Completer {
    /// The worker of its queue.
    pub worker: Arc<Shared>,
    /// The job.
    pub job: Arc<Claimed>,
    /// Keeps the job's lock renewed.
    pub lock: HeldLock,
    /// Cancelled when the lock is lost.
    pub lost: CancellationToken,
    /// The job's slot in the worker.
    pub slot: Option<Slot>,
    /// Sends settlements to the loop. The channel needs no bound: it never holds more jobs than there are slots.
    pub to_loop: UnboundedSender<PendingSettlement>,
    /// The spans of the attempt. They end when the completer is dropped.
    pub spans: Spans,
}

/// The settlement of a job that the next call of the loop writes to Redis.
pub struct PendingSettlement {
    /// The job and its result.
    pub settlement: Settlement,
    /// The job's slot. It becomes free once the result is written.
    pub slot: Slot,
    /// Takes over if the call cannot end the job.
    pub completer: Completer,
}

/// The spans of an attempt that has not ended yet, if tracing is on.
#[derive(Default)]
pub struct Spans {
    attempt: Trace,
    writing: Trace,
}

impl Spans {
    /// Starts the span `settle` inside the attempt's span. It covers the time that it takes to write the outcome.
    pub fn writing(attempt: Trace) -> Self {
        Self { writing: attempt.child("settle", Kind::Internal), attempt }
    }
}

impl Drop for Spans {
    fn drop(&mut self) {
        self.writing.end();
        self.attempt.end();
    }
}

impl Completer {
    /// Adapts the outcome to this job. A retry becomes a failure if no attempt remains or the backoff strategy is
    /// unknown. Awaiting children becomes a failure if the job has no children.
    pub async fn decide(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Retry(failure) => match self.backoff(failure) {
                Ok((failure, _)) => Outcome::Retry(failure),
                Err(failure) => Outcome::Failed(failure),
            },
            Outcome::AwaitChildren if self.has_no_children().await => Outcome::Failed(Failure::new(
                FailureKind::Plugin,
                "the plugin awaits children, but the job has none: add them with `add-child` first",
            )),
            other => other,
        }
    }

    /// The backoff before the next attempt after this failure. `Err`: there is no next attempt. It contains the failure
    /// to end with.
    fn backoff(&self, failure: Failure) -> Result<(Failure, Duration), Failure> {
        let (job, policy) = (&self.job, self.worker.policy.load());
        if !job.may_retry(policy.max_started) {
            return Err(failure);
        }
        let backoff = job.options.backoff.as_ref();
        match backoff::next(backoff, &policy.strategies, job.attempts_made.saturating_add(1), fastrand::f64()) {
            Next::After(wait) => Ok((failure, wait)),
            Next::Never => Err(failure),
            Next::Unknown(strategy) => Err(self.unknown_strategy(&strategy, failure)),
        }
    }

    fn unknown_strategy(&self, strategy: &str, failure: Failure) -> Failure {
        let (queue, job_id, strategy) = (self.worker.name.as_str(), self.job.id.as_str(), shortened(strategy));
        tracing::error!(queue, job_id, strategy, "unknown backoff strategy, the job is not retried");
        let message = format!(
            "Unknown backoff strategy {strategy}: add it to backoff_strategies of [queues.{queue}], or use \"fixed\" or \"exponential\". The attempt failed with: {}",
            failure.message
        );
        Failure { message, ..failure }
    }

    async fn has_no_children(&self) -> bool {
        let counts = self
            .until_written("count the job's children", || {
                async move { children::counts(&self.worker.client.queue(), &self.job.id).await }.boxed()
            })
            .await;
        counts.is_some_and(|counts| counts.processed + counts.unprocessed + counts.ignored + counts.failed == 0)
    }

    /// Writes the outcome to Redis.
    pub async fn settle(self, outcome: Outcome) {
        // From here on the scripts check whether this worker still owns the job.
        self.lock.begin_settling();
        match outcome {
            Outcome::Completed(value) => self.complete(value).await,
            Outcome::Retry(failure) => self.retry(failure).await,
            Outcome::Failed(failure) => self.fail(failure).await,
            Outcome::Deferred(wait) => self.delay(wait).await,
            Outcome::RateLimited(wait) => self.rate_limit(wait).await,
            Outcome::AwaitChildren => self.await_children().await,
            Outcome::Requeued | Outcome::GivenBack => self.give_back().await,
            Outcome::LockLost => {}
        }
    }

    /// Writes the pending outcome of an earlier attempt.
    pub async fn resume(self, outcome: PendingOutcome) {
        self.lock.begin_settling();
        let unwritten = |message| Failure::new(FailureKind::Host, message);
        match outcome {
            PendingOutcome::Completed(text) => match Json::parse(text) {
                Ok(value) => self.complete(value).await,
                Err(error) => {
                    self.retry(unwritten(format!(
                        "the pending outcome of the job is not JSON (line {})",
                        error.line()
                    )))
                    .await;
                }
            },
            PendingOutcome::Retry(message) => self.retry(unwritten(message)).await,
            PendingOutcome::Failed(message) => self.fail(unwritten(message)).await,
        }
    }

    async fn complete(self, value: Json) {
        self.end(FinalResult::Completed(value)).await;
    }

    /// Ends the job. Usually the loop writes the end.
    async fn end(mut self, result: FinalResult) {
        if !self.job.is_linked
            && let Some(slot) = self.slot.take()
        {
            let settlement = Settlement { job: self.job.clone(), result };
            let to_loop = self.to_loop.clone();
            let pending = PendingSettlement { settlement, slot, completer: self };
            // Sending fails when the loop has ended, because the worker did not close in time.
            let Err(SendError(PendingSettlement { settlement, completer, .. })) = to_loop.send(pending) else { return };
            return completer.end_alone(settlement.result).await;
        }
        self.end_alone(result).await;
    }

    /// Continues when the loop could not end the job or not in the usual way.
    pub async fn continue_after(self, moved: Moved, result: FinalResult) {
        match moved {
            // The job got a parent or a deduplication id after it was claimed.
            Moved::Linked => self.end_alone(result).await,
            moved => self.conclude(Some(moved), result).await,
        }
    }

    async fn end_alone(self, result: FinalResult) {
        let scripts = &self.worker.scripts;
        let policy = &self.worker.policy.load_full();
        let moved = self.until_written("end the job", || scripts.finish(&self.job, result.end(), policy).boxed()).await;
        self.conclude(moved, result).await;
    }

    /// Does what is left after Redis has answered. `None`: Redis did not answer, which is logged already.
    async fn conclude(self, moved: Option<Moved>, result: FinalResult) {
        match (result, moved) {
            (FinalResult::Completed(_), Some(Moved::PendingChildren)) => {
                let message = format!("Job {} has pending dependencies. moveToFinished", self.job.id);
                self.retry_refused(Failure::new(FailureKind::Plugin, message)).await;
            }
            (FinalResult::Completed(_), Some(Moved::FailedChildren)) => {
                let message = format!(
                    "Cannot complete job {} because it has at least one failed child. moveToFinished",
                    self.job.id
                );
                self.fail_refused(Failure::new(FailureKind::Plugin, message)).await;
            }
            (FinalResult::Completed(value), moved) => {
                self.after(moved, || PendingOutcome::Completed(value.text().to_owned())).await
            }
            (FinalResult::Failed(reason, _), moved) => self.after(moved, || PendingOutcome::Failed(reason)).await,
        }
    }

    /// Retries a job whose result BullMQ refuses. The failure contains BullMQ's own message.
    fn retry_refused(self, failure: Failure) -> BoxFuture<'static, ()> {
        self.log_refused(&failure);
        self.retry(failure).boxed()
    }

    /// Fails a job whose result BullMQ refuses. The failure contains BullMQ's own message.
    fn fail_refused(self, failure: Failure) -> BoxFuture<'static, ()> {
        self.log_refused(&failure);
        self.fail(failure).boxed()
    }

    fn log_refused(&self, failure: &Failure) {
        let (queue, job_id, reason) = (self.worker.name.as_str(), self.job.id.as_str(), &failure.message);
        tracing::warn!(queue, job_id, reason, "BullMQ refused the result of the plugin");
    }

    async fn retry(self, failure: Failure) {
        let (failure, wait) = match self.backoff(failure) {
            Ok(again) => again,
            Err(last) => return self.fail(last).await,
        };
        let (job, scripts) = (&*self.job, &self.worker.scripts);
        let (reason, traces) = (&failure.message, traces(job, &failure));
        let moved = if wait.is_zero() {
            self.until_written("try the job again", || scripts.retry(job, reason, &traces).boxed()).await
        } else {
            let failure = Some((reason.as_str(), traces.as_str()));
            self.until_written("delay the job", || scripts.delay(job, wait, failure).boxed()).await
        };
        self.after(moved, || PendingOutcome::Retry(failure.message)).await;
    }

    async fn fail(self, failure: Failure) {
        self.add_dead_letter(&failure.message).await;
        let traces = traces(&self.job, &failure);
        self.end(FinalResult::Failed(failure.message, traces)).await;
    }

    /// Adds the job to the dead-letter queue before it is failed. After a crash in between, the job is in both places
    /// instead of in none.
    async fn add_dead_letter(&self, message: &str) {
        let dead_letter = self.worker.dead_letter.borrow().clone();
        if let Some(dead_letter) = dead_letter {
            self.until_written("add the job to its dead-letter queue", || {
                dead_letter.add(&self.worker.name, &self.job, self.job.attempts_made + 1, message).boxed()
            })
            .await;
        }
    }

    /// Stores the outcome if it could not be written because the job's lock was lost. The next claim of the job writes
    /// it.
    async fn after(&self, moved: Option<Moved>, outcome: impl FnOnce() -> PendingOutcome) {
        let (queue, job_id) = (self.worker.name.as_str(), self.job.id.as_str());
        match moved {
            Some(Moved::Missing) => tracing::debug!(queue, job_id, "the job was removed while it ran"),
            Some(Moved::Lost) => {
                let (outcome, pending) = (&outcome(), &self.worker.pending_outcomes);
                let stored =
                    self.until_written("store the pending outcome", || pending.store(&self.job, outcome).boxed()).await;
                if stored == Some(true) {
                    tracing::info!(queue, job_id, "stored the outcome for the next claim of the job");
                }
            }
            _ => {}
        }
    }

    async fn delay(&self, wait: Duration) {
        let scripts = &self.worker.scripts;
        let moved = self.until_written("delay the job", || scripts.delay(&self.job, wait, None).boxed()).await;
        self.log_if_lost(moved);
    }

    async fn rate_limit(&self, wait: Duration) {
        let wait = milliseconds(wait).max(1);
        let client = &self.worker.client;
        let limit = || async move { client.queue().rate_limit(wait).await }.boxed();
        self.until_written("set the queue's rate limit", limit).await;
        self.give_back().await;
    }

    async fn await_children(self) {
        let scripts = &self.worker.scripts;
        let moved = self.until_written("await the job's children", || scripts.await_children(&self.job).boxed()).await;
        match moved {
            // The children have ended already, so the job may run again. The short delay stops a plugin that always
            // awaits children from spinning.
            Some(None) => self.delay(NEARLY_NOW).await,
            Some(Some(Moved::FailedChildren)) => {
                let message = format!(
                    "Cannot complete job {} because it has at least one failed child. moveToWaitingChildren",
                    self.job.id
                );
                self.fail(Failure::new(FailureKind::Plugin, message)).await;
            }
            Some(Some(_)) | None => {}
        }
    }

    async fn give_back(&self) {
        let scripts = &self.worker.scripts;
        let moved = self.until_written("give the job back", || scripts.give_back(&self.job).boxed()).await;
        self.log_if_lost(moved);
    }

    fn log_if_lost(&self, moved: Option<Moved>) {
        if moved == Some(Moved::Lost) {
            let (queue, job_id) = (self.worker.name.as_str(), self.job.id.as_str());
            tracing::warn!(
                queue,
                job_id,
                "the lock of the job was lost before its outcome was written, the job runs again"
            );
        }
    }

    /// Retries until the write succeeds. `None`: it cannot succeed, or the job no longer belongs to this worker.
    async fn until_written<'a, T>(&self, what: &str, write: impl Fn() -> BoxFuture<'a, Result<T, Error>>) -> Option<T> {
        let started = Instant::now();
        let mut reported = None;
        let mut delays = ReconnectBackoff::default();
        loop {
            let error = match write().await {
                Ok(value) => return Some(value),
                Err(error) => error,
            };
            let goes_on = is_temporary(&error) || (matches!(error, Error::Redis(_)) && started.elapsed() < RETRY_LIMIT);
            let (queue, job_id) = (self.worker.name.as_str(), self.job.id.as_str());
            if !goes_on || self.lost.is_cancelled() {
                tracing::error!(queue, job_id, what, %error, "outcome not written, the job runs again after its lock expires");
                return None;
            }
            self.worker.service.outage.report(&mut reported, &error, || {
                tracing::warn!(queue, job_id, what, %error, "outcome not written yet, retrying until the lock is lost");
            });
            tokio::time::sleep(delays.next()).await;
        }
    }
}

/// The start of a name from the job's options, for logs and failure reasons.
fn shortened(name: &str) -> &str {
    name.char_indices().nth(100).map_or(name, |(end, _)| &name[..end])
}

/// The stack traces of the job's failures including this one, as a JSON array. It is cut to the number that the job
/// keeps.
fn traces(job: &Claimed, failure: &Failure) -> String {
    let mut traces: Vec<String> =
        job.traces.as_deref().and_then(|traces| serde_json::from_str(traces).ok()).unwrap_or_default();
    traces.push(failure.stack.as_ref().unwrap_or(&failure.message).clone());
    let keep = job.options.stack_trace_limit.map_or(TRACES, |limit| limit as usize);
    let kept = &traces[traces.len().saturating_sub(keep)..];
    serde_json::to_string(kept).unwrap_or_else(|_| "[]".to_owned())
}
