//! Reads `[host]`.

use std::net::SocketAddr;
use std::path::Path;

use super::super::host::HostSettings;
use super::report::{Fault, Report};
use super::schema;
use super::table::{Node, Table};
use super::values;

/// More threads than this are a slip of the hand: they run guests, which use a processor each.
const MOST_THREADS: u64 = 1024;

pub(super) fn read(root: &Table<'_>, folder: &Path, report: &mut Report<'_>) -> HostSettings {
    let mut host = HostSettings::in_folder(folder);
    let Some(table) = Table::of(root.get("host"), report) else {
        return host;
    };
    table.deny_unknown(schema::HOST, report);
    let path = |node: &Node<'_>| values::path(node, folder);
    report.set(&mut host.listen, table.get("listen"), listen);
    report.set(&mut host.plugins, table.get("plugins"), path);
    report.set(&mut host.cache, table.get("cache"), path);
    report.set(&mut host.shutdown_timeout, table.get("shutdown_timeout"), values::duration);
    report.set(&mut host.pen_threads, table.get("pen_threads"), |node| values::positive(node, MOST_THREADS));
    report.set(&mut host.max_pens, table.get("max_pens"), |node| values::positive(node, u64::from(u32::MAX)));
    host
}

fn listen(node: &Node<'_>) -> Result<Option<SocketAddr>, Fault> {
    match values::string(node)? {
        "off" => Ok(None),
        address => address.parse().map(Some).map_err(|_| {
            Fault::new(format!("{node} is no address with a port: {address:?}")).help(
                "write an IP address and a port, as in \"127.0.0.1:9090\" or \"[::]:9090\", or \"off\" for no listener",
            )
        }),
    }
}
