//! Reads `[queues.NAME.schedules.ID]`.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};
use toml::de::DeValue;

use super::fault::Fault;
use super::node::Node;
use super::report::Report;
use super::schema;
use super::table::Table;
use super::values;
use toril_cron::check_pattern;
use toril_job::settings::{Repeat, Schedule};
use toril_job::{LARGEST_INTEGER, LARGEST_PRIORITY};

pub(super) fn read(node: Option<Node<'_>>, report: &mut Report<'_>) -> BTreeMap<String, Schedule> {
    let mut schedules = BTreeMap::new();
    let Some(table) = Table::of(node, report) else { return schedules };
    for (id, node) in table.entries() {
        if id.is_empty() || id.contains(':') {
            let fault = Fault::new(format!("{node} has an id that is empty or has a `:`"));
            report.error_at_key(node.key(), fault.help("the id is part of keys, which BullMQ separates by colons"));
        }
        if let Some(schedule) = entry(node, report) {
            schedules.insert(id.to_owned(), schedule);
        }
    }
    schedules
}

fn entry(node: Node<'_>, report: &mut Report<'_>) -> Option<Schedule> {
    let subject = node.to_string();
    let table = Table::of(Some(node), report)?;
    table.deny_unknown(schema::SCHEDULE, report);
    let schedule = Schedule {
        repeat: repeat(&table, &subject, report)?,
        name: report.read(table.get("name"), values::text),
        data: report.read(table.get("data"), json),
        priority: report.read(table.get("priority"), |node| {
            let priority = values::integer(node, 0, u64::from(LARGEST_PRIORITY))?;
            Ok(u32::try_from(priority).unwrap_or(u32::MAX))
        }),
        limit: report.read(table.get("limit"), |node| values::positive(node, LARGEST_INTEGER)),
    };
    Some(schedule)
}

fn repeat(table: &Table<'_>, subject: &str, report: &mut Report<'_>) -> Option<Repeat> {
    let (pattern, every, tz) = (table.get("pattern"), table.get("every"), table.get("tz"));
    if pattern.is_some() == every.is_some() {
        let fault = Fault::new(format!("{subject} needs either `pattern` or `every`"));
        let help = "write pattern = \"0 3 * * *\" and tz = \"Europe/Madrid\", or every = \"15m\"";
        report.error_at_key(table.key(), fault.help(help));
        return None;
    }
    if every.is_some() {
        if let Some(tz) = tz {
            report.error_at_key(tz.key(), Fault::new(format!("{tz} belongs to a `pattern`, and there is none")));
        }
        return report.read(every, values::some_duration).map(Repeat::Every);
    }
    let tz = report.read(tz, values::text);
    let pattern = report.read(pattern, |node| {
        let pattern = values::text(node)?;
        match check_pattern(&pattern, tz.as_deref().unwrap_or("UTC")) {
            Ok(()) => Ok(pattern),
            Err(reason) => Err(Fault::new(format!("{node} is not a schedule: {reason}")).help(
                "a pattern has five fields (minute, hour, day, month, day of the week), or six with seconds before them, or is a name such as `@daily`; `tz` is a name such as \"Europe/Madrid\"",
            )),
        }
    })?;
    Some(Repeat::Pattern { pattern, tz })
}

/// Converts TOML to JSON.
pub(super) fn json(node: &Node<'_>) -> Result<Value, Fault> {
    value(node.value()).ok_or_else(|| Fault::new(format!("{node} holds a number that JSON does not have")))
}

fn value(toml: &DeValue<'_>) -> Option<Value> {
    Some(match toml {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(integer) => Value::from(i64::try_from(values::number(integer)?).ok()?),
        DeValue::Float(float) => Value::Number(Number::from_f64(float.as_str().replace('_', "").parse().ok()?)?),
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(items) => items.iter().map(|item| value(item.get_ref())).collect::<Option<Vec<_>>>()?.into(),
        DeValue::Table(fields) => {
            let fields = fields.iter().map(|(name, field)| Some((name.get_ref().to_string(), value(field.get_ref())?)));
            Value::Object(fields.collect::<Option<Map<_, _>>>()?)
        }
    })
}
