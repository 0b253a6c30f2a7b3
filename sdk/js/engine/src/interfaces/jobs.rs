//! `toril:plugin/jobs`.

use rquickjs::module::{Declarations, Exports, ModuleDef};
use rquickjs::prelude::Func;
use rquickjs::{Ctx, Object, Result, Value};

use super::{optional, throw};
use crate::bindings::toril::plugin::jobs::{self, AddOptions, Backoff, BackoffKind, Deduplication, Error, OnFailure};
use crate::native::type_error;
use crate::realm;

pub const NAME: &str = "toril:plugin/jobs@0.2.0";

pub struct Interface;

impl ModuleDef for Interface {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        declarations.declare("add")?.declare("addChild").map(|_| ())
    }

    fn evaluate<'js>(_: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        exports.export("add", Func::from(add))?.export("addChild", Func::from(add_child)).map(|_| ())
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
    let on_failure = match on_failure.as_str() {
        "fail-parent" => OnFailure::FailParent,
        "continue-parent" => OnFailure::ContinueParent,
        "ignore" => OnFailure::Ignore,
        "remove" => OnFailure::Remove,
        "wait" => OnFailure::Wait,
        other => return Err(type_error(&ctx, &format!("`{other}` is not a value of onFailure"))),
    };
    jobs::add_child(&queue, &name, &data, &options, on_failure).map_err(|error| failed(&ctx, error))
}

fn options_of(options: &Object<'_>) -> Result<AddOptions> {
    let backoff: Option<Object> = optional(options, "backoff")?;
    let deduplication: Option<Object> = optional(options, "deduplication")?;
    Ok(AddOptions {
        id: optional(options, "id")?,
        delay: whole(options, "delay")?,
        priority: small(options, "priority")?,
        attempts: small(options, "attempts")?,
        backoff: backoff.as_ref().map(backoff_of).transpose()?,
        deduplication: deduplication.as_ref().map(deduplication_of).transpose()?,
    })
}

fn backoff_of(backoff: &Object<'_>) -> Result<Backoff> {
    let kind: String = backoff.get("kind")?;
    let kind = match kind.as_str() {
        "fixed" => BackoffKind::Fixed,
        "exponential" => BackoffKind::Exponential,
        other => return Err(type_error(backoff.ctx(), &format!("`{other}` is not a type of backoff"))),
    };
    let jitter = optional::<f64>(backoff, "jitter")?.unwrap_or(0.0);
    Ok(Backoff { kind, delay: whole(backoff, "delay")?.unwrap_or(0), jitter })
}

fn deduplication_of(deduplication: &Object<'_>) -> Result<Deduplication> {
    let flag = |key| Ok::<_, rquickjs::Error>(optional(deduplication, key)?.unwrap_or(false));
    Ok(Deduplication {
        id: deduplication.get("id")?,
        ttl: whole(deduplication, "ttl")?,
        extend: flag("extend")?,
        replace: flag("replace")?,
        keep_last_if_active: flag("keepLastIfActive")?,
    })
}

/// A whole number that is not negative: a BigInt or a number.
fn whole(object: &Object<'_>, key: &str) -> Result<Option<u64>> {
    let Some(value) = optional::<Value>(object, key)? else { return Ok(None) };
    let wrong = || type_error(object.ctx(), &format!("`{key}` is not a whole number of at least 0"));
    if let Some(big) = value.as_big_int() {
        let number = big.clone().to_i64().map_err(|_| wrong())?;
        return u64::try_from(number).map(Some).map_err(|_| wrong());
    }
    let number = value.as_number().filter(|number| *number >= 0.0 && number.fract() == 0.0).ok_or_else(wrong)?;
    Ok(Some(number as u64))
}

fn small(object: &Object<'_>, key: &str) -> Result<Option<u32>> {
    let number = whole(object, key)?.map(u32::try_from).transpose();
    number.map_err(|_| type_error(object.ctx(), &format!("`{key}` is too large")))
}

fn needs_job(ctx: &Ctx<'_>) -> Result<()> {
    if realm::is_live() {
        return Ok(());
    }
    Err(throw(ctx, "unavailable", Some("no job is running at the top level of a plugin: add jobs in the handler")))
}

fn failed(ctx: &Ctx<'_>, error: Error) -> rquickjs::Error {
    match error {
        Error::Denied(reason) => throw(ctx, "denied", Some(&reason)),
        Error::Invalid(reason) => throw(ctx, "invalid", Some(&reason)),
        Error::Unavailable(reason) => throw(ctx, "unavailable", Some(&reason)),
    }
}
