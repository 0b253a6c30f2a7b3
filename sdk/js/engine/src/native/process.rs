//! The log, the result, the end of an attempt, and stacks of errors.

use std::cell::RefCell;

use rquickjs::{Ctx, Exception, Function, Object, Persistent, Value, prelude::Func, qjs};
use toril_js_fast::json;

use crate::bindings::toril::plugin::job_context::{self, Level};
use crate::{interfaces, realm, stacks};

pub fn install(native: &Object<'_>) -> rquickjs::Result<()> {
    native.set("log", Func::from(log))?;
    native.set("writeResult", Func::from(json::write_result))?;
    native.set("exit", Func::from(exit))?;
    native.set("noteEarlyRead", Func::from(interfaces::note_early_read))?;
    native.set("mapStack", Func::from(stacks::map))?;
    native.set("onCancelled", Func::from(on_cancelled))
}

/// Calls a function once when the attempt should end soon: the job was cancelled, or the host shuts down.
fn on_cancelled<'js>(ctx: Ctx<'js>, callback: Function<'js>) {
    interfaces::on_cancelled(Persistent::save(&ctx, callback));
}

/// Writes a line to the job's log: 0 is debug, 1 info, 2 a warning, 3 an error. Without a job, the line is dropped.
fn log(level: u8, message: String) {
    if realm::is_live() {
        let level = match level {
            0 => Level::Debug,
            1 => Level::Info,
            2 => Level::Warn,
            _ => Level::Error,
        };
        job_context::log(level, &message);
    }
}

thread_local! {
    /// Why JavaScript has ended the attempt. An error in a microtask reaches no caller, so it is kept here as well.
    static EXITED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Whether JavaScript has ended the attempt.
pub fn has_exited() -> bool {
    EXITED.with_borrow(Option::is_some)
}

/// Why JavaScript has ended the attempt. The next attempt starts without it.
pub fn take_exit() -> Option<String> {
    EXITED.take()
}

/// Ends the attempt at once with an error that JavaScript cannot catch. It has the message, and `tag` and `val` for the host.
fn exit<'js>(ctx: Ctx<'js>, message: String) -> rquickjs::Result<Value<'js>> {
    EXITED.set(Some(message.clone()));
    let exception = Exception::from_message(ctx.clone(), &message)?;
    exception.set("tag", "retry")?;
    exception.set("val", message)?;
    let value = exception.into_value();
    // SAFETY: the value is a live error object of this context.
    unsafe { qjs::JS_SetUncatchableError(ctx.as_raw().as_ptr(), value.as_raw()) };
    Err(ctx.throw(value))
}
