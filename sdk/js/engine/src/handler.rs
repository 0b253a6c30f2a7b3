//! The exports of the plugin interface.

use rquickjs::{Array, Ctx, Function, Object, Value};
use toril_js_fast::json;

use crate::bindings::exports::toril::plugin::handler::{Failure, Guest, Job, Manifest};
use crate::bindings::toril::plugin::types::{JobType, Reason};
use crate::event_loop::{self, Unsettled};
use crate::realm::{self, Realm};
use crate::{native, postgres};

struct Plugin;

crate::bindings::export!(Plugin with_types_in crate::bindings);

const NO_PLUGIN: &str = "this component is the engine without a plugin: build one with `toril plugin build`";
const NEVER: &str = "the job awaits something that will never happen: no timer, no request and no statement is left";

impl Guest for Plugin {
    fn describe() -> Manifest {
        let described = realm::current().and_then(|realm| realm.with(|ctx| describe(ctx, realm).ok()));
        described.unwrap_or(Manifest { description: String::new(), jobs: Vec::new() })
    }

    fn handle(job: Job) -> Result<String, Failure> {
        let realm = realm::current().ok_or_else(|| Failure::Fatal(reason(NO_PLUGIN)))?;
        event_loop::start_timers();
        realm.with(|ctx| {
            let result = match realm.handle(ctx) {
                Ok(handle) => run(ctx, handle, &job),
                Err(error) => Err(Failure::Retry(reason(error.to_string()))),
            };
            postgres::end_attempt();
            #[cfg(feature = "sockets")]
            crate::sockets::end_attempt();
            result
        })
    }
}

fn reason(message: impl Into<String>) -> Reason {
    Reason { message: message.into(), stack: None }
}

fn describe(ctx: &Ctx<'_>, realm: &Realm) -> rquickjs::Result<Manifest> {
    let described: Object = realm.describe(ctx)?.call(())?;
    let jobs = described.get::<_, Array>("jobs")?.iter::<Object>().map(|job| {
        let job = job?;
        Ok(JobType {
            name: job.get("name")?,
            description: job.get("description")?,
            data_schema: job.get("dataSchema")?,
            result_schema: job.get("resultSchema")?,
        })
    });
    Ok(Manifest { description: described.get("description")?, jobs: jobs.collect::<rquickjs::Result<_>>()? })
}

/// Calls `handle` with a job, and waits for its result.
fn run<'js>(ctx: &Ctx<'js>, handle: Function<'js>, job: &Job) -> Result<String, Failure> {
    let thrown = |error: rquickjs::Error| match error.is_exception() {
        true => failure(ctx, ctx.catch()),
        false => Failure::Retry(reason(error.to_string())),
    };
    json::forget_result();
    drop(native::take_exit());
    #[cfg(feature = "sockets")]
    crate::sockets::begin_attempt(ctx).map_err(thrown)?;
    let job = job_object(ctx, job).map_err(thrown)?;
    let value: Value = handle.call((job,)).map_err(thrown)?;
    let value = match value.as_promise() {
        Some(promise) => event_loop::settle(ctx, promise).map_err(|unsettled| match unsettled {
            Unsettled::Thrown(value) => failure(ctx, value),
            Unsettled::Never => Failure::Retry(reason(NEVER)),
            Unsettled::Exited => Failure::Retry(reason(native::take_exit().unwrap_or_default())),
        })?,
        None => value,
    };
    // The adapter has written the result with `native.writeResult`, or returns its text.
    match json::take_result() {
        Some(text) => Ok(text),
        None => value.get::<String>().map_err(thrown),
    }
}

fn job_object<'js>(ctx: &Ctx<'js>, job: &Job) -> rquickjs::Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set("id", job.id.as_str())?;
    object.set("queue", job.queue.as_str())?;
    object.set("name", job.name.as_str())?;
    object.set("parsed", json::parse(ctx, &job.data)?)?;
    object.set("attempt", job.attempt)?;
    object.set("maxAttempts", job.max_attempts)?;
    object.set("addedAt", job.added_at as f64)?;
    if let Some(parent) = &job.parent {
        let reference = Object::new(ctx.clone())?;
        reference.set("queue", parent.queue.as_str())?;
        reference.set("id", parent.id.as_str())?;
        object.set("parent", reference)?;
    }
    Ok(object)
}

/// The name of the error that fails a job for good, in BullMQ.
const UNRECOVERABLE: &str = "UnrecoverableError";

/// The failure that a thrown value means: `{ tag, val }` from the adapter, or a value that the plugin never caught.
fn failure<'js>(ctx: &Ctx<'js>, thrown: Value<'js>) -> Failure {
    let meant = thrown.as_object().and_then(|object| {
        let tag = object.get::<_, String>("tag").ok()?;
        let ms = || u64::try_from(object.get::<_, rquickjs::BigInt>("val").ok()?.to_i64().ok()?).ok();
        Some(match tag.as_str() {
            "retry" => Failure::Retry(reason_of(object.get("val").ok()?)?),
            "fatal" => Failure::Fatal(reason_of(object.get("val").ok()?)?),
            "defer" => Failure::Defer(ms()?),
            "requeue" => Failure::Requeue,
            "rate-limited" => Failure::RateLimited(ms()?),
            "await-children" => Failure::AwaitChildren,
            _ => return None,
        })
    });
    meant.unwrap_or_else(|| uncaught(ctx, thrown))
}

/// The reason in the adapter's form: a text, or `{ message, stack }`.
fn reason_of(val: Value<'_>) -> Option<Reason> {
    if let Some(message) = val.as_string() {
        return message.to_string().ok().map(reason);
    }
    let object = val.as_object()?;
    Some(Reason { message: object.get("message").ok()?, stack: object.get("stack").ok()? })
}

/// The failure of an error that a timer has thrown or that no promise has handled. It is that of the same error from the
/// handler itself.
fn uncaught<'js>(ctx: &Ctx<'js>, thrown: Value<'js>) -> Failure {
    let Some(exception) = thrown.as_exception() else {
        return Failure::Retry(reason(native::describe_value(ctx, thrown)));
    };
    let message = exception.message().filter(|message| !message.is_empty()).unwrap_or_else(|| "Error".into());
    let is_fatal = exception.get::<_, String>("name").is_ok_and(|name| name == UNRECOVERABLE);
    let reason = Reason { message, stack: Some(native::describe_value(ctx, thrown)) };
    if is_fatal { Failure::Fatal(reason) } else { Failure::Retry(reason) }
}

/// Runs code of the kind that jobs run, so that what QuickJS makes on first use is in the snapshot.
pub fn warm_up(realm: &Realm) -> Result<(), String> {
    const WARM_UP: &str = "(async (job) => { try { throw new Error('warm-up') } catch (error) { String(error.stack) }
        await null; return JSON.stringify({ ...JSON.parse('{\"a\":[1,\"b\",null,true,1.5]}'), data: job.parsed, at: new Date(0) }) })";
    realm.with(|ctx| {
        for _ in 0..3 {
            let handle: Function = ctx.eval(WARM_UP).map_err(|error| error.to_string())?;
            let job = Job {
                id: "1".into(),
                queue: "warm-up".into(),
                name: "warm-up".into(),
                data: "{\"a\":[1,\"b\",null,true,1.5]}".into(),
                attempt: 1,
                max_attempts: 1,
                added_at: 0,
                parent: None,
            };
            run(ctx, handle, &job).map_err(|failure| format!("the engine's warm-up failed: {failure:?}"))?;
        }
        Ok(())
    })
}
