//! One attempt of a job: checks the job's data, takes a pen, calls the plugin's `handle` in it, and turns the result
//! into an outcome.
//!
//! | module | holds |
//! | --- | --- |
//! | `check` | the check of the job before the attempt |
//! | `outcome` | the outcome of each way in which a call of `handle` can end |

mod check;
mod outcome;
#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use tokio_util::task::TaskTracker;

use crate::current_job::CurrentJob;
use crate::denials::Denials;
use crate::interface::types;
use crate::output::Output;
use crate::pen::{Pen, Returned, failed_to_start};
use crate::pool::{Place, Pool};
use crate::settings::Settings;
use crate::version::Version;
use outcome::AttemptLimits;
use toril_config::Isolation;
use toril_job::trace::{Kind, Trace};
use toril_job::{Attempt, Job, Outcome, Signals, Usage};

/// Grace period in which a plugin can end by itself after its job was cancelled.
const GRACE: Duration = Duration::from_secs(5);

/// How an attempt ended.
pub struct AttemptEnd {
    /// Its outcome.
    pub outcome: Outcome,
    /// What the attempt used. `None` if it was interrupted from outside.
    pub usage: Option<Usage>,
    /// The pen, if it may run another job.
    pub pen: Option<Box<Pen>>,
}

impl From<Outcome> for AttemptEnd {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, usage: None, pen: None }
    }
}

/// Runs one attempt on the calling task. If the host itself panics in it, only this attempt fails. `timeout` is that of
/// the job's queue.
pub async fn run(
    pool: &Pool,
    version: Arc<Version>,
    settings: Arc<Settings>,
    attempt: Attempt,
    timeout: Duration,
) -> AttemptEnd {
    let started = Instant::now();
    if let Err(outcome) = check::check(&version, &attempt, started, timeout).await {
        return outcome.into();
    }
    // The time that the check took counts. Waiting for a place does not.
    let time_left = timeout.saturating_sub(started.elapsed());
    let Some(place) = pool.take(&version, &settings).await else { return Outcome::GivenBack.into() };
    let call = Call { version, settings, timeout, tasks: pool.tasks().clone() };
    let running = call.run(attempt, place, Instant::now() + time_left);
    AssertUnwindSafe(running).catch_unwind().await.unwrap_or_else(|_| outcome::host_panicked().into())
}

/// A call of a plugin's `handle`.
struct Call {
    version: Arc<Version>,
    settings: Arc<Settings>,
    /// The queue's `timeout`.
    timeout: Duration,
    /// Tasks that end after the attempt.
    tasks: TaskTracker,
}

/// The start of a pen, for metrics and traces.
struct PenStart {
    began: Instant,
    /// `None` for a pen that has run other jobs.
    span: Option<Trace>,
}

/// How a call of `handle` ended.
enum CallEnd {
    /// The guest returned or trapped.
    Returned(Returned),
    /// The guest was still waiting in a host call at the deadline.
    TimedOut,
    /// The host lost the job's lock.
    LockLost,
    /// The host shuts down.
    GivenBack,
    /// The job was cancelled, and the plugin did not end within [`GRACE`].
    Cancelled,
}

impl Call {
    async fn run(self, attempt: Attempt, place: Place, deadline: Instant) -> AttemptEnd {
        let Self { settings, timeout, .. } = &self;
        let Attempt { job, context, store, signals, trace } = attempt;
        let queue = job.queue.clone();
        let output = Output::to(context.clone(), settings.log_quota.clone());
        let current = CurrentJob {
            plugin: settings.plugin.clone(),
            context: Some(context),
            store: Some(store),
            denials: Denials::to(Some(output.clone())),
            output: Some(output.clone()),
            signals: signals.clone(),
            trace: trace.clone(),
            deadline,
            tasks: self.tasks.clone(),
        };
        let start = PenStart {
            began: Instant::now(),
            span: matches!(place, Place::New(_)).then(|| trace.child("pen start", Kind::Internal)),
        };
        let mut pen = match self.pen(place, current) {
            Ok(pen) => pen,
            Err(error) => return Outcome::Retry(failed_to_start(&error)).into(),
        };
        let end = self.call(&mut pen, job, &signals, &trace, start, deadline).await;
        pen.end_attempt();
        if matches!(end, CallEnd::LockLost) {
            output.abandon();
            return Outcome::LockLost.into();
        }
        // This host owns the job until the outcome is written, so the plugin's output must be written before the
        // outcome.
        output.finish().await;
        let returned = match end {
            CallEnd::GivenBack | CallEnd::LockLost => return Outcome::GivenBack.into(),
            CallEnd::Cancelled => return outcome::cancelled(&signals, GRACE).into(),
            CallEnd::Returned(returned) => Some(returned),
            CallEnd::TimedOut => None,
        };
        let usage = pen.usage(returned.as_ref(), settings);
        settings.meters.pen_used(usage);
        let limits = AttemptLimits { settings, queue: queue.as_str(), timeout: *timeout };
        let outcome = outcome::of(returned, &pen, &limits);
        let pen = match settings.isolation {
            // After any failure the pen is dropped, so that the failure cannot affect the next job.
            Isolation::Reuse { jobs } if outcome.failure().is_none() => pen.rest(jobs, settings).await,
            _ => None,
        };
        AttemptEnd { outcome, usage: Some(usage), pen }
    }

    /// Creates a pen for this job, or prepares a used one for it.
    fn pen(&self, place: Place, job: CurrentJob) -> wasmtime::Result<Pen> {
        match place {
            Place::New(place) => Pen::new(place, &self.version.pre, &self.settings, job),
            Place::Used(mut pen) => {
                pen.begin(&self.settings, job)?;
                Ok(*pen)
            }
        }
    }

    /// Calls `handle` until it returns, or until a signal or the deadline ends the call.
    async fn call(
        &self,
        pen: &mut Pen,
        job: Job,
        signals: &Signals,
        trace: &Trace,
        start: PenStart,
        deadline: Instant,
    ) -> CallEnd {
        let call = async {
            if pen.is_started() {
                self.settings.meters.pen_reused();
            } else {
                pen.start(&self.version.pre).await?;
                self.settings.meters.pen_started(start.began.elapsed());
            }
            if let Some(span) = start.span {
                span.end();
            }
            let span = trace.child("guest", Kind::Internal);
            let returned = pen.handle(guest_job(&job)).await;
            span.end();
            returned
        };
        tokio::select! {
            biased;
            () = signals.lock_lost.cancelled() => CallEnd::LockLost,
            () = signals.give_back.cancelled() => CallEnd::GivenBack,
            () = cancelled_and_late(signals) => CallEnd::Cancelled,
            returned = tokio::time::timeout_at(deadline.into(), call) => match returned {
                Ok(returned) => CallEnd::Returned(returned),
                Err(_) => CallEnd::TimedOut,
            },
        }
    }
}

/// Returns when a plugin has not ended within [`GRACE`] after its job was cancelled.
async fn cancelled_and_late(signals: &Signals) {
    signals.cancelled.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

fn guest_job(job: &Job) -> types::Job<'_> {
    types::Job {
        id: job.id.as_str(),
        queue: job.queue.as_str(),
        name: &job.name,
        data: job.data.text(),
        attempt: job.attempt,
        max_attempts: job.max_attempts,
        added_at: job.added_at,
        parent: job
            .parent
            .as_ref()
            .map(|parent| types::JobRefParam { queue: parent.queue.as_str(), id: parent.id.as_str() }),
    }
}
