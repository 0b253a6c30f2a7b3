//! Reads `backoff`, the default for jobs that Toril adds, and `[queues.NAME.backoff_strategies]`, which any job can
//! select.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::de::DeValue;

use super::fault::Fault;
use super::node::Node;
use super::report::Report;
use super::schema;
use super::table::Table;
use super::values;
use toril_job::settings::{Backoff, BackoffKind, BackoffStrategy, Delays};

const FORMS: &str = "write { type = \"exponential\", delay = \"2s\" }, or a duration such as \"2s\" for a fixed pause";
const LIST: &str = "a list of durations, as in [\"1s\", \"10s\", \"1m\"]";

/// Reads `backoff` of a queue.
pub(super) fn of_jobs(node: Node<'_>, report: &mut Report<'_>) -> Option<Backoff> {
    if node.as_table().is_none() {
        return report.read(Some(node), fixed);
    }
    let table = Table::of(Some(node), report)?;
    table.deny_unknown(schema::BACKOFF, report);
    let kind = table.require("type", report);
    let kind = report.read(kind, kind_of)?;
    if matches!(kind, BackoffKind::Named(_)) {
        // The name may be a mistyped built-in one, so mistakes in the other keys are reported as well.
        let _unused = (report.read(table.get("delay"), values::duration), jitter(&table, report));
        return Some(Backoff { kind, delay: Duration::ZERO, jitter: 0.0 });
    }
    let delay = table.require("delay", report);
    let delay = report.read(delay, values::duration);
    Some(Backoff { kind, delay: delay?, jitter: jitter(&table, report) })
}

fn fixed(node: &Node<'_>) -> Result<Backoff, Fault> {
    let delay = match node.value() {
        DeValue::String(text) if matches!(text.as_ref(), "fixed" | "exponential") => {
            Err(Fault::new(format!("{node} has no delay")).help(FORMS))
        }
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) => values::duration(node),
        _ => Err(values::wrong_type(node, "a table or a duration").help(FORMS)),
    };
    Ok(Backoff { kind: BackoffKind::Fixed, delay: delay?, jitter: 0.0 })
}

/// Any other word is the name of a strategy. `jobs::check_strategy` later checks that the queue defines it.
fn kind_of(node: &Node<'_>) -> Result<BackoffKind, Fault> {
    Ok(BackoffKind::from(values::string(node)?.to_owned()))
}

fn jitter(table: &Table<'_>, report: &mut Report<'_>) -> f64 {
    report.read(table.get("jitter"), values::fraction).unwrap_or(0.0)
}

/// Reads `[queues.NAME.backoff_strategies]`.
pub(super) fn read(node: Option<Node<'_>>, report: &mut Report<'_>) -> BTreeMap<String, BackoffStrategy> {
    let mut strategies = BTreeMap::new();
    let Some(table) = Table::of(node, report) else { return strategies };
    for (name, node) in table.entries() {
        check_name(name, &node, report);
        if let Some(strategy) = strategy(node, report) {
            strategies.insert(name.to_owned(), strategy);
        }
    }
    strategies
}

fn check_name(name: &str, node: &Node<'_>, report: &mut Report<'_>) {
    let fault = match name {
        "" => Fault::new("a backoff strategy's name must not be empty"),
        "fixed" | "exponential" => Fault::new(format!("{node} has the name of a strategy that BullMQ has built in"))
            .help("choose another name: jobs with this backoff type get BullMQ's strategy"),
        _ => return,
    };
    report.error_at_key(node.key(), fault);
}

fn strategy(node: Node<'_>, report: &mut Report<'_>) -> Option<BackoffStrategy> {
    let table = Table::of(Some(node), report)?;
    table.deny_unknown(schema::BACKOFF_STRATEGY, report);
    let jitter = jitter(&table, report);
    let max = report.read(table.get("max"), values::some_duration);
    let kind = table.require("type", report);
    let delays = match report.read(kind, delays_of)? {
        Kind::List => {
            deny(&table, "delay", "a strategy of type \"list\" has `delays`", report);
            let delays = table.require("delays", report);
            Delays::List(report.read(delays, list)?)
        }
        Kind::Grows(delays) => {
            deny(&table, "delays", "only a strategy of type \"list\" has `delays`; the others have `delay`", report);
            let delay = table.require("delay", report);
            delays(report.read(delay, values::duration)?)
        }
    };
    Some(BackoffStrategy { delays, jitter, max })
}

enum Kind {
    /// Computed from one delay.
    Grows(fn(Duration) -> Delays),
    List,
}

fn delays_of(node: &Node<'_>) -> Result<Kind, Fault> {
    match values::string(node)? {
        "fixed" => Ok(Kind::Grows(Delays::Fixed)),
        "exponential" => Ok(Kind::Grows(Delays::Exponential)),
        "linear" => Ok(Kind::Grows(Delays::Linear)),
        "list" => Ok(Kind::List),
        other => {
            Err(Fault::new(format!("{node} must be \"fixed\", \"exponential\", \"linear\" or \"list\", not {other:?}")))
        }
    }
}

fn deny(table: &Table<'_>, name: &str, help: &str, report: &mut Report<'_>) {
    if let Some(node) = table.get(name) {
        report.error_at_key(node.key(), Fault::new(format!("{node} does not fit the strategy's type")).help(help));
    }
}

fn list(node: &Node<'_>) -> Result<Vec<Duration>, Fault> {
    let items = node.items().ok_or_else(|| values::wrong_type(node, LIST))?;
    if items.is_empty() {
        return Err(Fault::new(format!("{node} must not be empty")).help(format!("write {LIST}")));
    }
    items.iter().map(values::duration).collect()
}
