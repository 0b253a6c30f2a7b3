//! Reads `[plugins.NAME.postgres.POOL]`. No message shows a URL, which may contain a password.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::env::Env;
use super::super::postgres::Postgres;
use super::super::secret::Secret;
use super::fault::Fault;
use super::node::Node;
use super::plugin::{is_name, readable};
use super::report::Report;
use super::schema;
use super::secret;
use super::table::Table;
use super::values;

const KIB: u64 = 1 << 10;
const GIB: u64 = 1 << 30;
/// A host has a few thousand file descriptors, and a server by default 100 connections.
const MOST_CONNECTIONS: u64 = 1_000;
/// The interface counts rows in 32 bits.
const MOST_ROWS: u64 = u32::MAX as u64;

/// Reads the pools of a plugin's entry, by name.
pub(super) fn read(entry: &Table<'_>, folder: &Path, env: &Env, report: &mut Report<'_>) -> BTreeMap<String, Postgres> {
    let mut pools = BTreeMap::new();
    let Some(table) = Table::of(entry.get("postgres"), report) else { return pools };
    for (name, node) in table.entries() {
        if !is_name(name) {
            let fault = Fault::new(format!("{node} is not a valid name of a pool"));
            report.error_at_key(
                node.key(),
                fault.help(
                    "a pool's name has lower-case letters, digits, `-`, `_` and `.`, the first a letter or digit",
                ),
            );
        }
        if let Some(pool) = one(node, folder, env, report) {
            pools.insert(name.to_owned(), pool);
        }
    }
    pools
}

fn one(node: Node<'_>, folder: &Path, env: &Env, report: &mut Report<'_>) -> Option<Postgres> {
    let table = Table::of(Some(node), report)?;
    table.deny_unknown(schema::POSTGRES, report);
    let url = table.require("url", report);
    let url = report.read(url, |node| secret::read(node, folder, env));
    let ca = report.read(table.get("ca"), |node| readable(node, folder));
    // The other keys are read even without a URL, so that all mistakes are reported together.
    let mut pool = Postgres { ca, ..Postgres::new(url.clone().unwrap_or_else(|| Secret::new(""))) };
    report.set(&mut pool.connections, table.get("connections"), |node| values::positive(node, MOST_CONNECTIONS));
    report.set(&mut pool.connect_timeout, table.get("connect_timeout"), values::some_duration);
    report.set(&mut pool.statement_timeout, table.get("statement_timeout"), values::some_duration);
    report.set(&mut pool.max_rows, table.get("max_rows"), |node| values::positive(node, MOST_ROWS));
    report.set(&mut pool.max_bytes, table.get("max_bytes"), |node| values::size(node, KIB, GIB));
    report.set(&mut pool.read_only, table.get("read_only"), values::boolean);
    url.map(|_| pool)
}
