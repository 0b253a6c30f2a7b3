//! The metrics of a pool of PostgreSQL connections. No label has a statement or a part of one.

use std::sync::OnceLock;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram};
use metrics::{gauge, histogram};

use super::begin;

const CONNECTIONS: &str = "postgres_connections";
pub(super) const WAIT: &str = "postgres_wait_seconds";
pub(super) const STATEMENT: &str = "postgres_statement_seconds";
const STATEMENTS: &str = "postgres_statements_total";

/// How a statement ended, as the label `result`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostgresResult {
    /// The server ran it.
    Completed,
    /// The server's answer is an error.
    Database,
    /// It ran for too long, and the host cancelled it.
    Timeout,
    /// The attempt or the plugin gave it up, and the host cancelled it.
    Cancelled,
    /// Its answer exceeded the limits of the pool.
    TooLarge,
    /// It was not sent, because of an error of the plugin.
    Invalid,
    /// The connection could not be opened or was lost.
    Unavailable,
}

impl PostgresResult {
    const ALL: [Self; 7] = [
        Self::Completed,
        Self::Database,
        Self::Timeout,
        Self::Cancelled,
        Self::TooLarge,
        Self::Invalid,
        Self::Unavailable,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Database => "database",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::TooLarge => "too-large",
            Self::Invalid => "invalid",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Describes these metrics to the recorder of this process.
pub(super) fn describe() {
    describe_gauge!(CONNECTIONS, "Open connections to PostgreSQL, by plugin, pool and state: idle or borrowed");
    describe_histogram!(WAIT, Unit::Seconds, "Wait for a connection of a pool, by plugin and pool");
    describe_histogram!(STATEMENT, Unit::Seconds, "From a statement to the end of its answer, by plugin and pool");
    describe_counter!(STATEMENTS, "Statements of plugins to PostgreSQL, by plugin, pool and result");
}

/// The metrics of one pool. The handles are cached, because a look-up by labels takes longer than counting.
pub struct PostgresMeters {
    plugin: String,
    pool: String,
    wait: OnceLock<Histogram>,
    statement: OnceLock<Histogram>,
    statements: OnceLock<[Counter; PostgresResult::ALL.len()]>,
}

impl PostgresMeters {
    /// Creates the metrics of this pool of this plugin.
    pub fn of(plugin: &str, pool: &str) -> Self {
        let (wait, statement, statements) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { plugin: plugin.to_owned(), pool: pool.to_owned(), wait, statement, statements }
    }

    /// A plugin got a connection, or gave up waiting for one.
    pub fn waited(&self, wait: Duration) {
        let new = || histogram!(WAIT, "plugin" => self.plugin.clone(), "pool" => self.pool.clone());
        self.wait.get_or_init(new).record(wait);
    }

    /// A statement ended.
    pub fn statement(&self, took: Duration, result: PostgresResult) {
        let new = || histogram!(STATEMENT, "plugin" => self.plugin.clone(), "pool" => self.pool.clone());
        self.statement.get_or_init(new).record(took);
        if let Some(counter) = self.counters().get(result as usize) {
            counter.increment(1);
        }
    }

    /// The connections of this host's pool. Set them at least every 30 seconds: a gauge that is not set for longer
    /// disappears.
    pub fn connections(&self, open: usize, idle: usize) {
        self.counters().iter().for_each(begin);
        self.gauge("idle").set(idle as f64);
        self.gauge("borrowed").set(open.saturating_sub(idle) as f64);
    }

    fn gauge(&self, state: &'static str) -> Gauge {
        gauge!(CONNECTIONS, "plugin" => self.plugin.clone(), "pool" => self.pool.clone(), "state" => state)
    }

    fn counters(&self) -> &[Counter] {
        self.statements.get_or_init(|| {
            PostgresResult::ALL.map(|result| {
                let (plugin, pool) = (self.plugin.clone(), self.pool.clone());
                counter!(STATEMENTS, "plugin" => plugin, "pool" => pool, "result" => result.label())
            })
        })
    }
}
