//! Timers, and waiting for them, for requests, statements and TCP connections inside a synchronous export.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rquickjs::{Ctx, Function, Persistent, Promise, Value, function::Args, promise::PromiseState, qjs};
use wasip2::clocks::monotonic_clock;
use wasip2::io::poll::{self, Pollable};

use toril_js_fast::pages;

use crate::{http, interfaces, native, postgres, realm, rejections};

const NANOS_PER_MS: f64 = 1e6;
/// How often a cancellation is looked for while JavaScript listens for it, in nanoseconds.
const CANCELLATION_INTERVAL: u64 = 100_000_000;

pub type Callback = Persistent<Function<'static>>;
/// A callback that is due, with its arguments.
pub type Due<'js> = (Callback, Args<'js>);

/// Why a job's promise has no value.
pub enum Unsettled<'js> {
    /// The promise was rejected, or a callback threw, or a rejection was not handled.
    Thrown(Value<'js>),
    /// No timer, no request and no statement is left that could settle it.
    Never,
    /// JavaScript has ended the attempt.
    Exited,
}

#[derive(Default)]
struct Timers {
    /// By due time in nanoseconds, then by number: timers of the same time run in the order in which they were set.
    due: BTreeMap<(u64, u32), Callback>,
    times: BTreeMap<u32, u64>,
    last: u32,
    /// Whether the times count from the start of the clock. Timers that were set before the snapshot start when a job does.
    running: bool,
    /// Whether this instance has waited before.
    waited: bool,
}

thread_local! {
    static TIMERS: RefCell<Timers> = const { RefCell::new(Timers { due: BTreeMap::new(), times: BTreeMap::new(), last: 0, running: false, waited: false }) };
}

/// Calls a function once, after that many milliseconds.
pub fn set_timer(ms: f64, callback: Callback) -> u32 {
    let now = if realm::is_live() { monotonic_clock::now() } else { 0 };
    let nanos = (ms.max(0.0) * NANOS_PER_MS) as u64;
    TIMERS.with_borrow_mut(|timers| {
        timers.last += 1;
        let (id, at) = (timers.last, now.saturating_add(nanos));
        timers.due.insert((at, id), callback);
        timers.times.insert(id, at);
        id
    })
}

/// Forgets a timer. An unknown number is ignored.
pub fn clear_timer(id: u32) {
    TIMERS.with_borrow_mut(|timers| {
        if let Some(at) = timers.times.remove(&id) {
            timers.due.remove(&(at, id));
        }
    });
}

/// Starts the timers that were set before the snapshot.
pub fn start_timers() {
    TIMERS.with_borrow_mut(|timers| {
        if timers.running {
            return;
        }
        timers.running = true;
        if timers.due.is_empty() {
            return;
        }
        let now = monotonic_clock::now();
        let due = std::mem::take(&mut timers.due);
        timers.due = due.into_iter().map(|((at, id), callback)| ((at + now, id), callback)).collect();
        timers.times.values_mut().for_each(|at| *at += now);
    });
}

/// Runs microtasks and timers without delay until none is left. For the time before the snapshot.
pub fn run_without_host<'js>(ctx: &Ctx<'js>) -> Result<(), Value<'js>> {
    loop {
        run_microtasks(ctx, None)?;
        let Some(callback) = TIMERS.with_borrow_mut(|timers| take_due(timers, 0)) else { return Ok(()) };
        call(ctx, callback)?;
    }
}

/// Runs microtasks, timers, requests, statements and connections until `promise` is settled.
pub fn settle<'js>(ctx: &Ctx<'js>, promise: &Promise<'js>) -> Result<Value<'js>, Unsettled<'js>> {
    loop {
        let unhandled = run_microtasks(ctx, Some(promise.as_value()));
        if native::has_exited() {
            return Err(Unsettled::Exited);
        }
        match promise.state() {
            PromiseState::Resolved => {
                return match promise.result::<Value>() {
                    Some(Ok(value)) => Ok(value),
                    _ => Err(Unsettled::Thrown(ctx.catch())),
                };
            }
            PromiseState::Rejected => {
                // `result` throws the reason.
                return match promise.result::<Value>() {
                    Some(Ok(value)) => Err(Unsettled::Thrown(value)),
                    _ => Err(Unsettled::Thrown(ctx.catch())),
                };
            }
            PromiseState::Pending => unhandled.map_err(Unsettled::Thrown)?,
        }
        if !realm::is_live() {
            return Err(Unsettled::Never);
        }
        wait(ctx)?;
    }
}

/// Runs all microtasks. Fails with an error that one of them threw, or with the reason of a rejection that none of them
/// handled.
fn run_microtasks<'js>(ctx: &Ctx<'js>, awaited: Option<&Value<'js>>) -> Result<(), Value<'js>> {
    while !native::has_exited() && run_microtask(ctx)? {}
    rejections::take(ctx, awaited).map_or(Ok(()), Err)
}

/// Runs the next microtask. False if there is none. Unlike `Ctx::execute_pending_job`, it does not drop what the task throws.
fn run_microtask<'js>(ctx: &Ctx<'js>) -> Result<bool, Value<'js>> {
    let mut of = std::ptr::null_mut();
    // SAFETY: the context is alive, and the runtime's only one.
    let ran = unsafe { qjs::JS_ExecutePendingJob(qjs::JS_GetRuntime(ctx.as_raw().as_ptr()), &mut of) };
    if ran < 0 { Err(ctx.catch()) } else { Ok(ran > 0) }
}

/// Waits for the next event and runs its callbacks.
fn wait<'js>(ctx: &Ctx<'js>) -> Result<(), Unsettled<'js>> {
    if !TIMERS.with_borrow_mut(|timers| std::mem::replace(&mut timers.waited, true)) {
        // A short job that never waits changes too few pages for this.
        pages::join_objects();
    }
    let next = TIMERS.with_borrow(|timers| timers.due.keys().next().map(|(at, _)| *at));
    let listening = interfaces::listens_for_cancellation();
    let until = match (next, listening) {
        (Some(at), false) => Some(at),
        (at, true) => Some(at.unwrap_or(u64::MAX).min(monotonic_clock::now() + CANCELLATION_INTERVAL)),
        (None, false) => None,
    };
    if !run_fresh(ctx)? {
        poll_host(ctx, next.is_some(), until)?;
    }
    if listening && let Some(callback) = interfaces::cancelled_callback() {
        call(ctx, callback).map_err(Unsettled::Thrown)?;
    }
    if next.is_some() {
        let now = monotonic_clock::now();
        while let Some(callback) = TIMERS.with_borrow_mut(|timers| take_due(timers, now)) {
            call(ctx, callback).map_err(Unsettled::Thrown)?;
            run_microtasks(ctx, None).map_err(Unsettled::Thrown)?;
        }
    }
    Ok(())
}

/// Runs the callbacks of requests that need not wait. False if there was none. The last bytes of an answer are often there
/// with the first.
fn run_fresh<'js>(ctx: &Ctx<'js>) -> Result<bool, Unsettled<'js>> {
    let mut have_run = false;
    for id in http::take_fresh() {
        let mut due = Vec::new();
        http::advance(ctx, id, &mut due);
        have_run |= !due.is_empty();
        run_callbacks(ctx, due)?;
    }
    Ok(have_run)
}

/// Waits until something is ready in the host, or until this instant, and runs the callbacks that are due. Those of one
/// request run before the next one takes its step, because they may abort it.
fn poll_host<'js>(ctx: &Ctx<'js>, has_timer: bool, until: Option<u64>) -> Result<(), Unsettled<'js>> {
    let (requests, mut pollables): (Vec<u32>, Vec<Pollable>) = http::pollables().into_iter().unzip();
    let mut calls = Vec::new();
    postgres::pollables(&mut calls, &mut pollables);
    #[cfg(feature = "sockets")]
    let mut connections = Vec::new();
    #[cfg(feature = "sockets")]
    let unreferenced = crate::sockets::pollables(&mut connections, &mut pollables);
    #[cfg(not(feature = "sockets"))]
    let unreferenced = 0;
    if !has_timer && pollables.len() == unreferenced {
        return Err(Unsettled::Never);
    }
    if let Some(at) = until {
        pollables.push(monotonic_clock::subscribe_instant(at));
    }
    let ready = poll::poll(&pollables.iter().collect::<Vec<_>>());
    drop(pollables);

    for index in ready {
        let index = index as usize;
        let mut due = Vec::new();
        if let Some(id) = requests.get(index) {
            http::advance(ctx, *id, &mut due);
        } else if let Some(id) = calls.get(index - requests.len()) {
            postgres::advance(ctx, *id, &mut due);
        } else {
            #[cfg(feature = "sockets")]
            if let Some(id) = connections.get(index - requests.len() - calls.len()) {
                crate::sockets::advance(ctx, *id, &mut due);
            }
        }
        run_callbacks(ctx, due)?;
    }
    Ok(())
}

fn run_callbacks<'js>(ctx: &Ctx<'js>, callbacks: Vec<Due<'js>>) -> Result<(), Unsettled<'js>> {
    for (callback, arguments) in callbacks {
        let function = callback.restore(ctx).map_err(|_| Unsettled::Never)?;
        function.call_arg::<()>(arguments).map_err(|_| Unsettled::Thrown(ctx.catch()))?;
        run_microtasks(ctx, None).map_err(Unsettled::Thrown)?;
    }
    Ok(())
}

fn take_due(timers: &mut Timers, now: u64) -> Option<Callback> {
    let first = timers.due.first_entry()?;
    let (at, id) = *first.key();
    (at <= now).then(|| {
        timers.times.remove(&id);
        first.remove()
    })
}

fn call<'js>(ctx: &Ctx<'js>, callback: Callback) -> Result<(), Value<'js>> {
    let called = callback.restore(ctx).and_then(|function| function.call::<_, ()>(()));
    called.map_err(|_| ctx.catch())
}
