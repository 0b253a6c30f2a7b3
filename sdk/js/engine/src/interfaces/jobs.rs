//! `toril:plugin/jobs`.

use rquickjs::module::{Declarations, Exports, ModuleDef};
use rquickjs::prelude::Func;
use rquickjs::{Array, Ctx, Object, Result, Value};

use super::{optional, throw, whole};
use crate::bindings::toril::plugin::jobs::{
    self, AddOptions, Backoff, Deduplication, Error, Keep, KeepLimits, NewJob, OnFailure,
};
use crate::bindings::toril::plugin::types::JobRef;
use crate::native::type_error;
use crate::realm;

pub const NAME: &str = "toril:plugin/jobs@0.2.0";

pub struct Interface;

impl ModuleDef for Interface {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        declarations.declare("add")?.declare("addAll")?.declare("addChild").map(|_| ())
    }

    fn evaluate<'js>(_: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        exports.export("add", Func::from(add))?.export("addAll", Func::from(add_all))?;
        exports.export("addChild", Func::from(add_child)).map(|_| ())
    }
}

fn add<'js>(ctx: Ctx<'js>, queue: String, name: String, data: String, options: Object<'js>) -> Result<String> {
    needs_job(&ctx)?;
    let options = options_of(&options)?;
    jobs::add(&queue, &name, &data, &options).map_err(|error| failed(&ctx, error))
}

fn add_child<'js>(
    ctx: Ctx<'js>,
    queue: String,
    name: String,
    data: String,
    options: Object<'js>,
    on_failure: String,
) -> Result<String> {
    needs_job(&ctx)?;
    let options = options_of(&options)?;
    let on_failure = on_failure_of(&ctx, &on_failure)?;
    jobs::add_child(&queue, &name, &data, &options, on_failure).map_err(|error| failed(&ctx, error))
}

fn add_all<'js>(ctx: Ctx<'js>, list: Array<'js>) -> Result<Vec<String>> {
    needs_job(&ctx)?;
    let job = |job: Result<Object<'js>>| {
        let job = job?;
        Ok(NewJob {
            queue: job.get("queue")?,
            name: job.get("name")?,
            data: job.get("data")?,
            options: options_of(&job.get("options")?)?,
            child_of: small(&job, "childOf")?,
        })
    };
    let list = list.iter::<Object>().map(job).collect::<Result<Vec<_>>>()?;
    jobs::add_all(&list).map_err(|error| failed(&ctx, error))
}

fn on_failure_of(ctx: &Ctx<'_>, name: &str) -> Result<OnFailure> {
    Ok(match name {
        "fail-parent" => OnFailure::FailParent,
        "continue-parent" => OnFailure::ContinueParent,
        "ignore" => OnFailure::Ignore,
        "remove" => OnFailure::Remove,
        "wait" => OnFailure::Wait,
        other => return Err(type_error(ctx, &format!("`{other}` is not a value of onFailure"))),
    })
}

fn options_of(options: &Object<'_>) -> Result<AddOptions> {
    let backoff: Option<Object> = optional(options, "backoff")?;
    let deduplication: Option<Object> = optional(options, "deduplication")?;
    let parent: Option<Object> = optional(options, "parent")?;
    let on_failure: Option<String> = optional(options, "onFailure")?;
    Ok(AddOptions {
        id: optional(options, "id")?,
        delay: large(options, "delay")?,
        priority: small(options, "priority")?,
        attempts: small(options, "attempts")?,
        backoff: backoff.as_ref().map(backoff_of).transpose()?,
        deduplication: deduplication.as_ref().map(deduplication_of).transpose()?,
        lifo: optional(options, "lifo")?.unwrap_or(false),
        remove_on_complete: keep_of(options, "removeOnComplete")?,
        remove_on_fail: keep_of(options, "removeOnFail")?,
        keep_logs: small(options, "keepLogs")?,
        stack_trace_limit: small(options, "stackTraceLimit")?,
        size_limit: large(options, "sizeLimit")?,
        timestamp: large(options, "timestamp")?,
        parent: parent
            .map(|parent| Ok::<_, rquickjs::Error>(JobRef { queue: parent.get("queue")?, id: parent.get("id")? }))
            .transpose()?,
        on_failure: on_failure.map(|name| on_failure_of(options.ctx(), &name)).transpose()?,
    })
}

/// A variant: `{ tag: 'all' | 'none' | 'count' | 'within', val }`.
fn keep_of(options: &Object<'_>, key: &str) -> Result<Option<Keep>> {
    let Some(keep) = optional::<Object>(options, key)? else { return Ok(None) };
    Ok(Some(match keep.get::<_, String>("tag")?.as_str() {
        "all" => Keep::All,
        "none" => Keep::None,
        "count" => Keep::Count(large(&keep, "val")?.unwrap_or(0)),
        _ => {
            let limits: Object = keep.get("val")?;
            Keep::Within(KeepLimits {
                age: large(&limits, "age")?,
                count: large(&limits, "count")?,
                limit: small(&limits, "limit")?,
            })
        }
    }))
}

fn backoff_of(backoff: &Object<'_>) -> Result<Backoff> {
    let jitter = optional::<f64>(backoff, "jitter")?.unwrap_or(0.0);
    Ok(Backoff { kind: backoff.get("kind")?, delay: large(backoff, "delay")?.unwrap_or(0), jitter })
}

fn deduplication_of(deduplication: &Object<'_>) -> Result<Deduplication> {
    let flag = |key| Ok::<_, rquickjs::Error>(optional(deduplication, key)?.unwrap_or(false));
    Ok(Deduplication {
        id: deduplication.get("id")?,
        ttl: large(deduplication, "ttl")?,
        extend: flag("extend")?,
        replace: flag("replace")?,
        keep_last_if_active: flag("keepLastIfActive")?,
    })
}

/// A property that is a whole number of at least 0.
fn large(object: &Object<'_>, key: &str) -> Result<Option<u64>> {
    let Some(value) = optional::<Value>(object, key)? else { return Ok(None) };
    let wrong = || type_error(object.ctx(), &format!("`{key}` is not a whole number of at least 0"));
    whole(&value).map(Some).ok_or_else(wrong)
}

fn small(object: &Object<'_>, key: &str) -> Result<Option<u32>> {
    let number = large(object, key)?.map(u32::try_from).transpose();
    number.map_err(|_| type_error(object.ctx(), &format!("`{key}` is too large")))
}

fn needs_job(ctx: &Ctx<'_>) -> Result<()> {
    if realm::is_live() {
        return Ok(());
    }
    Err(throw(ctx, "unavailable", Some("no job is running at the top level and in warmup(): add jobs in the handler")))
}

fn failed(ctx: &Ctx<'_>, error: Error) -> rquickjs::Error {
    match error {
        Error::Denied(reason) => throw(ctx, "denied", Some(&reason)),
        Error::Invalid(reason) => throw(ctx, "invalid", Some(&reason)),
        Error::Unavailable(reason) => throw(ctx, "unavailable", Some(&reason)),
    }
}
