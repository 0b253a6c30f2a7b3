//! Reads `rate_limit` of a queue and `http_rate` of a plugin.

use std::time::Duration;

use super::node::Node;
use super::report::Report;
use super::schema;
use super::table::Table;
use super::values;
use toril_job::settings::RateLimit;

/// Reads a table with `max` and `per`.
pub(super) fn rate_limit(node: Option<Node<'_>>, report: &mut Report<'_>) -> Option<RateLimit> {
    let table = Table::of(node, report)?;
    table.deny_unknown(schema::RATE_LIMIT, report);
    let max = table.require("max", report);
    let max = report.read(max, |node| values::positive(node, u64::MAX));
    let per = table.require("per", report);
    let per = report.read(per, |node| values::duration_from(node, Duration::from_millis(1)));
    Some(RateLimit { max: max?, per: per? })
}
