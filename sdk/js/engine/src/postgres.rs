//! Calls of `toril:plugin/postgres`, as callbacks. `interfaces/postgres.rs` makes them functions of JavaScript, and
//! `postgres_values.rs` says what a callback gets.
//!
//! Connections, cursors and calls are resources with numbers. All of them end with the attempt. The code is small
//! rather than fast, because every plugin contains it, and because an attempt has few resources.

#![expect(clippy::result_large_err, reason = "the error is that of the generated bindings, and failing is rare")]

use std::cell::RefCell;

use rquickjs::Ctx;
use wasip2::io::poll::Pollable;

use crate::bindings::toril::plugin::postgres::{
    Connection, Cursor, Error, Format, Parameter, Pending, TransactionStatus,
};
use crate::event_loop::{Callback, Due};
use crate::postgres_values;

/// What to run.
pub enum Request {
    Ready,
    Query(Statement),
    Batch(String),
    /// Reads that many rows of a cursor.
    Read(u32),
}

/// A statement with its parameters.
pub struct Statement {
    pub text: String,
    pub parameters: Vec<Parameter>,
    pub format: Format,
}

struct Resource {
    id: u32,
    /// The number of the connection that it belongs to, or its own one.
    connection: u32,
    /// How the values of its answers are written.
    format: Format,
    kind: Kind,
}

enum Kind {
    Connection(Connection),
    Cursor(Cursor),
    Call(Pending, Callback),
}

struct Resources {
    /// In the order in which they were made. They are dropped in reverse, because a resource must not go before those
    /// made from it.
    all: Vec<Resource>,
    /// The last number. It is never reset, so that a number of an earlier attempt stays unknown.
    last: u32,
    /// The number of attempts that have ended in this instance.
    attempts: u32,
}

thread_local! {
    static RESOURCES: RefCell<Resources> =
        const { RefCell::new(Resources { all: Vec::new(), last: 0, attempts: 0 }) };
}

/// The number of attempts that have ended in this instance.
pub fn attempts() -> u32 {
    RESOURCES.with_borrow(|resources| resources.attempts)
}

/// Gives all connections back. Their calls never call back.
pub fn end_attempt() {
    let all = RESOURCES.with_borrow_mut(|resources| {
        resources.attempts = resources.attempts.wrapping_add(1);
        std::mem::take(&mut resources.all)
    });
    drop_in_reverse(all);
}

/// Borrows a connection of a pool. Returns its number.
pub fn connect(pool: &str) -> Result<u32, Error> {
    let connection = Connection::connect(pool)?;
    Ok(RESOURCES.with_borrow_mut(|resources| {
        let own = resources.last + 1;
        resources.add(own, Format::Text, Kind::Connection(connection))
    }))
}

/// Makes a call on a connection, or on a cursor to read it. Returns the number of the call.
pub fn start(target: u32, request: &Request, callback: Callback) -> Result<u32, Error> {
    RESOURCES.with_borrow_mut(|resources| {
        let resource = resources.get(target)?;
        let (connection, mut format) = (resource.connection, resource.format);
        let pending = match (&resource.kind, request) {
            (Kind::Connection(connection), Request::Ready) => connection.ready(),
            (Kind::Connection(connection), Request::Batch(text)) => connection.batch(text),
            (Kind::Connection(connection), Request::Query(statement)) => {
                format = statement.format;
                connection.query(&statement.text, &statement.parameters, format)
            }
            (Kind::Cursor(cursor), Request::Read(rows)) => cursor.read(*rows),
            _ => return Err(Error::Invalid("the resource has no such call".into())),
        };
        Ok(resources.add(connection, format, Kind::Call(pending, callback)))
    })
}

/// Starts a statement whose rows are read in portions. Returns the number of the cursor.
pub fn open_cursor(connection: u32, statement: &Statement) -> Result<u32, Error> {
    RESOURCES.with_borrow_mut(|resources| match &resources.get(connection)?.kind {
        Kind::Connection(on) => {
            let cursor = on.open_cursor(&statement.text, &statement.parameters, statement.format);
            Ok(resources.add(connection, statement.format, Kind::Cursor(cursor)))
        }
        _ => Err(Error::Invalid("the resource is not a connection".into())),
    })
}

/// Drops a call, which cancels its statement, or a cursor, or a connection with all that belongs to it. No callback of
/// them is called any more. An unknown number is ignored.
pub fn release(id: u32) {
    // Dropped after the borrow ends, because a dropped callback may run JavaScript's finalizers.
    let released = RESOURCES.with_borrow_mut(|resources| {
        let all = std::mem::take(&mut resources.all);
        let (released, kept) = all.into_iter().partition(|one| one.id == id || one.connection == id);
        resources.all = kept;
        released
    });
    drop_in_reverse(released);
}

/// Whether a transaction is open. `Idle` for an unknown connection.
pub fn transaction(connection: u32) -> TransactionStatus {
    RESOURCES.with_borrow(|resources| match resources.get(connection) {
        Ok(Resource { kind: Kind::Connection(connection), .. }) => connection.transaction(),
        _ => TransactionStatus::Idle,
    })
}

/// Adds what the calls wait for. Drop it before any call.
pub fn pollables(ids: &mut Vec<u32>, pollables: &mut Vec<Pollable>) {
    RESOURCES.with_borrow(|resources| {
        for resource in &resources.all {
            if let Kind::Call(pending, _) = &resource.kind {
                ids.push(resource.id);
                pollables.push(pending.subscribe());
            }
        }
    });
}

/// Takes the answers of a call that is ready, and adds its callback to those that are due.
#[inline(never)]
pub fn advance<'js>(ctx: &Ctx<'js>, id: u32, due: &mut Vec<Due<'js>>) {
    let ended = RESOURCES.with_borrow_mut(|resources| {
        let at = resources.all.iter().position(|one| one.id == id)?;
        let Kind::Call(pending, _) = &resources.all.get(at)?.kind else { return None };
        let result = pending.take()?;
        Some((resources.all.remove(at), result))
    });
    let Some((Resource { format, kind: Kind::Call(pending, callback), .. }, result)) = ended else { return };
    drop(pending);
    if let Ok(arguments) = postgres_values::arguments(ctx, result, format) {
        due.push((callback, arguments));
    }
}

fn drop_in_reverse(mut resources: Vec<Resource>) {
    while resources.pop().is_some() {}
}

impl Resources {
    fn add(&mut self, connection: u32, format: Format, kind: Kind) -> u32 {
        self.last += 1;
        self.all.push(Resource { id: self.last, connection, format, kind });
        self.last
    }

    fn get(&self, id: u32) -> Result<&Resource, Error> {
        let gone = || Error::Unavailable("the connection was given back, because its attempt has ended".into());
        self.all.iter().find(|one| one.id == id).ok_or_else(gone)
    }
}
