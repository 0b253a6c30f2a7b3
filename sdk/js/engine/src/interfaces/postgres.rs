//! `toril:plugin/postgres`. Unlike in the bindings of a component, resources are numbers, and calls take a callback,
//! which the event loop calls: `postgres_values.rs` says with what. Errors are thrown as `{ tag, val }`.
//!
//! - `attempts()` -> the number of attempts that this instance has ended
//! - `connect(pool)` -> connection
//! - `start(call, target, details, callback)` -> call. `call` is `ready`, `query`, `batch` or `read`. `target` is a
//!   connection, or the cursor to read. `details` is null for `ready`, a text for `batch`, a number of rows for
//!   `read`, and for `query` the array `[text, values, types, isBinary]`. `types` can be undefined.
//! - `openCursor(connection, details)` -> cursor, with the details of `query`
//! - `release(resource)`: drops a connection, a cursor or a call. No callback of it is called any more.
//! - `transaction(connection)` -> `idle`, `open` or `failed`

use rquickjs::module::{Declarations, Exports, ModuleDef};
use rquickjs::prelude::Func;
use rquickjs::{Array, Ctx, Function, Persistent, Result, String as JsString, Value};

use super::throw;
use crate::bindings::toril::plugin::postgres::{Error, Format, TransactionStatus};
use crate::postgres::{self, Request, Statement};
use crate::postgres_values::{self, parameters, text};
use crate::{native, realm};

pub const NAME: &str = "toril:plugin/postgres@0.2.0";

const NAMES: [&str; 6] = ["attempts", "connect", "openCursor", "release", "start", "transaction"];

pub struct Interface;

impl ModuleDef for Interface {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        NAMES.into_iter().try_for_each(|name| declarations.declare(name).map(|_| ()))
    }

    fn evaluate<'js>(_: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        exports.export("attempts", Func::from(postgres::attempts))?;
        exports.export("connect", Func::from(connect))?;
        exports.export("openCursor", Func::from(open_cursor))?;
        exports.export("release", Func::from(postgres::release))?;
        exports.export("start", Func::from(start))?;
        exports.export("transaction", Func::from(transaction))?;
        Ok(())
    }
}

fn connect<'js>(ctx: Ctx<'js>, pool: JsString<'js>) -> Result<u32> {
    if !realm::is_live() {
        let reason = "databases are not available at the top level and in warmup(): use them in the handler";
        return Err(throw(&ctx, "unavailable", Some(reason)));
    }
    let pool = text(&ctx, &pool)?;
    postgres::connect(&pool).map_err(|error| failed(&ctx, error))
}

fn start<'js>(
    ctx: Ctx<'js>,
    call: JsString<'js>,
    target: u32,
    details: Value<'js>,
    callback: Function<'js>,
) -> Result<u32> {
    let wrong = || native::type_error(&ctx, "these are not the details of such a call");
    let request = match text(&ctx, &call)?.as_str() {
        "ready" => Request::Ready,
        "query" => Request::Query(statement(&ctx, details.as_array().ok_or_else(wrong)?)?),
        "batch" => Request::Batch(text(&ctx, details.as_string().ok_or_else(wrong)?)?),
        _ => Request::Read(details.as_number().ok_or_else(wrong)? as u32),
    };
    let callback = Persistent::save(&ctx, callback);
    postgres::start(target, &request, callback).map_err(|error| failed(&ctx, error))
}

fn open_cursor<'js>(ctx: Ctx<'js>, connection: u32, details: Array<'js>) -> Result<u32> {
    let statement = statement(&ctx, &details)?;
    postgres::open_cursor(connection, &statement).map_err(|error| failed(&ctx, error))
}

/// A statement in the form `[text, values, types, isBinary]`.
fn statement<'js>(ctx: &Ctx<'js>, details: &Array<'js>) -> Result<Statement> {
    let sql: JsString = details.get(0)?;
    let values: Value = details.get(1)?;
    let types: Value = details.get(2)?;
    let is_binary: Value = details.get(3)?;
    let format = if is_binary.as_bool() == Some(true) { Format::Binary } else { Format::Text };
    Ok(Statement { text: text(ctx, &sql)?, parameters: parameters(ctx, values.as_array(), types.as_array())?, format })
}

fn transaction(connection: u32) -> &'static str {
    match postgres::transaction(connection) {
        TransactionStatus::Idle => "idle",
        TransactionStatus::Open => "open",
        TransactionStatus::Failed => "failed",
    }
}

fn failed(ctx: &Ctx<'_>, error: Error) -> rquickjs::Error {
    match postgres_values::error_object(ctx, error) {
        Ok(object) => ctx.throw(object.into_value()),
        Err(error) => error,
    }
}
