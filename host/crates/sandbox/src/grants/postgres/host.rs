//! The host functions of `toril:plugin/postgres`.

use std::sync::Arc;

use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynPollable, subscribe};

use super::{View, values};
use crate::interface::postgres::{
    Answer, Error, Format, Host, HostConnection, HostCursor, HostPending, Parameter, TransactionStatus,
};
use crate::interface::{BorrowedConnection, CallState, OpenCursor, PendingCall};
use crate::limits::POSTGRES_CONNECTIONS;
use toril_job::text::cut;
use toril_job::trace::{Kind, Trace};
use toril_postgres::{self as pool, Connection};

/// Maximum length of a pool's name in a message, in bytes.
const NAME: usize = 100;

type Answers = Result<Vec<Answer>, Error>;

impl Host for View<'_> {}

impl HostConnection for View<'_> {
    async fn connect(&mut self, pool: String) -> wasmtime::Result<Result<Resource<BorrowedConnection>, Error>> {
        match self.borrow(&pool) {
            Ok(connection) => Ok(Ok(self.table.push(connection)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn ready(&mut self, this: Resource<BorrowedConnection>) -> wasmtime::Result<Resource<PendingCall>> {
        self.call(&this, "connect", |connection| connection.ready())
    }

    async fn query(
        &mut self,
        this: Resource<BorrowedConnection>,
        statement: String,
        parameters: Vec<Parameter>,
        results: Format,
    ) -> wasmtime::Result<Resource<PendingCall>> {
        self.call(&this, "query", |connection| connection.query(values::query(statement, parameters, results)))
    }

    async fn batch(
        &mut self,
        this: Resource<BorrowedConnection>,
        statements: String,
    ) -> wasmtime::Result<Resource<PendingCall>> {
        self.call(&this, "batch", |connection| connection.batch(statements))
    }

    async fn open_cursor(
        &mut self,
        this: Resource<BorrowedConnection>,
        statement: String,
        parameters: Vec<Parameter>,
        results: Format,
    ) -> wasmtime::Result<Resource<OpenCursor>> {
        let held = self.table.get_mut(&this)?;
        let query = values::query(statement, parameters, results);
        let cursor = held.connection.as_mut().map(|connection| connection.open_cursor(query));
        let opened = OpenCursor { cursor, pool: held.pool.clone() };
        // Not a child of the connection: a guest with garbage collection drops handles in any order.
        Ok(self.table.push(opened)?)
    }

    async fn transaction(&mut self, this: Resource<BorrowedConnection>) -> wasmtime::Result<TransactionStatus> {
        let held = self.table.get(&this)?;
        let status = held.connection.as_ref().map(Connection::transaction_status);
        Ok(status.map_or(TransactionStatus::Idle, Into::into))
    }

    async fn server_settings(&mut self, this: Resource<BorrowedConnection>) -> wasmtime::Result<Vec<(String, String)>> {
        let held = self.table.get(&this)?;
        Ok(held.connection.as_ref().map(Connection::server_settings).unwrap_or_default())
    }

    async fn drop(&mut self, this: Resource<BorrowedConnection>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl HostCursor for View<'_> {
    async fn read(&mut self, this: Resource<OpenCursor>, rows: u32) -> wasmtime::Result<Resource<PendingCall>> {
        let held = self.table.get_mut(&this)?;
        let pool = held.pool.clone();
        let call = match &mut held.cursor {
            Some(cursor) => CallState::Made(cursor.read(rows)),
            None => CallState::Failed(attempt_ended()),
        };
        self.push(call, "read", pool)
    }

    async fn drop(&mut self, this: Resource<OpenCursor>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl HostPending for View<'_> {
    async fn subscribe(&mut self, this: Resource<PendingCall>) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.table, this)
    }

    async fn take(&mut self, this: Resource<PendingCall>) -> wasmtime::Result<Option<Answers>> {
        let pending = self.table.get_mut(&this)?;
        let Some(result) = take(&mut pending.call) else { return Ok(None) };
        end_span(&pending.span, &result);
        let pool = pending.pool.clone();
        Ok(Some(match result {
            Ok(answers) => Ok(answers.into_iter().map(Into::into).collect()),
            Err(error) => Err(values::error(error, &self.job.plugin, &pool)),
        }))
    }

    async fn drop(&mut self, this: Resource<PendingCall>) -> wasmtime::Result<()> {
        abandon(&mut self.table.delete(this)?);
        Ok(())
    }
}

impl View<'_> {
    /// A connection of this pool, if the plugin may use it.
    #[expect(clippy::result_large_err, reason = "the error is the type of the interface, which the caller returns")]
    fn borrow(&mut self, name: &str) -> Result<BorrowedConnection, Error> {
        if self.job.context.is_none() {
            return Err(Error::Unavailable("no job is running".to_owned()));
        }
        let is_held = |held: &BorrowedConnection| held.connection.is_some();
        let held = self.table.iter_mut().filter(|held| held.downcast_ref().is_some_and(is_held)).count();
        if held >= POSTGRES_CONNECTIONS {
            return Err(Error::Invalid(format!(
                "the attempt holds {held} connections, and may hold no more: drop one"
            )));
        }
        let Some((name, pool)) = self.grant.pool(name) else { return Err(self.denied(name)) };
        match &pool.pool {
            Ok(pool) => {
                let connection = Connection::new(pool, &self.pen.borrower);
                Ok(BorrowedConnection { connection: Some(connection), pool: name.clone() })
            }
            Err(reason) => Err(values::error(pool::Error::Unavailable(reason.clone()), &self.job.plugin, name)),
        }
    }

    fn denied(&self, name: &str) -> Error {
        let (plugin, name) = (&self.job.plugin, cut(name.to_owned(), NAME));
        let is_key = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        let section = match !name.is_empty() && name.chars().all(is_key) {
            true => format!("[plugins.{plugin}.postgres.{name}]"),
            false => format!("[plugins.{plugin}.postgres.POOL]"),
        };
        let denied = format!(
            "plugin {plugin} has no PostgreSQL pool {name:?}: add `url = \"env:…\"` under {section} in the configuration to allow it"
        );
        self.job.denials.add(denied.clone());
        Error::Denied(denied)
    }

    /// Makes a call on a connection.
    fn call(
        &mut self,
        this: &Resource<BorrowedConnection>,
        name: &'static str,
        make: impl FnOnce(&mut Connection) -> pool::Call,
    ) -> wasmtime::Result<Resource<PendingCall>> {
        let held = self.table.get_mut(this)?;
        let pool = held.pool.clone();
        let call = match &mut held.connection {
            Some(connection) => CallState::Made(make(connection)),
            None => CallState::Failed(attempt_ended()),
        };
        self.push(call, name, pool)
    }

    fn push(&mut self, call: CallState, name: &'static str, pool: Arc<str>) -> wasmtime::Result<Resource<PendingCall>> {
        let span = self.job.trace.child(name, Kind::Client);
        if Trace::is_on() {
            span.note("db.system.name", "postgresql");
            span.note("toril.postgres.pool", pool.to_string());
        }
        Ok(self.table.push(PendingCall { call, pool, span })?)
    }
}

/// The result of a call that has ended, once.
fn take(call: &mut CallState) -> Option<Result<Vec<pool::Answer>, pool::Error>> {
    match std::mem::replace(call, CallState::Taken) {
        CallState::Made(made) => match made.take() {
            Some(result) => Some(result),
            None => {
                *call = CallState::Made(made);
                None
            }
        },
        CallState::Failed(error) => Some(Err(error)),
        CallState::Taken => None,
    }
}

/// Gives a call up, which cancels its statement if it has not ended.
pub(super) fn abandon(pending: &mut PendingCall) {
    if let CallState::Made(call) = &pending.call
        && !call.is_ended()
    {
        pending.span.fail("cancelled");
    }
    if !matches!(pending.call, CallState::Taken) {
        pending.span.end();
    }
    pending.call = CallState::Failed(attempt_ended());
}

/// Ends the span of a call. Of an answer it has only numbers, and of the server's error its SQLSTATE.
fn end_span(span: &Trace, result: &Result<Vec<pool::Answer>, pool::Error>) {
    if !Trace::is_on() {
        return;
    }
    match result {
        Ok(answers) => {
            let rows: i64 = answers.iter().map(|answer| i64::from(answer.row_count)).sum();
            span.note("db.response.returned_rows", rows);
        }
        Err(error) => {
            if let pool::Error::Database(error) = error {
                span.note("db.response.status_code", error.code.clone());
            }
            span.fail(values::kind(error));
        }
    }
    span.end();
}

fn attempt_ended() -> pool::Error {
    pool::Error::Invalid("the attempt that borrowed this connection has ended: borrow another one".to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use toril_config::{Plugin, Postgres, Secret};
    use wasmtime::component::ResourceTable;

    use super::super::{InPen, Prepared, end_attempt};
    use super::*;
    use crate::current_job::CurrentJob;
    use crate::testing::{LONG, TestContext};

    #[tokio::test]
    async fn handles_of_an_earlier_attempt_do_not_count_towards_the_connections_of_the_next_one() {
        let pool = Postgres::new(Secret::new("postgres://me@127.0.0.1:1/shop"));
        let entry = Plugin { postgres: [("main".to_owned(), pool)].into(), ..Plugin::default() };
        let grant = Prepared::new(&"orders".into(), &entry, None);
        let context = Some(Arc::new(TestContext::default()) as _);
        let job = CurrentJob { context, ..CurrentJob::none("orders".into(), Instant::now() + LONG) };
        let (pen, mut table) = (InPen::new(&job), ResourceTable::new());
        for _ in 0..2 {
            for _ in 0..POSTGRES_CONNECTIONS {
                let mut view = View { grant: &grant, pen: &pen, table: &mut table, job: &job };
                assert!(matches!(view.connect("main".to_owned()).await, Ok(Ok(_))));
            }
            let mut view = View { grant: &grant, pen: &pen, table: &mut table, job: &job };
            assert!(matches!(view.connect("main".to_owned()).await, Ok(Err(Error::Invalid(_)))));
            end_attempt(&mut table);
        }
    }
}
