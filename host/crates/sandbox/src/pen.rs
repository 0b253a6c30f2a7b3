//! The pen: the store, instance and limits that an attempt runs in. Made for the attempt and dropped after it, however
//! it ended, unless its plugin is to be reused.

use std::fmt;
use std::num::NonZeroU32;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::{PoolConcurrencyLimitError, Store, Trap, UpdateDeadline, WasmBacktrace};

use super::denials::Denials;
use super::engine::Engine;
use super::interface::{Guest, GuestPre, types};
use super::limits;
use super::output::Output;
use super::reuse::{Held, Key, Uses};
use super::settings::Settings;
use super::state::{PenState, Running};
use super::version::Version;
use toril_config::Isolation;
use toril_job::trace::Kind;
use toril_job::{Attempt, Failure, FailureKind, Job, Json, Outcome, Signals, Usage};

/// How long `describe` may take.
const DESCRIBE: Duration = Duration::from_secs(5);
/// The fuel of a pen whose plugin has no bound: it is counted all the same.
const UNBOUNDED: u64 = u64::MAX;

/// What ended a plugin in JavaScript whose engine had nothing left to do.
const STUCK: &str = "the plugin trapped: it awaits a promise that nothing can fulfil any more";

/// How long a job waits that found no room in the pool of instances.
const NO_ROOM: Duration = Duration::from_secs(1);

/// How long a plugin has to end by itself when its job was cancelled.
const CANCELLED: Duration = Duration::from_secs(5);

/// A store with what runs in it. Fields are dropped in their order: `room` is held until the memory is back in the pool.
pub struct Pen {
    store: Store<PenState>,
    /// None until its first job has started it, within that job's time.
    guest: Option<Guest>,
    uses: Uses,
    _room: OwnedSemaphorePermit,
}

/// How an attempt has ended.
pub struct Ended {
    /// Its outcome.
    pub outcome: Outcome,
    /// What it took, unless it was interrupted from outside.
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
    /// In a pen that is still to be made.
    New(OwnedSemaphorePermit),
    /// In one that has run other jobs.
    Used(Box<Pen>),
}

/// How long an attempt may take.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// The queue's `timeout`.
    pub timeout: Duration,
    /// How much of it checking the job's data has taken.
    pub used: Duration,
}

/// Runs `handle` on one job, on the calling task. A panic of the host fails the attempt alone.
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

/// A pen that waits for a job like this one, or room for a new one. None: the host shuts down.
async fn place(engine: &Engine, version: &Arc<Version>, settings: &Arc<Settings>) -> Option<Place> {
    if let Isolation::Reuse { .. } = settings.isolation {
        let key = Key { version: version.clone(), settings: settings.clone() };
        if let Some(pen) = engine.idle().take(&key) {
            return Some(Place::Used(pen));
        }
    }
    engine.room().await.map(Place::New)
}

/// Runs `handle` in a pen at this place.
async fn run(
    version: Arc<Version>,
    settings: Arc<Settings>,
    attempt: Attempt,
    Time { timeout, used }: Time,
    place: Place,
) -> Ended {
    let Attempt { job, context, store: data, signals, trace } = attempt;
    let queue = job.queue.clone();
    // The clock starts when the pen has a place, not while it waits for one.
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
                let guest = version.pre.start(&mut pen.store).await?;
                settings.meters.pen_started(started.elapsed());
                pen.guest.insert(guest)
            }
        };
        if let Some(starting) = starting {
            starting.end();
        }
        let running = trace.child("guest", Kind::Internal);
        let ended = guest.handle(&mut pen.store, &guest_job(job)).await;
        running.end();
        ended
    };
    let ended = tokio::select! {
        biased;
        () = signals.lock_lost.cancelled() => {
            output.abandon();
            return Outcome::LockLost.into();
        }
        // The job is this host's until the outcome is written: what the plugin has printed goes before that.
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
        // Whatever went wrong, the next job shall not have to do with it.
        Isolation::Reuse { jobs } if outcome.failure().is_none() => pen.rest(jobs, &settings).await,
        _ => None,
    };
    Ended { outcome, usage: Some(usage), pen }
}

impl Pen {
    /// A pen for this job.
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

    /// Forgets the job that has ended. None: it runs no other.
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

/// Why a plugin did not describe itself.
#[derive(Debug)]
pub enum Undescribed {
    /// What it exports has other types than this host's interface: how they differ.
    Foreign(String),
    /// The call failed.
    Failed(Failure),
}

impl From<Failure> for Undescribed {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Asks a plugin to describe itself.
pub async fn describe(engine: &Engine, pre: GuestPre, settings: Arc<Settings>) -> Result<types::Manifest, Undescribed> {
    let (Some(pens), Some(room)) = (engine.pens(), engine.room().await) else {
        return Err(Failure::new(FailureKind::Host, "the host is shutting down").into());
    };
    let task = pens.spawn(async move {
        let _room = room;
        let deadline = Instant::now() + DESCRIBE;
        let state = PenState::new(&settings, Running::default(), deadline);
        let mut store = store(&pre, state, &settings).map_err(|error| host_failure(&error))?;
        // The plugin's fuel is that of one attempt. Describing itself is bounded by time and memory.
        store.set_fuel(UNBOUNDED).map_err(|error| host_failure(&error))?;
        let call = pre.describe(&mut store);
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

fn store(pre: &GuestPre, state: PenState, settings: &Settings) -> wasmtime::Result<Store<PenState>> {
    let mut store = Store::new(pre.instance_pre().engine(), state);
    store.limiter(|state| &mut state.limits);
    store.set_fuel(settings.fuel.unwrap_or(UNBOUNDED))?;
    // A result passes through in one call, with what surrounds it.
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

/// What a run has used. Not known of one that was interrupted or has trapped: while it computes, a guest keeps the count
/// to itself, and gives it to the store when it returns.
fn fuel_used<T, E>(ended: &Result<wasmtime::Result<T>, E>, store: &Store<PenState>, bound: Option<u64>) -> Option<u64> {
    match ended {
        Ok(Ok(_)) => store.get_fuel().ok().map(|left| bound.unwrap_or(UNBOUNDED).saturating_sub(left)),
        Ok(Err(error)) if matches!(error.downcast_ref(), Some(Trap::OutOfFuel)) => bound,
        _ => None,
    }
}

/// Trapped with this when a guest is still computing at its deadline: as a trap, so that the error has the guest's
/// stack. A guest that waits in a host call is ended by the timer around the call.
#[derive(Debug)]
struct DeadlinePassed;

impl fmt::Display for DeadlinePassed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deadline has passed")
    }
}

impl std::error::Error for DeadlinePassed {}

/// Ends the task when the attempt is dropped, so that no guest outlives the one who waits for it.
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
        // serde_json's message holds a position and what was expected, and nothing of the text.
        Err(error) => Outcome::Retry(Failure::new(
            FailureKind::InvalidResult,
            format!("the plugin returned something that is no JSON: {error}"),
        )),
    }
}

/// What the plugin itself said, and what it was refused on the way.
fn refused(failure: types::Failure, denials: &Denials) -> Outcome {
    let told = |message: String| {
        let message = match &denials.last() {
            // A plugin that passes on what it was told has said it already.
            Some(denied) if !message.contains(denied.as_str()) => format!("{message} ({denied})"),
            _ => message,
        };
        Failure::new(FailureKind::Plugin, limits::cut(message, limits::REASON))
    };
    match failure {
        // No further attempt would get another answer. The engines of some languages tell a plugin only that a request
        // failed, so that it cannot know that itself.
        types::Failure::Retry(message) if denials.are_named_in(&message) => Outcome::Failed(told(message)),
        types::Failure::Retry(message) => Outcome::Retry(told(message)),
        types::Failure::Fatal(message) => Outcome::Failed(told(message)),
        types::Failure::Defer(ms) => Outcome::Deferred(Duration::from_millis(ms).min(limits::WAIT)),
        types::Failure::RateLimited(ms) => Outcome::RateLimited(Duration::from_millis(ms).min(limits::WAIT)),
        types::Failure::AwaitChildren => Outcome::AwaitChildren,
    }
}

/// Returns when a plugin that was told of a cancelled job has not ended for as long as it may.
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

/// The pool of instances was used up, which is not this plugin's fault: its job runs again a moment later, and no attempt
/// is counted. The pool has room for the most that all pens can hold, so this means that the host's own count is wrong.
fn no_room(error: &wasmtime::Error, settings: &Settings) -> Outcome {
    tracing::error!(plugin = &*settings.plugin, error = %format_args!("{error:#}"), "no room for the pen: please report it");
    Outcome::Deferred(NO_ROOM)
}

fn host_failure(error: &wasmtime::Error) -> Failure {
    Failure::new(FailureKind::Host, format!("the pen could not be made: {error:#}"))
}

/// Says what ended a guest, in words for the one who reads `failedReason`.
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

/// Where a guest was, if most of its functions have names: those of a language engine have none, and a list of their
/// numbers tells nobody anything.
fn backtrace(backtrace: &WasmBacktrace) -> Option<String> {
    let named = backtrace.frames().iter().filter(|frame| frame.func_name().is_some()).count();
    (named * 2 > backtrace.frames().len()).then(|| limits::cut(backtrace.to_string(), limits::REASON))
}
