//! `toril:plugin/postgres`. Unlike in the bindings of a component, resources are numbers and calls take a callback, which the
//! event loop calls: `postgres_values.rs` says with what.
//!
//! - `connect(pool)` -> connection. Throws `{ tag, val }`, as all of these do.
//! - `ready(connection, callback)`, `batch(connection, text, callback)` -> call
//! - `query(connection, text, values, types, isBinary, callback)` -> call
//! - `openCursor(connection, text, values, types, isBinary)` -> cursor; `read(cursor, rows, callback)` -> call;
//!   `closeCursor(cursor)`
//! - `cancel(call)`, `close(connection)`: the callbacks are not called any more.
//! - `transaction(connection)` -> `idle`, `open` or `failed`; `serverSettings(connection)` -> pairs
//! - `attempt()` -> the number of attempts that this instance has ended

use rquickjs::module::{Declarations, Exports, ModuleDef};
use rquickjs::prelude::Func;
use rquickjs::{Array, Ctx, Function, Persistent, Result, String as JsString};

use super::throw;
use crate::bindings::toril::plugin::postgres::{Error, Format, TransactionStatus};
use crate::postgres::{self, Statement};
use crate::postgres_values::{self, parameters, text};
use crate::realm;

pub const NAME: &str = "toril:plugin/postgres@0.2.0";

pub struct Interface;

impl ModuleDef for Interface {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        let names = [
            "attempt",
            "batch",
            "cancel",
            "close",
            "closeCursor",
            "connect",
            "openCursor",
            "query",
            "read",
            "ready",
            "serverSettings",
            "transaction",
        ];
        names.into_iter().try_for_each(|name| declarations.declare(name).map(|_| ()))
    }

    fn evaluate<'js>(_: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        exports.export("attempt", Func::from(postgres::attempt))?;
        exports.export("batch", Func::from(batch))?;
        exports.export("cancel", Func::from(postgres::cancel))?;
        exports.export("close", Func::from(postgres::close))?;
        exports.export("closeCursor", Func::from(postgres::close_cursor))?;
        exports.export("connect", Func::from(connect))?;
        exports.export("openCursor", Func::from(open_cursor))?;
        exports.export("query", Func::from(query))?;
        exports.export("read", Func::from(read))?;
        exports.export("ready", Func::from(ready))?;
        exports.export("serverSettings", Func::from(server_settings))?;
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

fn ready<'js>(ctx: Ctx<'js>, connection: u32, callback: Function<'js>) -> Result<u32> {
    let callback = Persistent::save(&ctx, callback);
    postgres::ready(connection, callback).map_err(|error| failed(&ctx, error))
}

fn batch<'js>(ctx: Ctx<'js>, connection: u32, statements: JsString<'js>, callback: Function<'js>) -> Result<u32> {
    let statements = text(&ctx, &statements)?;
    let callback = Persistent::save(&ctx, callback);
    postgres::batch(connection, &statements, callback).map_err(|error| failed(&ctx, error))
}

fn query<'js>(
    ctx: Ctx<'js>,
    connection: u32,
    statement: JsString<'js>,
    values: Array<'js>,
    types: Option<Array<'js>>,
    is_binary: bool,
    callback: Function<'js>,
) -> Result<u32> {
    let statement = statement_of(&ctx, &statement, &values, types, is_binary)?;
    let callback = Persistent::save(&ctx, callback);
    postgres::query(connection, &statement, callback).map_err(|error| failed(&ctx, error))
}

fn open_cursor<'js>(
    ctx: Ctx<'js>,
    connection: u32,
    statement: JsString<'js>,
    values: Array<'js>,
    types: Option<Array<'js>>,
    is_binary: bool,
) -> Result<u32> {
    let statement = statement_of(&ctx, &statement, &values, types, is_binary)?;
    postgres::open_cursor(connection, &statement).map_err(|error| failed(&ctx, error))
}

fn read<'js>(ctx: Ctx<'js>, cursor: u32, rows: u32, callback: Function<'js>) -> Result<u32> {
    let callback = Persistent::save(&ctx, callback);
    postgres::read(cursor, rows, callback).map_err(|error| failed(&ctx, error))
}

fn statement_of<'js>(
    ctx: &Ctx<'js>,
    statement: &JsString<'js>,
    values: &Array<'js>,
    types: Option<Array<'js>>,
    is_binary: bool,
) -> Result<Statement> {
    let format = if is_binary { Format::Binary } else { Format::Text };
    Ok(Statement { text: text(ctx, statement)?, parameters: parameters(ctx, values, types)?, format })
}

fn transaction(connection: u32) -> &'static str {
    match postgres::transaction(connection) {
        TransactionStatus::Idle => "idle",
        TransactionStatus::Open => "open",
        TransactionStatus::Failed => "failed",
    }
}

fn server_settings(connection: u32) -> Vec<Vec<String>> {
    postgres::server_settings(connection).into_iter().map(|(name, value)| vec![name, value]).collect()
}

fn failed(ctx: &Ctx<'_>, error: Error) -> rquickjs::Error {
    match postgres_values::error_object(ctx, error) {
        Ok(object) => ctx.throw(object.into_value()),
        Err(error) => error,
    }
}
