//! The pen: the store, instance and limits that an attempt runs in. It is created for the attempt and dropped
//! afterwards, whatever the outcome, unless the plugin has `isolation = "reuse"`.

use std::fmt;
use std::num::NonZeroU32;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::{PoolConcurrencyLimitError, Store, Trap, UpdateDeadline, WasmBacktrace};

use crate::denials::Denials;
use crate::engine::Engine;
use crate::interface::{Processor, types};
use crate::limits;
use crate::load::Version;
use crate::output::Output;
use crate::pen::state::{GuestPre, PenState, Running};
use crate::pool::reuse::{Held, Key, Uses};
use crate::settings::Settings;
use toril_config::Isolation;
use toril_job::trace::Kind;
use toril_job::{Attempt, Failure, FailureKind, Job, Json, Outcome, Signals, Usage};

/// Timeout of `describe`.
const DESCRIBE: Duration = Duration::from_secs(5);
/// Fuel of a pen whose plugin has no fuel limit. Fuel is still counted.
const UNBOUNDED: u64 = u64::MAX;

/// Failure message for a JavaScript plugin whose event loop ran out of work.
const STUCK: &str = "the plugin trapped: it awaits a promise that nothing can fulfil any more";

/// Delay before a job is retried that found no room in the pool of instances.
const NO_ROOM: Duration = Duration::from_secs(1);

/// Grace period in which a plugin can end by itself after its job was cancelled.
const CANCELLED: Duration = Duration::from_secs(5);

/// A store with the instance that runs in it. Fields drop in declaration order, so `room` is held until the memory is
/// back in the pool.
pub struct Pen {
    store: Store<PenState>,
    /// `None` until the first job starts it. Starting counts against that job's timeout.
    guest: Option<Processor>,
    uses: Uses,
    _room: OwnedSemaphorePermit,
}

/// How an attempt ended.
pub struct Ended {
    /// Its outcome.
    pub outcome: Outcome,
    /// What the attempt used. `None` if it was interrupted from outside.
    pub usage: Option<Usage>,
    /// The pen, if it may run another job.
    pub pen: Option<Box<Pen>>,
}

impl From<Outcome> for Ended {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, usage: None, pen: None }
    }
}

/// Where an attempt runs.
enum Place {
    /// In a pen that is yet to be created.
    New(OwnedSemaphorePermit),
    /// In a pen that has run other jobs.
    Used(Box<Pen>),
}

/// How long an attempt may take.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// The queue's `timeout`.
    pub timeout: Duration,
    /// How much of it the check of the job's data has used.
    pub used: Duration,
}

/// Runs `handle` on one job, on the calling task. If the host itself panics, only this attempt fails.
pub async fn handle(
    engine: &Engine,
    version: Arc<Version>,
    settings: Arc<Settings>,
    attempt: Attempt,
    time: Time,
) -> Ended {
    let Some(place) = place(engine, &version, &settings).await else { return Outcome::GivenBack.into() };
    let running = run(version, settings, attempt, time, place);
    AssertUnwindSafe(running).catch_unwind().await.unwrap_or_else(|_| host_panicked())
}

fn host_panicked() -> Ended {
    Outcome::Retry(Failure::new(
        FailureKind::Host,
        "Toril itself failed while it ran this job (a panic; the host's log has its place). Other jobs are not affected; please report it.",
    ))
    .into()
}

/// Returns an idle pen for a job like this one, or room for a new pen. `None` means that the host is shutting down.
async fn place(engine: &Engine, version: &Arc<Version>, settings: &Arc<Settings>) -> Option<Place> {
    if let Isolation::Reuse { .. } = settings.isolation {
        let key = Key { version: version.clone(), settings: settings.clone() };
        if let Some(pen) = engine.idle().take(&key) {
            return Some(Place::Used(pen));
        }
    }
    engine.room().await.map(Place::New)
}

/// Runs `handle` in this place.
async fn run(
    version: Arc<Version>,
    settings: Arc<Settings>,
    attempt: Attempt,
    Time { timeout, used }: Time,
    place: Place,
) -> Ended {
    let Attempt { job, context, store: data, signals, trace } = attempt;
    let queue = job.queue.clone();
    // The attempt's clock starts once the pen has a place. Waiting for a place does not count.
    let started = Instant::now();
    let deadline = started + timeout.saturating_sub(used);
    let output = Output::to(context.clone(), settings.lines.clone());
    let running = Running {
        context: Some(context),
        store: Some(data),
        output: Some(output.clone()),
        signals: signals.clone(),
        trace: trace.clone(),
    };
    let starting = matches!(place, Place::New(_)).then(|| trace.child("pen start", Kind::Internal));
    let mut pen = match Pen::new(place, &version.pre, &settings, running, deadline) {
        Ok(pen) => pen,
        Err(error) => return Outcome::Retry(host_failure(&error)).into(),
    };
    let call = async {
        let guest = match &pen.guest {
            Some(guest) => {
                settings.meters.pen_reused();
                guest
            }
            None => {
                let guest = version.pre.instantiate_async(&mut pen.store).await?;
                settings.meters.pen_started(started.elapsed());
                pen.guest.insert(guest)
            }
        };
        if let Some(starting) = starting {
            starting.end();
        }
        let running = trace.child("guest", Kind::Internal);
        let ended = guest.toril_plugin_handler().call_handle(&mut pen.store, &guest_job(job)).await;
        running.end();
        ended
    };
    let ended = tokio::select! {
        biased;
        () = signals.lock_lost.cancelled() => {
            output.abandon();
            return Outcome::LockLost.into();
        }
        // This host owns the job until the outcome is written, so the plugin's output must be written before the
        // outcome.
        () = signals.give_back.cancelled() => {
            output.finish().await;
            return Outcome::GivenBack.into();
        }
        () = cancelled_and_late(&signals) => {
            output.finish().await;
            return Outcome::Failed(cancelled(&signals)).into();
        }
        ended = tokio::time::timeout_at(deadline.into(), call) => ended,
    };
    output.finish().await;
    let state = pen.store.data();
    let fuel = fuel_used(&ended, &pen.store, settings.fuel);
    let outcome = match ended {
        Ok(Ok(Ok(result))) => completed(result, settings.max_result),
        Ok(Ok(Err(failure))) => refused(failure, &state.job.denials),
        Ok(Err(error)) if error.is::<PoolConcurrencyLimitError>() => no_room(&error, &settings),
        Ok(Err(_)) if output.waits_for_nothing() => Outcome::Retry(Failure::new(FailureKind::Trap, STUCK)),
        Ok(Err(error)) => Outcome::Retry(explain(&error, state, &settings, &timed_out(&queue, timeout))),
        Err(_) => Outcome::Retry(Failure::new(FailureKind::Timeout, timed_out(&queue, timeout))),
    };
    let usage = Usage { memory: state.limits.memory(), fuel };
    settings.meters.pen_used(usage);
    let pen = match settings.isolation {
        // After any failure the pen is dropped, so that the failure cannot affect the next job.
        Isolation::Reuse { jobs } if outcome.failure().is_none() => pen.rest(jobs, &settings).await,
        _ => None,
    };
    Ended { outcome, usage: Some(usage), pen }
}

impl Pen {
    /// Creates a pen for this job, or prepares a used one for it.
    fn new(
        place: Place,
        pre: &GuestPre,
        settings: &Arc<Settings>,
        running: Running,
        deadline: Instant,
    ) -> wasmtime::Result<Self> {
        match place {
            Place::New(room) => {
                let store = store(pre, PenState::new(settings, running, deadline), settings)?;
                Ok(Self { store, guest: None, uses: Uses::default(), _room: room })
            }
            Place::Used(pen) => {
                let mut pen = *pen;
                pen.store.data_mut().begin(running, deadline);
                pen.store.set_fuel(settings.fuel.unwrap_or(UNBOUNDED))?;
                pen.store.set_epoch_deadline(1);
                Ok(pen)
            }
        }
    }

    /// Clears the state of the job that has ended. `None` means that the pen must not run another job.
    async fn rest(mut self, most: NonZeroU32, settings: &Settings) -> Option<Box<Self>> {
        let state = self.store.data_mut();
        let held = Held { memory: state.limits.memory(), resources: state.resources() };
        if !self.uses.another(held, most, settings.memory) || !state.job.egress.is_quiet().await {
            return None;
        }
        state.begin(Running::default(), Instant::now());
        Some(Box::new(self))
    }
}

/// Why `describe` failed.
#[derive(Debug)]
pub enum Undescribed {
    /// The types of its exports differ from this host's interface. The text explains how.
    Foreign(String),
    /// The call failed.
    Failed(Failure),
}

impl From<Failure> for Undescribed {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Calls the plugin's `describe`.
pub async fn describe(engine: &Engine, pre: GuestPre, settings: Arc<Settings>) -> Result<types::Manifest, Undescribed> {
    let (Some(pens), Some(room)) = (engine.pens(), engine.room().await) else {
        return Err(Failure::new(FailureKind::Host, "the host is shutting down").into());
    };
    let task = pens.spawn(async move {
        let _room = room;
        let deadline = Instant::now() + DESCRIBE;
        let state = PenState::new(&settings, Running::default(), deadline);
        let mut store = store(&pre, state, &settings).map_err(|error| host_failure(&error))?;
        // The plugin's fuel limit applies to attempts. `describe` is limited by time and memory only.
        store.set_fuel(UNBOUNDED).map_err(|error| host_failure(&error))?;
        let call = call_describe(&pre, &mut store);
        let late = format!("`describe` did not return within {}", humantime::format_duration(DESCRIBE));
        match tokio::time::timeout_at(deadline.into(), call).await {
            Ok(Ok(described)) => described.map_err(Undescribed::Foreign),
            Ok(Err(error)) => Err(explain(&error, store.data(), &settings, &late).into()),
            Err(_) => Err(Failure::new(FailureKind::Timeout, late).into()),
        }
    });
    match Abort(task).await {
        Ok(described) => described,
        Err(error) => {
            Err(Failure::new(FailureKind::Host, format!("describing the plugin failed in the host: {error}")).into())
        }
    }
}

/// Instantiates the plugin and calls its `describe`. The inner error explains how the types of its exports differ from
/// those of the interface.
async fn call_describe(
    pre: &GuestPre,
    store: &mut Store<PenState>,
) -> wasmtime::Result<Result<types::Manifest, String>> {
    let instance = pre.instance_pre().instantiate_async(&mut *store).await?;
    match Processor::new(&mut *store, &instance) {
        Ok(guest) => guest.toril_plugin_handler().call_describe(store).await.map(Ok),
        Err(error) => Ok(Err(error.root_cause().to_string())),
    }
}

fn store(pre: &GuestPre, state: PenState, settings: &Settings) -> wasmtime::Result<Store<PenState>> {
    let mut store = Store::new(pre.instance_pre().engine(), state);
    store.limiter(|state| &mut state.limits);
    store.set_fuel(settings.fuel.unwrap_or(UNBOUNDED))?;
    // One host call transfers the whole result, plus some overhead.
    store.set_hostcall_fuel(settings.max_result.saturating_add(limits::HOSTCALL_FUEL));
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|store| {
        if Instant::now() >= store.data().job.deadline {
            return Err(DeadlinePassed.into());
        }
        Ok(UpdateDeadline::Yield(1))
    });
    Ok(store)
}

/// The fuel that a run has used. It is unknown for a run that was interrupted or that trapped: a guest keeps the count
/// to itself while it computes, and updates the store only when it returns.
fn fuel_used<T, E>(ended: &Result<wasmtime::Result<T>, E>, store: &Store<PenState>, bound: Option<u64>) -> Option<u64> {
    match ended {
        Ok(Ok(_)) => store.get_fuel().ok().map(|left| bound.unwrap_or(UNBOUNDED).saturating_sub(left)),
        Ok(Err(error)) if matches!(error.downcast_ref(), Some(Trap::OutOfFuel)) => bound,
        _ => None,
    }
}

/// The trap for a guest that is still computing at its deadline. It is a trap so that the error contains the guest's
/// stack. A guest that waits in a host call is ended by the timer around the call instead.
#[derive(Debug)]
struct DeadlinePassed;

impl fmt::Display for DeadlinePassed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deadline has passed")
    }
}

impl std::error::Error for DeadlinePassed {}

/// Aborts the task when the attempt is dropped, so that no guest outlives the caller that waits for it.
struct Abort<T>(tokio::task::JoinHandle<T>);

impl<T> Future for Abort<T> {
    type Output = Result<T, tokio::task::JoinError>;

    fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        std::pin::Pin::new(&mut self.0).poll(cx)
    }
}

impl<T> Drop for Abort<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn guest_job(job: Job) -> types::Job {
    types::Job {
        id: job.id,
        queue: job.queue,
        name: job.name,
        data: job.data.text().to_owned(),
        attempt: job.attempt,
        max_attempts: job.max_attempts,
        added_at: job.added_at,
        parent: job.parent.map(|parent| types::JobRef { queue: parent.queue, id: parent.id }),
    }
}

fn completed(result: String, max_result: usize) -> Outcome {
    if result.len() > max_result {
        return Outcome::Retry(Failure::new(
            FailureKind::InvalidResult,
            format!(
                "the plugin returned {} bytes and may return {max_result}: return less, or raise `max_result` of the plugin",
                result.len()
            ),
        ));
    }
    match Json::parse(result) {
        Ok(result) => Outcome::Completed(result),
        // serde_json's message contains only a position and what was expected, no part of the text.
        Err(error) => Outcome::Retry(Failure::new(
            FailureKind::InvalidResult,
            format!("the plugin returned something that is no JSON: {error}"),
        )),
    }
}

/// The failure that the plugin reported, together with the last denial, if any.
fn refused(failure: types::Failure, denials: &Denials) -> Outcome {
    let told = |message: String| {
        let message = match &denials.last() {
            // A plugin that forwards the denial's message has included it already.
            Some(denied) if !message.contains(denied.as_str()) => format!("{message} ({denied})"),
            _ => message,
        };
        Failure::new(FailureKind::Plugin, limits::cut(message, limits::REASON))
    };
    match failure {
        // A retry would fail in the same way, so the job fails now. The plugin itself cannot always know: the engines
        // of some languages report only that a request failed.
        types::Failure::Retry(message) if denials.are_named_in(&message) => Outcome::Failed(told(message)),
        types::Failure::Retry(message) => Outcome::Retry(told(message)),
        types::Failure::Fatal(message) => Outcome::Failed(told(message)),
        types::Failure::Defer(ms) => Outcome::Deferred(Duration::from_millis(ms).min(limits::WAIT)),
        types::Failure::RateLimited(ms) => Outcome::RateLimited(Duration::from_millis(ms).min(limits::WAIT)),
        types::Failure::AwaitChildren => Outcome::AwaitChildren,
    }
}

/// Returns when a plugin has not ended within [`CANCELLED`] after its job was cancelled.
async fn cancelled_and_late(signals: &Signals) {
    signals.cancelled.cancelled().await;
    tokio::time::sleep(CANCELLED).await;
}

fn cancelled(signals: &Signals) -> Failure {
    let reason = signals.cancelled.reason().unwrap_or_default();
    let message = format!(
        "cancelled: {reason} (the plugin had not ended {} later and was interrupted)",
        humantime::format_duration(CANCELLED)
    );
    Failure::new(FailureKind::Cancelled, message)
}

fn timed_out(queue: &str, timeout: Duration) -> String {
    format!(
        "timeout: the plugin did not finish within {}, the `timeout` of queue {queue}",
        humantime::format_duration(timeout)
    )
}

/// The pool of instances was exhausted, which is not the plugin's fault. The job is retried after a short delay and no
/// attempt is counted. The pool has room for the maximum of all pens, so this means that the host's own accounting is
/// wrong.
fn no_room(error: &wasmtime::Error, settings: &Settings) -> Outcome {
    tracing::error!(plugin = &*settings.plugin, error = %format_args!("{error:#}"), "no room for the pen: please report it");
    Outcome::Deferred(NO_ROOM)
}

fn host_failure(error: &wasmtime::Error) -> Failure {
    Failure::new(FailureKind::Host, format!("the pen could not be made: {error:#}"))
}

/// Explains why a guest ended, for the reader of `failedReason`.
fn explain(error: &wasmtime::Error, state: &PenState, settings: &Settings, late: &str) -> Failure {
    let plugin = &settings.plugin;
    let (kind, message) = if error.is::<DeadlinePassed>() {
        (FailureKind::Timeout, late.to_owned())
    } else if let Some(exceeded) = state.limits.exceeded() {
        (FailureKind::Memory, format!("out of memory: {exceeded}; `memory` under [plugins.{plugin}] sets the limit"))
    } else {
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => (
                FailureKind::Fuel,
                format!(
                    "out of fuel: the plugin did more work than `fuel = {}` under [plugins.{plugin}] allows",
                    settings.fuel.unwrap_or(u64::MAX)
                ),
            ),
            Some(Trap::StackOverflow) => {
                (FailureKind::Trap, "the plugin trapped: its stack overflowed, mostly by endless recursion".to_owned())
            }
            Some(trap @ Trap::MemoryOutOfBounds) => {
                (FailureKind::Trap, format!("the plugin trapped: {trap} (endless recursion or a bad pointer, mostly)"))
            }
            Some(trap) => (FailureKind::Trap, format!("the plugin trapped: {trap}")),
            None => (FailureKind::Trap, format!("the plugin trapped: {}", limits::in_words(error))),
        }
    };
    Failure { kind, message, backtrace: error.downcast_ref().and_then(backtrace) }
}

/// The guest's backtrace, if most of its functions have names. The functions of a language engine have none, and a list
/// of their indices helps nobody.
fn backtrace(backtrace: &WasmBacktrace) -> Option<String> {
    let named = backtrace.frames().iter().filter(|frame| frame.func_name().is_some()).count();
    (named * 2 > backtrace.frames().len()).then(|| limits::cut(backtrace.to_string(), limits::REASON))
}
