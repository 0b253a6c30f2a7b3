//! Reads the defaults for jobs: `attempts`, `backoff`, `remove_on_complete` and `remove_on_fail`.

use std::time::Duration;

use toml::de::DeValue;

use super::super::queue::{Backoff, BackoffKind, JobDefaults, Keep, Queue};
use super::backoff;
use super::report::{Fault, Report};
use super::schema;
use super::table::{Node, Table};
use super::values;

pub(super) fn read(queue: &Table<'_>, report: &mut Report<'_>) -> JobDefaults {
    JobDefaults {
        attempts: report.read(queue.get("attempts"), |node| values::positive(node, u64::from(u32::MAX))),
        backoff: queue.get("backoff").and_then(|node| backoff::of_jobs(node, report)),
        remove_on_complete: queue.get("remove_on_complete").and_then(|node| keep(node, report)),
        remove_on_fail: queue.get("remove_on_fail").and_then(|node| keep(node, report)),
    }
}

/// A strategy that the queue's `backoff` names must be one of the queue's own.
pub(super) fn check_strategy(table: &Table<'_>, queue: &Queue, report: &mut Report<'_>) {
    let Some(Backoff { kind: BackoffKind::Named(name), .. }) = &queue.job_defaults.backoff else { return };
    let known = &queue.backoff_strategies;
    if known.contains_key(name) {
        return;
    }
    let backoff = Table::of(table.get("backoff"), report);
    if let Some(node) = backoff.and_then(|backoff| backoff.get("type")) {
        let mut allowed = vec!["\"fixed\"".to_owned(), "\"exponential\"".to_owned()];
        allowed.extend(known.keys().map(|name| format!("{name:?}")));
        let message = format!("{node} must be one of {}, not {name:?}", allowed.join(", "));
        report.error(
            node.key(),
            Fault::new(message).help(format!("to add it, write a table [{}.backoff_strategies.NAME]", table.key())),
        );
    }
}

fn keep(node: Node<'_>, report: &mut Report<'_>) -> Option<Keep> {
    if node.as_table().is_none() {
        return report.read(Some(node), simple_keep);
    }
    let key = node.key().to_owned();
    let empty = Fault::new(format!("{node} has neither `age` nor `count`"));
    let table = Table::of(Some(node), report)?;
    table.deny_unknown(schema::KEEP, report);
    let (age, count) = (table.get("age"), table.get("count"));
    if age.is_none() && count.is_none() {
        let help = "write at least one of them, or false to keep all jobs, or true to keep none";
        report.error(&key, empty.help(help));
        return None;
    }
    Some(Keep::Some {
        age: report.read(age, whole_seconds),
        count: report.read(count, |node| values::integer(node, 0, u64::MAX)),
        limit: report.read(table.get("limit"), |node| values::positive(node, u64::from(u32::MAX))),
    })
}

fn simple_keep(node: &Node<'_>) -> Result<Keep, Fault> {
    const FORMS: &str = "write true to remove a job as it ends, false to keep all, the number to keep, or { age = \"1h\", count = 1000 }";
    match node.value() {
        DeValue::Boolean(true) => Ok(Keep::None),
        DeValue::Boolean(false) => Ok(Keep::All),
        DeValue::Integer(_) => Ok(Keep::Some {
            age: None,
            count: Some(values::integer(node, 0, u64::MAX).map_err(|fault| fault.help(FORMS))?),
            limit: None,
        }),
        _ => Err(values::wrong_type(node, "true, false, a number or a table").help(FORMS)),
    }
}

/// BullMQ keeps this age in seconds; a fraction of one would be lost.
fn whole_seconds(node: &Node<'_>) -> Result<Duration, Fault> {
    let age = values::duration(node)?;
    if age.is_zero() || age.subsec_nanos() != 0 {
        return Err(Fault::new(format!("{node} must be whole seconds, at least 1")));
    }
    Ok(age)
}
