//! Metrics of a pool. `toril-postgres` itself logs when a server cannot be reached, and when it can be reached again.

use std::time::Duration;

use toril_meters::{PostgresMeters, PostgresResult};
use toril_postgres::{Observer, StatementResult};

/// Observes one pool of one plugin.
pub(super) struct PoolObserver(pub PostgresMeters);

impl Observer for PoolObserver {
    fn waited(&self, time: Duration) {
        self.0.waited(time);
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
        self.0.statement(time, result);
    }

    /// The host samples the connections at an interval, because these gauges cost more than a small statement.
    fn connections(&self, _open: usize, _idle: usize) {}
}
