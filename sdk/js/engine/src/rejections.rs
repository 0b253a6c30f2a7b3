//! Promises that were rejected while nothing handled them. As in Node, the first one ends the attempt.

use std::cell::RefCell;

use rquickjs::{Ctx, Persistent, Runtime, Value};

type Saved = Persistent<Value<'static>>;

thread_local! {
    /// Promises with their reasons, in the order in which they were rejected.
    static UNHANDLED: RefCell<Vec<(Saved, Saved)>> = const { RefCell::new(Vec::new()) };
}

/// Starts to watch a runtime.
pub fn track(runtime: &Runtime) {
    runtime.set_host_promise_rejection_tracker(Some(Box::new(|ctx, promise, reason, is_handled| {
        UNHANDLED.with_borrow_mut(|unhandled| {
            if is_handled {
                unhandled.retain(|(known, _)| known.clone().restore(&ctx).is_ok_and(|known| known != promise));
            } else {
                unhandled.push((Persistent::save(&ctx, promise), Persistent::save(&ctx, reason)));
            }
        });
    })));
}

/// Removes and returns the reason of the first unhandled rejection. `except` is a promise that the caller handles.
pub fn take<'js>(ctx: &Ctx<'js>, except: Option<&Value<'js>>) -> Option<Value<'js>> {
    let unhandled = UNHANDLED.take();
    unhandled
        .into_iter()
        .filter_map(|(promise, reason)| Some((promise.restore(ctx).ok()?, reason.restore(ctx).ok()?)))
        .find(|(promise, _)| Some(promise) != except)
        .map(|(_, reason)| reason)
}
