//! Metrics of a pool, and its failures in the host's log. The log never has a statement or a value.

use std::sync::Arc;
use std::time::Duration;

use toril_job::Rate;
use toril_job::text::one_line;
use toril_meters::{PostgresMeters, PostgresResult};
use toril_postgres::{Observer, StatementResult};

/// Maximum number of log lines per pool and minute: the plugin decides how many calls fail.
const A_MINUTE: u32 = 10;

/// Observes one pool of one plugin.
pub(super) struct PoolObserver {
    pub(super) meters: PostgresMeters,
    plugin: Arc<str>,
    pool: String,
    lines: Rate,
}

impl PoolObserver {
    pub(super) fn new(plugin: Arc<str>, pool: &str) -> Self {
        let meters = PostgresMeters::of(&plugin, pool);
        Self { meters, plugin, pool: pool.to_owned(), lines: Rate::new(A_MINUTE, Duration::from_secs(60)) }
    }

    /// Logs that the server was not available, for the operator.
    pub(super) fn unavailable(&self, reason: &str) {
        let Some(left) = self.lines.take() else { return };
        let (plugin, pool, error) = (&*self.plugin, &*self.pool, one_line(reason));
        tracing::warn!(plugin, pool, error, "PostgreSQL is unavailable");
        if left == 0 {
            tracing::warn!(plugin, pool, "failures of this pool are not logged for the rest of the minute");
        }
    }
}

impl Observer for PoolObserver {
    fn waited(&self, time: Duration) {
        self.meters.waited(time);
    }

    fn statement(&self, time: Duration, result: StatementResult) {
        let result = match result {
            StatementResult::Done => PostgresResult::Completed,
            StatementResult::Database => PostgresResult::Database,
            StatementResult::Timeout => PostgresResult::Timeout,
            StatementResult::Cancelled => PostgresResult::Cancelled,
            StatementResult::TooLarge => PostgresResult::TooLarge,
            StatementResult::Unavailable => PostgresResult::Unavailable,
            StatementResult::Invalid => PostgresResult::Invalid,
        };
        self.meters.statement(time, result);
    }

    fn connections(&self, open: usize, idle: usize) {
        self.meters.connections(open, idle);
    }
}
