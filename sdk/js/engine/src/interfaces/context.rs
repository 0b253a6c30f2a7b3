//! `toril:plugin/job-context`.

use std::cell::RefCell;

use rquickjs::module::{Declarations, Exports, ModuleDef};
use rquickjs::prelude::Func;
use rquickjs::{Array, BigInt, Ctx, Object, Result, Value};

use super::{throw, whole};
use crate::bindings::toril::plugin::job_context::{self, Cancellation, ChildState, Error, Level};
use crate::bindings::toril::plugin::types::JobRef;
use crate::event_loop::Callback;
use crate::native::type_error;
use crate::realm;

pub const NAME: &str = "toril:plugin/job-context@0.2.0";

pub struct Interface;

impl ModuleDef for Interface {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        let names = [
            "cancelled",
            "childrenValues",
            "dependencies",
            "getDetails",
            "ignoredFailures",
            "listChildren",
            "log",
            "remaining",
            "setData",
            "setProgress",
        ];
        names.into_iter().try_for_each(|name| declarations.declare(name).map(|_| ()))
    }

    fn evaluate<'js>(_: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        exports.export("cancelled", Func::from(cancelled))?;
        exports.export("childrenValues", Func::from(children_values))?;
        exports.export("dependencies", Func::from(dependencies))?;
        exports.export("getDetails", Func::from(get_details))?;
        exports.export("ignoredFailures", Func::from(ignored_failures))?;
        exports.export("listChildren", Func::from(list_children))?;
        exports.export("log", Func::from(log))?;
        exports.export("remaining", Func::from(remaining))?;
        exports.export("setData", Func::from(set_data))?;
        exports.export("setProgress", Func::from(set_progress))?;
        Ok(())
    }
}

thread_local! {
    static ON_CANCELLED: RefCell<Option<Callback>> = const { RefCell::new(None) };
}

/// Calls a function once when the attempt should end soon. It replaces the previous function.
pub fn on_cancelled(callback: Callback) {
    ON_CANCELLED.set(Some(callback));
}

/// Whether JavaScript waits for a cancellation.
pub fn listens_for_cancellation() -> bool {
    ON_CANCELLED.with_borrow(Option::is_some)
}

/// The function to call, if the attempt should end soon.
pub fn cancelled_callback() -> Option<Callback> {
    job_context::cancelled().and_then(|_| ON_CANCELLED.take())
}

fn log(level: String, message: String) {
    if !realm::is_live() {
        return;
    }
    let level = match level.as_str() {
        "debug" => Level::Debug,
        "info" => Level::Info,
        "warn" => Level::Warn,
        _ => Level::Error,
    };
    job_context::log(level, &message);
}

fn set_progress(ctx: Ctx<'_>, progress: String) -> Result<()> {
    needs_job(&ctx)?;
    job_context::set_progress(&progress).map_err(|error| failed(&ctx, error))
}

fn set_data(ctx: Ctx<'_>, data: String) -> Result<()> {
    needs_job(&ctx)?;
    job_context::set_data(&data).map_err(|error| failed(&ctx, error))
}

fn children_values(ctx: Ctx<'_>) -> Result<Array<'_>> {
    needs_job(&ctx)?;
    let values = job_context::children_values().map_err(|error| failed(&ctx, error))?;
    list(&ctx, values, |value| (value.child, "value", value.value))
}

fn ignored_failures(ctx: Ctx<'_>) -> Result<Array<'_>> {
    needs_job(&ctx)?;
    let failures = job_context::ignored_failures().map_err(|error| failed(&ctx, error))?;
    list(&ctx, failures, |failure| (failure.child, "reason", failure.reason))
}

fn dependencies(ctx: Ctx<'_>) -> Result<Object<'_>> {
    needs_job(&ctx)?;
    let counts = job_context::dependencies().map_err(|error| failed(&ctx, error))?;
    let object = Object::new(ctx)?;
    object.set("processed", counts.processed as f64)?;
    object.set("unprocessed", counts.unprocessed as f64)?;
    object.set("ignored", counts.ignored as f64)?;
    object.set("failed", counts.failed as f64)?;
    Ok(object)
}

fn list_children<'js>(ctx: Ctx<'js>, state: String, cursor: Value<'js>, count: u32) -> Result<Object<'js>> {
    needs_job(&ctx)?;
    let state = match state.as_str() {
        "processed" => ChildState::Processed,
        "unprocessed" => ChildState::Unprocessed,
        "ignored" => ChildState::Ignored,
        "failed" => ChildState::Failed,
        other => return Err(type_error(&ctx, &format!("`{other}` is not a state of children"))),
    };
    let cursor = whole(&cursor).ok_or_else(|| type_error(&ctx, "the cursor is not a whole number"))?;
    let page = job_context::list_children(state, cursor, count).map_err(|error| failed(&ctx, error))?;
    let children = Array::new(ctx.clone())?;
    for (index, child) in page.children.into_iter().enumerate() {
        let object = Object::new(ctx.clone())?;
        object.set("job", reference(&ctx, child.job)?)?;
        object.set("value", child.value)?;
        children.set(index, object)?;
    }
    let object = Object::new(ctx.clone())?;
    object.set("children", children)?;
    // A cursor of Redis can have more digits than a number.
    object.set("next", BigInt::from_u64(ctx, page.next)?)?;
    Ok(object)
}

fn get_details(ctx: Ctx<'_>) -> Result<Object<'_>> {
    needs_job(&ctx)?;
    let details = job_context::get_details().map_err(|error| failed(&ctx, error))?;
    let object = Object::new(ctx)?;
    object.set("options", details.options)?;
    object.set("starts", details.starts)?;
    object.set("stalls", details.stalls)?;
    object.set("progress", details.progress)?;
    object.set("priority", details.priority)?;
    object.set("delay", details.delay as f64)?;
    object.set("startedAt", details.started_at as f64)?;
    object.set("deduplicationId", details.deduplication_id)?;
    object.set("scheduler", details.scheduler)?;
    object.set("parent", details.parent)?;
    object.set("parentKey", details.parent_key)?;
    object.set("failedReason", details.failed_reason)?;
    object.set("stackTraces", details.stack_traces)?;
    object.set("prefix", details.prefix)?;
    Ok(object)
}

fn remaining() -> f64 {
    if realm::is_live() { job_context::remaining() as f64 } else { 0.0 }
}

fn cancelled(ctx: Ctx<'_>) -> Result<Option<Object<'_>>> {
    let Some(why) = realm::is_live().then(job_context::cancelled).flatten() else { return Ok(None) };
    let object = Object::new(ctx)?;
    match why {
        Cancellation::Shutdown => object.set("tag", "shutdown")?,
        Cancellation::Requested(reason) => {
            object.set("tag", "requested")?;
            object.set("val", reason)?;
        }
    }
    Ok(Some(object))
}

/// Objects with `child` and one more text.
fn list<'js, T>(
    ctx: &Ctx<'js>,
    items: Vec<T>,
    parts: impl Fn(T) -> (JobRef, &'static str, String),
) -> Result<Array<'js>> {
    let array = Array::new(ctx.clone())?;
    for (index, item) in items.into_iter().enumerate() {
        let (child, key, text) = parts(item);
        let object = Object::new(ctx.clone())?;
        object.set("child", reference(ctx, child)?)?;
        object.set(key, text)?;
        array.set(index, object)?;
    }
    Ok(array)
}

fn reference<'js>(ctx: &Ctx<'js>, job: JobRef) -> Result<Object<'js>> {
    let reference = Object::new(ctx.clone())?;
    reference.set("queue", job.queue)?;
    reference.set("id", job.id)?;
    Ok(reference)
}

fn needs_job(ctx: &Ctx<'_>) -> Result<()> {
    if realm::is_live() {
        return Ok(());
    }
    Err(throw(ctx, "unavailable", Some("no job is running at the top level and in warmup(): call it in the handler")))
}

fn failed(ctx: &Ctx<'_>, error: Error) -> rquickjs::Error {
    match error {
        Error::Invalid(reason) => throw(ctx, "invalid", Some(&reason)),
        Error::Unavailable(reason) => throw(ctx, "unavailable", Some(&reason)),
    }
}
