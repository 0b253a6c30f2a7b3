//! From an outcome to BullMQ's transition. What the BullMQ worker does itself (completing, failing for good, retrying
//! at once) is handed to it; the rest is written here, and written again until it is done or the lock is lost.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bullmq::{Error, Job, Queue};
use futures::future::BoxFuture;
use futures::{FutureExt, TryFutureExt};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::backoff;
use super::dead_letter::DeadLetter;
use super::options;
use super::unsettled::{Unsettled, Verdict};
use crate::attempt::{Failure, FailureKind, Outcome};

/// Between two tries to write an outcome.
const PAUSE: Duration = Duration::from_millis(200);
/// How long an error that is not the connection's is taken for a passing one.
const PATIENCE: Duration = Duration::from_secs(30);
/// When a job is run again whose children have all ended.
const NEARLY_NOW: Duration = Duration::from_millis(100);
/// Stack traces that a job keeps when its options do not say. Node's client keeps as many.
const TRACES: u32 = 10;

/// What the BullMQ worker is told. `Error::Delayed` means: nothing is left to do.
pub type Told = Result<Value, Error>;

/// One claimed job, on its way to its outcome.
pub struct Settling<'a> {
    /// The job.
    pub job: &'a Job,
    /// Its lock's token.
    pub token: &'a str,
    /// Cancelled when the lock is lost.
    pub lost: &'a CancellationToken,
    /// The queue.
    pub queue: &'a Queue,
    /// Verdicts that are handed to the worker.
    pub unsettled: &'a Unsettled,
    /// Where jobs go that have failed for good.
    pub dead_letter: Option<&'a DeadLetter>,
}

impl Settling<'_> {
    /// The outcome, as it is for this job: a failure that would be tried again is the last when no attempt remains, and
    /// children can be awaited only where there are some.
    pub async fn decide(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Retry(failure) if !self.may_retry() => Outcome::Failed(failure),
            Outcome::AwaitChildren if self.has_no_children().await => Outcome::Failed(Failure::new(
                FailureKind::Plugin,
                "the plugin awaits children, and the job has none: they are added with `add-child` before",
            )),
            other => other,
        }
    }

    async fn has_no_children(&self) -> bool {
        let counts = self.until_written("count the job's children", || self.job.get_dependencies_count().boxed()).await;
        counts.is_some_and(|counts| counts.processed + counts.unprocessed + counts.ignored + counts.failed == 0)
    }

    fn may_retry(&self) -> bool {
        self.job.attempts_made() + 1 < self.job.opts().attempts.unwrap_or(1)
    }

    /// Brings the job to its outcome, or to where the BullMQ worker does.
    pub async fn settle(&self, outcome: Outcome) -> Told {
        match outcome {
            Outcome::Completed(value) => self.hand_over(Verdict::Completed(value)),
            Outcome::Retry(failure) => self.retry(failure).await,
            Outcome::Failed(failure) => self.fail(failure).await,
            Outcome::Deferred(wait) => self.delay(wait).await,
            Outcome::RateLimited(wait) => self.rate_limit(wait).await,
            Outcome::AwaitChildren => self.await_children().await,
            Outcome::GivenBack => self.give_back().await,
            Outcome::LockLost => Err(Error::Delayed),
        }
    }

    /// A verdict that was reached before and could not be written then.
    pub async fn resume(&self, verdict: Verdict) -> Told {
        match verdict {
            Verdict::Completed(_) | Verdict::Retry(_) => self.hand_over(verdict),
            Verdict::Failed(ref message) => {
                self.bury(message).await;
                self.hand_over(verdict)
            }
        }
    }

    /// The worker writes the verdict. It tries once; `Unsettled` sees to it if that fails.
    fn hand_over(&self, verdict: Verdict) -> Told {
        self.unsettled.expect(self.job.clone(), self.token, verdict.clone());
        match verdict {
            Verdict::Completed(value) => Ok(value),
            Verdict::Failed(message) => Err(Error::Unrecoverable(message)),
            Verdict::Retry(message) => Err(Error::ProcessingError(message)),
        }
    }

    async fn retry(&self, failure: Failure) -> Told {
        if !self.may_retry() {
            return self.fail(failure).await;
        }
        let made = self.job.attempts_made() + 1;
        // Read anew, since the client's own type has lost the jitter.
        let opts =
            self.until_written("read the job's options", || options::read(self.queue, self.job.id()).boxed()).await;
        let wait = backoff::delay(&opts.flatten().unwrap_or_default(), made, fastrand::f64());
        if wait.is_zero() {
            self.record(&failure, None).await;
            return self.hand_over(Verdict::Retry(failure.message));
        }
        self.record(&failure, Some(made)).await;
        self.delay(wait).await
    }

    async fn fail(&self, failure: Failure) -> Told {
        self.bury(&failure.message).await;
        self.record(&failure, None).await;
        self.hand_over(Verdict::Failed(failure.message))
    }

    /// Before the job is failed, so that a crash in between leaves it in both places rather than in none.
    async fn bury(&self, message: &str) {
        if let Some(dead_letter) = self.dead_letter {
            self.until_written("add the job to its dead-letter queue", || {
                dead_letter.add(self.queue.name(), self.job, self.job.attempts_made() + 1, message).boxed()
            })
            .await;
        }
    }

    async fn delay(&self, wait: Duration) -> Told {
        let until = now_ms().saturating_add(ms(wait));
        self.until_written("delay the job", || self.job.move_to_delayed(until).boxed()).await;
        Err(Error::Delayed)
    }

    async fn rate_limit(&self, wait: Duration) -> Told {
        let wait = ms(wait).max(1);
        self.until_written("set the queue's rate limit", || self.queue.rate_limit(wait).boxed()).await;
        self.give_back().await
    }

    async fn await_children(&self) -> Told {
        let moved = self
            .until_written("await the job's children", || {
                let moved = self.job.move_to_waiting_children(None);
                moved
                    .map(|moved| match moved {
                        Err(Error::Unrecoverable(reason)) => Ok(Err(reason)),
                        moved => moved.map(Ok),
                    })
                    .boxed()
            })
            .await;
        match moved {
            // They have ended already, so its turn is now. Nearly: a plugin that always waits must not spin.
            Some(Ok(false)) => self.delay(NEARLY_NOW).await,
            Some(Err(reason)) => {
                self.bury(&reason).await;
                self.hand_over(Verdict::Failed(reason))
            }
            Some(Ok(true)) | None => Err(Error::WaitingChildren),
        }
    }

    async fn give_back(&self) -> Told {
        self.until_written("give the job back", || self.job.move_to_wait(None).map_ok(drop).boxed()).await;
        Err(Error::Delayed)
    }

    /// Keeps reason and stack on the job. `made`: counts the attempt, where no transition will.
    async fn record(&self, failure: &Failure, made: Option<u32>) {
        let key = self.queue.keys().job_key(self.job.id());
        let lock = format!("{key}:lock");
        let trace = match &failure.backtrace {
            Some(backtrace) => format!("{}\n{backtrace}", failure.message),
            None => failure.message.clone(),
        };
        let keep = self.job.opts().stack_trace_limit.unwrap_or(TRACES);
        let script = redis::Script::new(include_str!("record.lua"));
        let mut call = script.prepare_invoke();
        call.key(key).key(lock).arg(self.token).arg(&failure.message).arg(trace).arg(keep);
        call.arg(made.map(|made| made.to_string()).unwrap_or_default());
        let call = &call;
        self.until_written("record why the attempt failed", || {
            async move {
                let mut connection = self.queue.connection().connection();
                match call.invoke_async::<i64>(&mut connection).await? {
                    1 => Ok(()),
                    _ => Err(Error::JobLocked(self.job.id().to_owned())),
                }
            }
            .boxed()
        })
        .await;
    }

    /// Tries until it is done. None: it cannot be, since the job is no longer this worker's.
    async fn until_written<'a, T>(&self, what: &str, write: impl Fn() -> BoxFuture<'a, Result<T, Error>>) -> Option<T> {
        let started = std::time::Instant::now();
        let mut told = false;
        loop {
            let error = match write().await {
                Ok(value) => return Some(value),
                Err(error) => error,
            };
            let passing = is_passing(&error);
            let goes_on = passing || (matches!(error, Error::Redis(_)) && started.elapsed() < PATIENCE);
            let (queue, job_id) = (self.queue.name(), self.job.id());
            if !goes_on || self.lost.is_cancelled() {
                tracing::error!(queue, job_id, what, %error, "outcome not written; the job is run again once its lock is gone");
                return None;
            }
            if !told {
                tracing::warn!(queue, job_id, what, %error, "outcome not written yet, trying again until the lock is lost");
                told = true;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Whether the error is the connection's or a server's that is starting up, and so says nothing of the request.
fn is_passing(error: &Error) -> bool {
    use redis::{ErrorKind, ServerErrorKind};
    let Error::Redis(error) = error else { return false };
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || error.is_connection_refusal()
        || matches!(
            error.kind(),
            ErrorKind::Server(
                ServerErrorKind::BusyLoading
                    | ServerErrorKind::TryAgain
                    | ServerErrorKind::ClusterDown
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::ReadOnly
            )
        )
}

fn now_ms() -> u64 {
    ms(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
