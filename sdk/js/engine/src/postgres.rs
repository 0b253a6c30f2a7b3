//! Calls of `toril:plugin/postgres`, as callbacks. `interfaces/postgres.rs` makes them functions of JavaScript, and
//! `postgres_values.rs` says what a callback gets.
//!
//! Connections, cursors and calls have numbers. All of them end with the attempt: the host takes its connections back.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use rquickjs::Ctx;
use wasip2::io::poll::Pollable;

use crate::bindings::toril::plugin::postgres::{
    Connection, Cursor, Error, Format, Parameter, Pending, TransactionStatus,
};
use crate::event_loop::{Callback, Due};
use crate::postgres_values;

/// A call that has not ended.
struct Call {
    pending: Pending,
    /// The number of its connection.
    connection: u32,
    /// How the values of its answers are written.
    format: Format,
    callback: Callback,
}

struct OpenCursor {
    cursor: Cursor,
    connection: u32,
    format: Format,
}

/// The resources of this attempt. A resource is dropped after those that were made from it.
#[derive(Default)]
struct Resources {
    calls: BTreeMap<u32, Call>,
    cursors: BTreeMap<u32, OpenCursor>,
    connections: BTreeMap<u32, Connection>,
    /// The last number. It is never reset, so that a number of an earlier attempt stays unknown.
    last: u32,
}

/// A statement with its parameters.
pub struct Statement {
    pub text: String,
    pub parameters: Vec<Parameter>,
    pub format: Format,
}

thread_local! {
    static RESOURCES: RefCell<Resources> = const { RefCell::new(Resources {
        calls: BTreeMap::new(),
        cursors: BTreeMap::new(),
        connections: BTreeMap::new(),
        last: 0,
    }) };
    static ATTEMPT: Cell<u32> = const { Cell::new(0) };
}

/// The number of attempts that have ended in this instance.
pub fn attempt() -> u32 {
    ATTEMPT.get()
}

/// Gives all connections back. Their calls never call back.
pub fn end_attempt() {
    ATTEMPT.set(ATTEMPT.get().wrapping_add(1));
    let (calls, cursors, connections) = RESOURCES.with_borrow_mut(|all| {
        (std::mem::take(&mut all.calls), std::mem::take(&mut all.cursors), std::mem::take(&mut all.connections))
    });
    drop(calls);
    drop(cursors);
    drop(connections);
}

/// Borrows a connection of a pool. Returns its number.
pub fn connect(pool: &str) -> Result<u32, Error> {
    let connection = Connection::connect(pool)?;
    Ok(RESOURCES.with_borrow_mut(|all| {
        let id = all.next();
        all.connections.insert(id, connection);
        id
    }))
}

/// Calls back when the connection is there.
pub fn ready(connection: u32, callback: Callback) -> Result<u32, Error> {
    start(connection, Format::Text, callback, Connection::ready)
}

/// Runs a statement. Returns the number of the call.
pub fn query(connection: u32, statement: &Statement, callback: Callback) -> Result<u32, Error> {
    let Statement { text, parameters, format } = statement;
    start(connection, *format, callback, |connection| connection.query(text, parameters, *format))
}

/// Runs statements without parameters.
pub fn batch(connection: u32, statements: &str, callback: Callback) -> Result<u32, Error> {
    start(connection, Format::Text, callback, |connection| connection.batch(statements))
}

/// Starts a statement whose rows are read in portions. Returns the number of the cursor.
pub fn open_cursor(connection: u32, statement: &Statement) -> Result<u32, Error> {
    RESOURCES.with_borrow_mut(|all| {
        let Statement { text, parameters, format } = statement;
        let cursor = all.connection(connection)?.open_cursor(text, parameters, *format);
        let id = all.next();
        all.cursors.insert(id, OpenCursor { cursor, connection, format: *format });
        Ok(id)
    })
}

/// Reads the next rows of a cursor.
pub fn read(cursor: u32, rows: u32, callback: Callback) -> Result<u32, Error> {
    RESOURCES.with_borrow_mut(|all| {
        let open = all.cursors.get(&cursor).ok_or_else(|| Error::Invalid("the cursor is closed".into()))?;
        let call = Call { pending: open.cursor.read(rows), connection: open.connection, format: open.format, callback };
        let id = all.next();
        all.calls.insert(id, call);
        Ok(id)
    })
}

/// Closes a cursor. An unknown number is ignored.
pub fn close_cursor(cursor: u32) {
    drop(RESOURCES.with_borrow_mut(|all| all.cursors.remove(&cursor)));
}

/// Drops a call that has not ended, which cancels its statement. It never calls back.
pub fn cancel(call: u32) {
    drop(RESOURCES.with_borrow_mut(|all| all.calls.remove(&call)));
}

/// Gives a connection back. Its calls never call back.
pub fn close(connection: u32) {
    // Dropped after the borrow ends, because a dropped callback may run JavaScript's finalizers.
    let (calls, cursors, connection) = RESOURCES.with_borrow_mut(|all| {
        let calls: Vec<_> = all.calls.extract_if(.., |_, call| call.connection == connection).collect();
        let cursors: Vec<_> = all.cursors.extract_if(.., |_, cursor| cursor.connection == connection).collect();
        (calls, cursors, all.connections.remove(&connection))
    });
    drop(calls);
    drop(cursors);
    drop(connection);
}

/// Whether a transaction is open. `Idle` for an unknown connection.
pub fn transaction(connection: u32) -> TransactionStatus {
    RESOURCES
        .with_borrow(|all| all.connections.get(&connection).map_or(TransactionStatus::Idle, Connection::transaction))
}

/// The settings that the server has reported.
pub fn server_settings(connection: u32) -> Vec<(String, String)> {
    RESOURCES.with_borrow(|all| all.connections.get(&connection).map(Connection::server_settings).unwrap_or_default())
}

/// What the calls wait for. Drop it before any call.
pub fn pollables() -> Vec<(u32, Pollable)> {
    RESOURCES.with_borrow(|all| all.calls.iter().map(|(id, call)| (*id, call.pending.subscribe())).collect())
}

/// Takes the answers of a call that is ready, and adds its callback to those that are due.
pub fn advance<'js>(ctx: &Ctx<'js>, id: u32, due: &mut Vec<Due<'js>>) {
    let ended = RESOURCES.with_borrow_mut(|all| {
        let result = all.calls.get(&id)?.pending.take()?;
        Some((all.calls.remove(&id)?, result))
    });
    let Some((call, result)) = ended else { return };
    let Call { format, callback, .. } = call;
    if let Ok(arguments) = postgres_values::arguments(ctx, result, format) {
        due.push((callback, arguments));
    }
}

fn start(
    connection: u32,
    format: Format,
    callback: Callback,
    call: impl FnOnce(&Connection) -> Pending,
) -> Result<u32, Error> {
    RESOURCES.with_borrow_mut(|all| {
        let pending = call(all.connection(connection)?);
        let id = all.next();
        all.calls.insert(id, Call { pending, connection, format, callback });
        Ok(id)
    })
}

impl Resources {
    fn next(&mut self) -> u32 {
        self.last += 1;
        self.last
    }

    fn connection(&self, id: u32) -> Result<&Connection, Error> {
        let gone = || Error::Unavailable("the connection was given back, because its attempt has ended".into());
        self.connections.get(&id).ok_or_else(gone)
    }
}
