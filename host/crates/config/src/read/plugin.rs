//! Reads `[plugins.NAME]`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use toml::de::DeValue;

use super::super::env::Env;
use super::super::key::dotted;
use super::super::plugin::{Isolation, Plugin, REUSE_JOBS};
use super::super::secret::Secret;
use super::fault::Fault;
use super::node::Node;
use super::origins::origin;
use super::postgres;
use super::rate_limit::rate_limit;
use super::report::Report;
use super::schema;
use super::secret;
use super::send_secret;
use super::sockets;
use super::table::Table;
use super::values;
use toril_job::settings::KeyValue;
use toril_job::{QueueName, QueueNameError};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
/// The upper limits of key-value data. Redis scripts count in doubles, which cannot represent larger integers
/// exactly.
const MOST_KEYS: u64 = 1 << 50;
const MOST_BYTES: u64 = 1 << 50;

pub(super) fn read(root: &Table<'_>, folder: &Path, env: &Env, report: &mut Report<'_>) -> BTreeMap<String, Plugin> {
    let mut plugins = BTreeMap::new();
    let Some(table) = Table::of(root.get("plugins"), report) else {
        return plugins;
    };
    for (name, node) in table.entries() {
        if !is_name(name) {
            report.error_at_key(node.key(), no_name(&node));
        }
        if let Some(entry) = Table::of(Some(node), report) {
            plugins.insert(name.to_owned(), read_entry(&entry, folder, env, report));
        }
    }
    plugins
}

/// A plugin's name is also its file name, so only characters that mean the same on every system are allowed.
pub(super) fn is_name(name: &str) -> bool {
    let first = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let later = |c: char| first(c) || matches!(c, '.' | '_' | '-');
    name.starts_with(first) && name.chars().all(later)
}

/// The problem to report if [`is_name`] returns false.
pub(super) fn no_name(node: &Node<'_>) -> Fault {
    Fault::new(format!("{node} is not a valid name of a plugin")).help(
        "a plugin is named after its file: lower-case letters, digits, `-`, `_` and `.`, the first a letter or digit",
    )
}

fn read_entry(table: &Table<'_>, folder: &Path, env: &Env, report: &mut Report<'_>) -> Plugin {
    table.deny_unknown(schema::PLUGIN, report);
    let mut plugin = Plugin {
        http: list(table, "http", "an array of origins", origin, report),
        config: config(table, report),
        secrets: secrets(table, folder, env, report),
        env: variables(table, folder, env, report),
        ..Plugin::default()
    };
    report.set(&mut plugin.memory, table.get("memory"), |node| values::size(node, MIB, 4096 * MIB));
    report.set(&mut plugin.max_result, table.get("max_result"), |node| values::size(node, 1, 512 * MIB));
    plugin.ca = report.read(table.get("ca"), |node| readable(node, folder));
    plugin.keyvalue = keyvalue(table, report);
    plugin.postgres = postgres::read(table, folder, env, report);
    sockets::read(table, &mut plugin, report);
    plugin.add_to = list(table, "add_to", "an array of queue names", queue_name, report);
    plugin.private_addresses = list(table, "private_addresses", "an array of address ranges", address_range, report);
    plugin.send_secrets = send_secret::read(table, &plugin.http, folder, env, report);
    if let Some(rate) = rate_limit(table.get("http_rate"), report) {
        plugin.http_rate = rate;
    }
    report.set(&mut plugin.max_added_jobs, table.get("max_added_jobs"), |node| values::positive(node, u64::MAX));
    plugin.fuel = report.read(table.get("fuel"), |node| values::positive(node, u64::MAX));
    plugin.isolation = isolation(table, report);
    deny_names_in_both(table, report);
    plugin
}

/// Reads `isolation` and `reuse_jobs`, which together are one setting.
fn isolation(table: &Table<'_>, report: &mut Report<'_>) -> Isolation {
    let reuse = report.read(table.get("isolation"), |node| match values::string(node)? {
        "fresh" => Ok(false),
        "reuse" => Ok(true),
        other => Err(Fault::new(format!("{node} must be \"fresh\" or \"reuse\", not {other:?}"))),
    });
    let jobs = report.read(table.get("reuse_jobs"), |node| values::positive(node, u64::from(u32::MAX)));
    match (reuse, jobs) {
        (Some(true), jobs) => return Isolation::Reuse { jobs: jobs.unwrap_or(REUSE_JOBS) },
        // A mistake in `isolation` itself is already reported.
        (_, Some(_)) if reuse.is_some() || table.get("isolation").is_none() => {
            let key = dotted(table.key(), "reuse_jobs");
            let fault = Fault::new(format!("`reuse_jobs` in {} is for instances that run several jobs", table.key()));
            report.error_at_key(&key, fault.help("add `isolation = \"reuse\"`, or remove the line"));
        }
        _ => {}
    }
    Isolation::Fresh
}

/// A plugin reads configuration and secrets through the same call, so each name must have one meaning.
fn deny_names_in_both(table: &Table<'_>, report: &mut Report<'_>) {
    let section = |name| table.get(name).and_then(|node| node.as_table());
    let pairs = [("config", "secrets"), ("config", "send_secrets"), ("secrets", "send_secrets")];
    for (first, second) in pairs {
        let (Some(others), Some(names)) = (section(first), section(second)) else { continue };
        for name in names.keys().map(|name| name.get_ref()) {
            if others.contains_key(name.as_ref()) {
                let subject = table.key();
                let fault = Fault::new(format!("`{name}` is in both `{first}` and `{second}` of {subject}"));
                report.error_at_key(
                    &dotted(&dotted(subject, second), name),
                    fault.help("a plugin reads both by the same names: rename one of them"),
                );
            }
        }
    }
}

/// The items of an array. An item with a mistake is reported and left out.
pub(super) fn list<T>(
    table: &Table<'_>,
    name: &str,
    wanted: &str,
    item: impl Fn(&Node<'_>) -> Result<T, Fault> + Copy,
    report: &mut Report<'_>,
) -> Vec<T> {
    let items = report.read(table.get(name), |node| node.items().ok_or_else(|| values::wrong_type(node, wanted)));
    let items = items.unwrap_or_default().into_iter();
    items.filter_map(|node| report.read(Some(node), item)).collect()
}

/// The path of a file that can be read.
pub(super) fn readable(node: &Node<'_>, folder: &Path) -> Result<PathBuf, Fault> {
    let path = values::path(node, folder)?;
    match std::fs::File::open(&path) {
        Ok(_) => Ok(path),
        Err(error) => Err(Fault::new(format!("{node} names {}, which cannot be read: {error}", path.display()))),
    }
}

fn queue_name(node: &Node<'_>) -> Result<QueueName, Fault> {
    QueueName::new(values::text(node)?).map_err(|error| match error {
        QueueNameError::Colon => Fault::new(format!("{node} names a queue with a `:`, which BullMQ does not take")),
        error => Fault::new(format!("{node} is not the name of a queue: {error}")),
    })
}

fn address_range(node: &Node<'_>) -> Result<IpNet, Fault> {
    let text = values::string(node)?;
    let single = text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or(single).map_err(|_| {
        Fault::new(format!("{node} is not a range of IP addresses"))
            .help("write a range such as \"10.0.0.0/8\", or one address")
    })
}

/// `true` or `false`, or a table with limits.
fn keyvalue(table: &Table<'_>, report: &mut Report<'_>) -> Option<KeyValue> {
    let node = table.get("keyvalue")?;
    if node.as_table().is_none() {
        let granted = report.read(Some(node), |node| {
            values::boolean(node).map_err(|_| values::wrong_type(node, "true, false or a table"))
        });
        return granted.filter(|granted| *granted).map(|_| KeyValue::default());
    }
    let entry = Table::of(Some(node), report)?;
    entry.deny_unknown(schema::KEYVALUE, report);
    let mut keyvalue = KeyValue { ttl: report.read(entry.get("ttl"), values::some_duration), ..KeyValue::default() };
    report.set(&mut keyvalue.max_keys, entry.get("max_keys"), |node| values::integer(node, 1, MOST_KEYS));
    report.set(&mut keyvalue.max_bytes, entry.get("max_bytes"), |node| values::size(node, KIB, MOST_BYTES));
    Some(keyvalue)
}

fn config(table: &Table<'_>, report: &mut Report<'_>) -> BTreeMap<String, String> {
    let mut config = BTreeMap::new();
    if let Some(table) = Table::of(table.get("config"), report) {
        for (name, node) in table.entries() {
            if let Some(value) = report.read(Some(node), config_value) {
                config.insert(name.to_owned(), value);
            }
        }
    }
    config
}

/// Plugins read text, so numbers and booleans are converted. A decimal number keeps its spelling.
fn config_value(node: &Node<'_>) -> Result<String, Fault> {
    match node.value() {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(integer) => match values::number(integer) {
            Some(number) => Ok(number.to_string()),
            None => Ok(integer.to_string()),
        },
        DeValue::Float(float) => Ok(float.to_string()),
        DeValue::Boolean(value) => Ok(value.to_string()),
        _ => Err(values::wrong_type(node, "a string, a number or a boolean")),
    }
}

fn secrets(table: &Table<'_>, folder: &Path, env: &Env, report: &mut Report<'_>) -> BTreeMap<String, Secret> {
    let mut secrets = BTreeMap::new();
    if let Some(table) = Table::of(table.get("secrets"), report) {
        for (name, node) in table.entries() {
            if let Some(value) = report.read(Some(node), |node| secret::read(node, folder, env)) {
                secrets.insert(name.to_owned(), value);
            }
        }
    }
    secrets
}

/// The plugin's environment variables: loaded like secrets where the value names a place, else the value itself.
fn variables(table: &Table<'_>, folder: &Path, env: &Env, report: &mut Report<'_>) -> BTreeMap<String, Secret> {
    let mut variables = BTreeMap::new();
    if let Some(table) = Table::of(table.get("env"), report) {
        for (name, node) in table.entries() {
            if name.is_empty() || name.contains(['=', '\0']) {
                let fault = Fault::new(format!("{node} does not have the name of an environment variable"));
                report.error_at_key(node.key(), fault.help("a name has at least one character, and no `=`"));
            }
            if let Some(value) = report.read(Some(node), |node| variable(node, folder, env)) {
                variables.insert(name.to_owned(), value);
            }
        }
    }
    variables
}

fn variable(node: &Node<'_>, folder: &Path, env: &Env) -> Result<Secret, Fault> {
    match node.value() {
        DeValue::String(text) if text.starts_with("env:") || text.starts_with("file:") => {
            secret::read(node, folder, env)
        }
        _ => config_value(node).map(Secret::new),
    }
}
