//! From an outcome to BullMQ's transition. What ends a plain job goes to the loop, which ends many at once; the rest is
//! written here with BullMQ's own scripts. Each is written again until it is done or the job is another's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bullmq::Error;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::mpsc::error::SendError;
use tokio_util::sync::CancellationToken;

use super::batch::{Ending, How};
use super::driver::Ended;
use super::locks::Kept;
use super::shared::Shared;
use super::slots::Slot;
use crate::backoff::{self, Next};
use crate::children;
use crate::claimed::Claimed;
use crate::clock::milliseconds;
use crate::parked::Verdict;
use crate::patience::{PATIENCE, Pauses, is_passing};
use crate::scripts::Moved;
use toril_job::trace::{Kind, Trace};
use toril_job::{Failure, FailureKind, Json, Outcome};

/// When a job is run again whose children have all ended.
const NEARLY_NOW: Duration = Duration::from_millis(100);
/// Stack traces that a job keeps when its options do not say.
const TRACES: usize = 10;

/// One claimed job, on its way to its outcome.
pub struct Completer {
    /// Its queue's worker.
    pub worker: Arc<Shared>,
    /// The job.
    pub job: Arc<Claimed>,
    /// Its lock.
    pub kept: Kept,
    /// Cancelled when the lock is lost.
    pub lost: CancellationToken,
    /// Its place among those that run.
    pub slot: Option<Slot>,
    /// The attempt's spans, which end with it.
    pub spans: Spans,
}

/// The spans of an attempt that has not ended yet, if it has any.
#[derive(Default)]
pub struct Spans {
    attempt: Trace,
    writing: Trace,
}

impl Spans {
    /// From here on the outcome of the attempt that this span stands for is written.
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
    /// The outcome, as it is for this job: a failure that would be tried again is the last when no attempt remains or its
    /// backoff is not known, and children can be awaited only where there are some.
    pub async fn decide(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Retry(failure) => match self.backoff(failure) {
                Ok((failure, _)) => Outcome::Retry(failure),
                Err(failure) => Outcome::Failed(failure),
            },
            Outcome::AwaitChildren if self.has_no_children().await => Outcome::Failed(Failure::new(
                FailureKind::Plugin,
                "the plugin awaits children, and the job has none: they are added with `add-child` before",
            )),
            other => other,
        }
    }

    /// How long the job waits for its next attempt after this failure. An error: there is no next attempt, and that is the
    /// failure to end with.
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
        let (queue, job_id, strategy) = (&self.worker.name, &self.job.id, shortened(strategy));
        tracing::error!(queue, job_id, strategy, "the job's backoff strategy is not known, so it is not tried again");
        let message = format!(
            "Unknown backoff strategy {strategy}: add it to backoff_strategies of [queues.{queue}], or use \"fixed\" or \"exponential\". The attempt failed with: {}",
            failure.message
        );
        Failure { message, ..failure }
    }

    async fn has_no_children(&self) -> bool {
        let counts = self
            .until_written("count the job's children", || {
                async move { children::counts(&self.worker.home.queue(), &self.job.id).await }.boxed()
            })
            .await;
        counts.is_some_and(|counts| counts.processed + counts.unprocessed + counts.ignored + counts.failed == 0)
    }

    /// Brings the job to its outcome.
    pub async fn settle(self, outcome: Outcome) {
        // From here on the scripts say whether the job is this worker's.
        self.kept.ends();
        match outcome {
            Outcome::Completed(value) => self.complete(value).await,
            Outcome::Retry(failure) => self.retry(failure).await,
            Outcome::Failed(failure) => self.fail(failure).await,
            Outcome::Deferred(wait) => self.delay(wait).await,
            Outcome::RateLimited(wait) => self.rate_limit(wait).await,
            Outcome::AwaitChildren => self.await_children().await,
            Outcome::GivenBack => self.give_back().await,
            Outcome::LockLost => {}
        }
    }

    /// Writes a verdict that was reached before and could not be written then.
    pub async fn resume(self, verdict: Verdict) {
        self.kept.ends();
        let unwritten = |message| Failure::new(FailureKind::Host, message);
        match verdict {
            Verdict::Completed(text) => match Json::parse(text) {
                Ok(value) => self.complete(value).await,
                Err(error) => {
                    self.retry(unwritten(format!("the job's kept result is no JSON (line {})", error.line()))).await;
                }
            },
            Verdict::Retry(message) => self.retry(unwritten(message)).await,
            Verdict::Failed(message) => self.fail(unwritten(message)).await,
        }
    }

    async fn complete(self, value: Json) {
        self.end(How::Completed(value)).await;
    }

    /// Ends the job: mostly, by handing it to the loop.
    async fn end(mut self, how: How) {
        if !self.job.is_linked
            && let Some(slot) = self.slot.take()
        {
            let ending = Ending { job: self.job.clone(), how };
            let ended = Ended { ending, slot, completer: self };
            let worker = ended.completer.worker.clone();
            // Fails when the loop has ended, since the worker did not close in time.
            let Err(SendError(Ended { ending, completer, .. })) = worker.ended.send(ended) else { return };
            return completer.end_alone(ending.how).await;
        }
        self.end_alone(how).await;
    }

    /// Goes on where the loop could not end the job, or not as it should.
    pub async fn go_on(self, moved: Moved, how: How) {
        match moved {
            // It was linked after it was claimed.
            Moved::Linked => self.end_alone(how).await,
            moved => self.conclude(Some(moved), how).await,
        }
    }

    async fn end_alone(self, how: How) {
        let scripts = &self.worker.scripts;
        let policy = &self.worker.policy.load_full();
        let moved = self.until_written("end the job", || scripts.finish(&self.job, how.end(), policy).boxed()).await;
        self.conclude(moved, how).await;
    }

    /// What is left to do when Redis has said what became of the job. None: it did not, which was told.
    async fn conclude(self, moved: Option<Moved>, how: How) {
        match (how, moved) {
            (How::Completed(_), Some(Moved::PendingChildren)) => {
                let message = format!("Job {} has pending dependencies. moveToFinished", self.job.id);
                self.refused(Failure::new(FailureKind::Plugin, message), true).await;
            }
            (How::Completed(_), Some(Moved::FailedChildren)) => {
                let message = format!(
                    "Cannot complete job {} because it has at least one failed child. moveToFinished",
                    self.job.id
                );
                self.refused(Failure::new(FailureKind::Plugin, message), false).await;
            }
            (How::Completed(value), moved) => self.after(moved, || Verdict::Completed(value.text().to_owned())).await,
            (How::Failed(reason, _), moved) => self.after(moved, || Verdict::Failed(reason)).await,
        }
    }

    /// A result that BullMQ does not take is a failure, which is told in BullMQ's own words.
    fn refused(self, failure: Failure, again: bool) -> BoxFuture<'static, ()> {
        let (queue, job_id, reason) = (&self.worker.name, &self.job.id, &failure.message);
        tracing::warn!(queue, job_id, reason, "BullMQ did not take the plugin's result");
        if again { self.retry(failure).boxed() } else { self.fail(failure).boxed() }
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
        self.after(moved, || Verdict::Retry(failure.message)).await;
    }

    async fn fail(self, failure: Failure) {
        self.bury(&failure.message).await;
        let traces = traces(&self.job, &failure);
        self.end(How::Failed(failure.message, traces)).await;
    }

    /// Before the job is failed, so that a crash in between leaves it in both places rather than in none.
    async fn bury(&self, message: &str) {
        let dead_letter = self.worker.dead_letter.borrow().clone();
        if let Some(dead_letter) = dead_letter {
            self.until_written("add the job to its dead-letter queue", || {
                dead_letter.add(&self.worker.name, &self.job, self.job.attempts_made + 1, message).boxed()
            })
            .await;
        }
    }

    /// A verdict that was not written since the job was lost meanwhile is kept for its next turn.
    async fn after(&self, moved: Option<Moved>, verdict: impl FnOnce() -> Verdict) {
        let (queue, job_id) = (&self.worker.name, &self.job.id);
        match moved {
            Some(Moved::Missing) => tracing::debug!(queue, job_id, "the job was removed while it ran"),
            Some(Moved::Lost) => {
                let (verdict, parked) = (&verdict(), &self.worker.parked);
                let parked =
                    self.until_written("keep the job's result", || parked.park(&self.job, verdict).boxed()).await;
                if parked == Some(true) {
                    tracing::info!(
                        queue,
                        job_id,
                        "a finished result that Redis did not take was kept for the job's next turn"
                    );
                }
            }
            _ => {}
        }
    }

    async fn delay(&self, wait: Duration) {
        let scripts = &self.worker.scripts;
        let moved = self.until_written("delay the job", || scripts.delay(&self.job, wait, None).boxed()).await;
        self.tell_if_lost(moved);
    }

    async fn rate_limit(&self, wait: Duration) {
        let wait = milliseconds(wait).max(1);
        let home = &self.worker.home;
        let limit = || async move { home.queue().rate_limit(wait).await }.boxed();
        self.until_written("set the queue's rate limit", limit).await;
        self.give_back().await;
    }

    async fn await_children(self) {
        let scripts = &self.worker.scripts;
        let moved = self.until_written("await the job's children", || scripts.await_children(&self.job).boxed()).await;
        match moved {
            // They have ended already, so its turn is now. Nearly: a plugin that always waits must not spin.
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
        self.tell_if_lost(moved);
    }

    fn tell_if_lost(&self, moved: Option<Moved>) {
        if moved == Some(Moved::Lost) {
            let (queue, job_id) = (&self.worker.name, &self.job.id);
            tracing::warn!(queue, job_id, "the job's lock was lost before its outcome was written; it is run again");
        }
    }

    /// Tries until it is done. None: it cannot be, or the job is no longer this worker's.
    async fn until_written<'a, T>(&self, what: &str, write: impl Fn() -> BoxFuture<'a, Result<T, Error>>) -> Option<T> {
        let started = Instant::now();
        let mut said = None;
        let mut pauses = Pauses::default();
        loop {
            let error = match write().await {
                Ok(value) => return Some(value),
                Err(error) => error,
            };
            let goes_on = is_passing(&error) || (matches!(error, Error::Redis(_)) && started.elapsed() < PATIENCE);
            let (queue, job_id) = (&self.worker.name, &self.job.id);
            if !goes_on || self.lost.is_cancelled() {
                tracing::error!(queue, job_id, what, %error, "outcome not written; the job is run again once its lock is gone");
                return None;
            }
            self.worker.service.outage.tell(&mut said, &error, || {
                tracing::warn!(queue, job_id, what, %error, "outcome not written yet, trying again until the lock is lost");
            });
            tokio::time::sleep(pauses.next()).await;
        }
    }
}

/// The start of a name that a job's options gave, for logs and reasons.
fn shortened(name: &str) -> &str {
    name.char_indices().nth(100).map_or(name, |(end, _)| &name[..end])
}

/// The traces of the job's failures with this one, as a JSON array of as many as it keeps.
fn traces(job: &Claimed, failure: &Failure) -> String {
    let mut traces: Vec<String> =
        job.traces.as_deref().and_then(|traces| serde_json::from_str(traces).ok()).unwrap_or_default();
    traces.push(match &failure.backtrace {
        Some(backtrace) => format!("{}\n{backtrace}", failure.message),
        None => failure.message.clone(),
    });
    let keep = job.options.stack_trace_limit.map_or(TRACES, |limit| limit as usize);
    let kept = &traces[traces.len().saturating_sub(keep)..];
    serde_json::to_string(kept).unwrap_or_else(|_| "[]".to_owned())
}
