//! Pools and connections on a real PostgreSQL server.

// A test that cannot go on ends with what it expected.
#![allow(clippy::unwrap_used)]

mod cursors;
mod leftovers;
mod limits;
mod read_only;
mod recovery;
mod statements;
mod tls;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::task::TaskTracker;
use toril_postgres::{Answer, Borrower, Call, Connection, Error, Format, Parameter, Pool, Query, Settings, Target};
use toril_tests::PostgresServer;

/// Longer than anything takes on a busy machine.
const LONG: Duration = Duration::from_secs(300);

fn settings(url: &str) -> Settings {
    Settings {
        target: Target::parse(url).unwrap(),
        ca: None,
        connections: 4,
        connect_timeout: LONG,
        statement_timeout: LONG,
        max_rows: 10_000,
        max_bytes: 8 << 20,
        read_only: false,
        name: "tests".to_owned(),
    }
}

fn pool_with(url: &str, change: impl FnOnce(&mut Settings)) -> Pool {
    let mut settings = settings(url);
    change(&mut settings);
    Pool::new(settings, Arc::new(())).unwrap()
}

fn pool(server: &PostgresServer) -> Pool {
    pool_with(&server.url(), |_| ())
}

/// A pool with one connection, so that each borrower gets the session of the one before.
fn pool_of_one(server: &PostgresServer) -> Pool {
    pool_with(&server.url(), |settings| settings.connections = 1)
}

fn connection(pool: &Pool) -> Connection {
    connection_until(pool, Instant::now() + LONG)
}

fn connection_until(pool: &Pool, deadline: Instant) -> Connection {
    Connection::new(pool, &Borrower::new(deadline, TaskTracker::new()))
}

fn query(statement: &str) -> Query {
    Query { statement: statement.to_owned(), parameters: Vec::new(), results: Format::Text }
}

fn text(value: &str) -> Parameter {
    Parameter { type_oid: 0, format: Format::Text, value: Some(value.as_bytes().to_vec()) }
}

async fn result(call: Call) -> Result<Vec<Answer>, Error> {
    call.ended().await;
    call.take().unwrap()
}

/// The rows of a statement, as text.
async fn rows(connection: &Connection, statement: &str) -> Result<Vec<Vec<Option<String>>>, Error> {
    let answers = result(connection.query(query(statement))).await?;
    Ok(answers.first().map(table).unwrap_or_default())
}

/// The only value of a statement.
async fn value(connection: &Connection, statement: &str) -> String {
    let rows = rows(connection, statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    rows[0][0].clone().unwrap_or_default()
}

/// Runs statements one after the other. All must succeed.
async fn run(connection: &Connection, statements: &[&str]) {
    for statement in statements {
        rows(connection, statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    }
}

/// The rows of an answer.
fn table(answer: &Answer) -> Vec<Vec<Option<String>>> {
    let mut rest = answer.rows.as_slice();
    let mut take = |length: usize| {
        let (taken, after) = rest.split_at(length);
        rest = after;
        taken.to_vec()
    };
    let mut field = || {
        let length = i32::from_be_bytes(take(4).try_into().unwrap());
        usize::try_from(length).ok().map(|length| String::from_utf8_lossy(&take(length)).into_owned())
    };
    (0..answer.row_count).map(|_| answer.columns.iter().map(|_| field()).collect()).collect()
}

/// The SQLSTATE of an error of the server.
fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Database(error)) => error.code,
        other => panic!("expected an error of the server, and got {other:?}"),
    }
}

/// The process on the server that serves this connection.
async fn backend(connection: &Connection) -> String {
    value(connection, "SELECT pg_backend_pid()").await
}
