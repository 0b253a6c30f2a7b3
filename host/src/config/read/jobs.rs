//! Reads the defaults for jobs: `attempts`, `backoff`, `remove_on_complete` and `remove_on_fail`.

use std::time::Duration;

use toml::de::DeValue;

use super::super::queue::{Backoff, BackoffKind, JobDefaults, Keep};
use super::report::{Fault, Report};
use super::schema;
use super::table::{Node, Table};
use super::values;

const BACKOFF_FORMS: &str =
    "write { type = \"exponential\", delay = \"2s\" }, or a length of time such as \"2s\" for a fixed pause";

pub(super) fn read(queue: &Table<'_>, report: &mut Report<'_>) -> JobDefaults {
    JobDefaults {
        attempts: report.read(queue.get("attempts"), |node| values::positive(node, u64::from(u32::MAX))),
        backoff: queue.get("backoff").and_then(|node| backoff(node, report)),
        remove_on_complete: queue.get("remove_on_complete").and_then(|node| keep(node, report)),
        remove_on_fail: queue.get("remove_on_fail").and_then(|node| keep(node, report)),
    }
}

fn backoff(node: Node<'_>, report: &mut Report<'_>) -> Option<Backoff> {
    if node.as_table().is_none() {
        return report.read(Some(node), fixed_backoff);
    }
    let table = Table::of(Some(node), report)?;
    table.deny_unknown(schema::BACKOFF, report);
    let kind = table.require("type", report);
    let kind = report.read(kind, backoff_kind);
    let delay = table.require("delay", report);
    let delay = report.read(delay, values::duration);
    let mut jitter = 0.0;
    report.set(&mut jitter, table.get("jitter"), values::fraction);
    Some(Backoff { kind: kind?, delay: delay?, jitter })
}

fn fixed_backoff(node: &Node<'_>) -> Result<Backoff, Fault> {
    let delay = match node.value() {
        DeValue::String(text) if matches!(text.as_ref(), "fixed" | "exponential") => {
            Err(Fault::new(format!("{node} has no delay")).help(BACKOFF_FORMS))
        }
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) => values::duration(node),
        _ => Err(values::wrong_type(node, "a table or a length of time").help(BACKOFF_FORMS)),
    };
    Ok(Backoff { kind: BackoffKind::Fixed, delay: delay?, jitter: 0.0 })
}

fn backoff_kind(node: &Node<'_>) -> Result<BackoffKind, Fault> {
    match values::string(node)? {
        "fixed" => Ok(BackoffKind::Fixed),
        "exponential" => Ok(BackoffKind::Exponential),
        other => Err(Fault::new(format!("{node} must be \"fixed\" or \"exponential\", not {other:?}"))),
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
