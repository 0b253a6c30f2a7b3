//! Reads `[queues.NAME]`.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use super::super::env::Env;
use super::super::key;
use super::backoff;
use super::environment::setting;
use super::fault::Fault;
use super::jobs;
use super::node::Node;
use super::plugin;
use super::rate_limit::rate_limit;
use super::report::Report;
use super::schedule;
use super::schema;
use super::table::Table;
use super::values;
use toril_job::settings::{METRICS, Queue};
use toril_job::{QueueName, QueueNameError};

const CONCURRENCY: &str = "TORIL_CONCURRENCY";

pub(super) fn read(
    root: &Table<'_>,
    max_pens: NonZeroU32,
    env: &Env,
    report: &mut Report<'_>,
) -> BTreeMap<QueueName, Queue> {
    let default = setting(CONCURRENCY, env, report, default_concurrency);
    let default = default.unwrap_or(NonZeroUsize::MIN);
    let mut queues = BTreeMap::new();
    let Some(table) = Table::of(root.get("queues"), report) else {
        return queues;
    };
    for (name, node) in table.entries() {
        let valid = queue_name(name, &node, report);
        if let Some(entry) = entry(name, node, report) {
            let queue = read_entry(&entry, default, report);
            check_concurrency(&entry, &queue, max_pens, report);
            queues.extend(valid.map(|name| (name, queue)));
        }
    }
    let uses_default = |name: &QueueName| {
        let entry = table.get(name.as_str()).and_then(|node| node.as_table());
        entry.is_some_and(|entry| !entry.contains_key("concurrency"))
    };
    if default.get() as u64 > u64::from(max_pens.get()) && queues.keys().any(uses_default) {
        let message = format!("{CONCURRENCY} must be at most {max_pens}, not {default}");
        report.error_in_environment(CONCURRENCY, Fault::new(message).help(TOO_MANY));
    }
    deny_dead_letter_circles(&queues, report);
    queues
}

const TOO_MANY: &str = "`max_pens` under [host] is how many attempts the whole host runs at once";

fn default_concurrency(value: &str) -> Result<NonZeroUsize, String> {
    let number = value.parse();
    number.map_err(|_| format!("{CONCURRENCY} must be a whole number from 1, not {value:?}"))
}

/// The entry as a table. If a setting is directly under `[queues]`, the message says that the name of a queue is
/// missing.
fn entry<'d>(name: &str, node: Node<'d>, report: &mut Report<'_>) -> Option<Table<'d>> {
    if node.as_table().is_none() && schema::QUEUE.contains(&name) {
        let fault = Fault::new(format!("{node} is a setting outside of a queue"));
        report.error_at_key(node.key(), fault.help("put it under [queues.NAME]"));
        return None;
    }
    Table::of(Some(node), report)
}

fn queue_name(name: &str, node: &Node<'_>, report: &mut Report<'_>) -> Option<QueueName> {
    let fault = match QueueName::new(name) {
        Ok(name) => return Some(name),
        Err(QueueNameError::Empty) => Fault::new("a queue's name must not be empty"),
        Err(QueueNameError::Colon) => Fault::new(format!("{node} has a `:` in its name")).help(NO_COLON),
        Err(error @ QueueNameError::TooLong { .. }) => Fault::new(error.to_string()),
    };
    report.error_at_key(node.key(), fault);
    None
}

const NO_COLON: &str = "BullMQ allows no `:` in the name of a queue; a `prefix` under [redis] may have one";

fn read_entry(table: &Table<'_>, concurrency: NonZeroUsize, report: &mut Report<'_>) -> Queue {
    table.deny_unknown(schema::QUEUE, report);
    let mut queue = Queue { concurrency, job_defaults: jobs::read(table, report), ..Queue::new("") };
    let name = table.require("plugin", report);
    report.set(&mut queue.plugin, name, plugin_name);
    report.set(&mut queue.concurrency, table.get("concurrency"), |node| values::positive(node, u64::MAX));
    report.set(&mut queue.timeout, table.get("timeout"), values::some_duration);
    report.set(&mut queue.lock_duration, table.get("lock_duration"), |node| {
        values::duration_from(node, Duration::from_secs(1))
    });
    report.set(&mut queue.stalled_interval, table.get("stalled_interval"), values::some_duration);
    report.set(&mut queue.max_stalled, table.get("max_stalled"), |node| {
        let value = values::integer(node, 0, u64::from(u32::MAX))?;
        Ok(u32::try_from(value).unwrap_or(u32::MAX))
    });
    queue.max_started_attempts =
        report.read(table.get("max_started_attempts"), |node| values::positive(node, u64::from(u32::MAX)));
    if let Some(node) = table.get("metrics") {
        queue.metrics = metrics(node, report);
    }
    queue.backoff_strategies = backoff::read(table.get("backoff_strategies"), report);
    jobs::check_strategy(table, &queue, report);
    queue.rate_limit = rate_limit(table.get("rate_limit"), report);
    queue.dead_letter = report.read(table.get("dead_letter"), dead_letter);
    queue.schedules = schedule::read(table.get("schedules"), report);
    queue
}

fn plugin_name(node: &Node<'_>) -> Result<String, Fault> {
    let name = values::string(node)?;
    if plugin::is_name(name) { Ok(name.to_owned()) } else { Err(plugin::no_name(node)) }
}

fn check_concurrency(table: &Table<'_>, queue: &Queue, max_pens: NonZeroU32, report: &mut Report<'_>) {
    let Some(node) = table.get("concurrency") else {
        return;
    };
    if queue.concurrency.get() as u64 > u64::from(max_pens.get()) {
        let message = format!("{node} must be at most {max_pens}, not {}", queue.concurrency);
        report.error(node.key(), Fault::new(message).help(TOO_MANY));
    }
}

/// Mistakes are reported. The returned value is then not used.
fn metrics(node: Node<'_>, report: &mut Report<'_>) -> Option<NonZeroU32> {
    if node.as_table().is_none() {
        return report.read(Some(node), switch).flatten();
    }
    let table = Table::of(Some(node), report)?;
    table.deny_unknown(schema::METRICS, report);
    let points = table.require("max_data_points", report);
    report.read(points, |node| values::positive(node, u64::from(u32::MAX)))
}

fn switch(node: &Node<'_>) -> Result<Option<NonZeroU32>, Fault> {
    match node.value().as_bool() {
        Some(on) => Ok(on.then_some(METRICS)),
        None => Err(values::wrong_type(node, "true, false or a table").help(METRICS_FORMS)),
    }
}

const METRICS_FORMS: &str =
    "write { max_data_points = 20160 } for so many minutes, true for the default, or false to write no metrics";

fn dead_letter(node: &Node<'_>) -> Result<QueueName, Fault> {
    QueueName::new(values::text(node)?).map_err(|error| match error {
        QueueNameError::Colon => Fault::new(format!("{node} names a queue with a `:`")).help(NO_COLON),
        error => Fault::new(format!("{node} is not the name of a queue: {error}")),
    })
}

/// Rejects cycles: a failed job whose dead letters return to its queue would run for ever.
fn deny_dead_letter_circles(queues: &BTreeMap<QueueName, Queue>, report: &mut Report<'_>) {
    let next = |name: &QueueName| queues.get(name).and_then(|queue| queue.dead_letter.as_ref());
    for start in queues.keys() {
        // A path without a cycle visits each queue at most once.
        let way = std::iter::successors(next(start), |name| next(name)).take(queues.len());
        let Some(length) = way.into_iter().position(|name| name == start) else {
            continue;
        };
        let message = match length {
            0 => format!("`dead_letter` of queue `{start}` is the queue itself"),
            _ => format!("`dead_letter` of queue `{start}` leads back to it through other queues"),
        };
        let help = "a job that fails there would come back and run for ever: name a queue that nothing works on, or one without `dead_letter`";
        report.error(&key::join(&["queues", start.as_str(), "dead_letter"]), Fault::new(message).help(help));
    }
}
