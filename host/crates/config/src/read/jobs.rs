//! Reads the job defaults: `attempts`, `backoff`, `remove_on_complete` and `remove_on_fail`.

use std::time::Duration;

use toml::de::DeValue;

use super::backoff;
use super::fault::Fault;
use super::node::Node;
use super::report::Report;
use super::schema;
use super::table::Table;
use super::values;
use toril_job::settings::{Backoff, BackoffKind, JobDefaults, Keep, Queue};

pub(super) fn read(queue: &Table<'_>, report: &mut Report<'_>) -> JobDefaults {
    JobDefaults {
        attempts: report.read(queue.get("attempts"), |node| values::positive(node, u64::from(u32::MAX))),
        backoff: queue.get("backoff").and_then(|node| backoff::of_jobs(node, report)),
        remove_on_complete: queue.get("remove_on_complete").and_then(|node| keep(node, report)),
        remove_on_fail: queue.get("remove_on_fail").and_then(|node| keep(node, report)),
    }
}

/// Checks that the queue defines the strategy that its `backoff` names. The strategy sets the delay and the jitter.
pub(super) fn check_strategy(table: &Table<'_>, queue: &Queue, report: &mut Report<'_>) {
    let Some(Backoff { kind: BackoffKind::Named(name), .. }) = &queue.job_defaults.backoff else { return };
    let Some(backoff) = Table::of(table.get("backoff"), report) else { return };
    // A strategy that is not valid still counts as defined; its mistakes are already reported.
    let strategies = table.get("backoff_strategies").and_then(|node| node.as_table());
    if strategies.is_none_or(|strategies| !strategies.contains_key(name.as_str())) {
        return unknown_strategy(table, &backoff, queue, name, report);
    }
    for node in ["delay", "jitter"].iter().filter_map(|key| backoff.get(key)) {
        let fault = Fault::new(format!("{node} is not allowed beside the name of a backoff strategy"));
        report.error_at_key(node.key(), fault.help("set it in the strategy"));
    }
}

fn unknown_strategy(table: &Table<'_>, backoff: &Table<'_>, queue: &Queue, name: &str, report: &mut Report<'_>) {
    let Some(node) = backoff.get("type") else { return };
    let built_in = ["fixed", "exponential"].into_iter();
    let allowed: Vec<_> =
        built_in.chain(queue.backoff_strategies.keys().map(String::as_str)).map(|name| format!("{name:?}")).collect();
    let (last, others) = allowed.split_last().map_or((String::new(), &[][..]), |(last, others)| (last.clone(), others));
    let message = format!("{node} must be {} or {last}, not {name:?}", others.join(", "));
    let help = format!("to add a strategy, write a table [{}.backoff_strategies.NAME]", table.key());
    report.error(node.key(), Fault::new(message).help(help));
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

/// BullMQ stores this age in whole seconds, so a fraction would be lost.
fn whole_seconds(node: &Node<'_>) -> Result<Duration, Fault> {
    let age = values::duration(node)?;
    if age.is_zero() || age.subsec_nanos() != 0 {
        return Err(Fault::new(format!("{node} must be whole seconds, at least 1")));
    }
    Ok(age)
}
