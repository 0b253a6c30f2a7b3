//! Reads `tcp` and `tls` of a plugin's entry.

use super::super::key::dotted;
use super::super::plugin::Plugin;
use super::super::target::{TcpTarget, TcpTargetError};
use super::fault::Fault;
use super::node::Node;
use super::plugin::list;
use super::report::Report;
use super::table::Table;
use super::values;

/// A host has a few thousand file descriptors.
const MOST_CONNECTIONS: u64 = 1_000;

/// Reads the targets and the limit of connections into `plugin`.
pub(super) fn read(table: &Table<'_>, plugin: &mut Plugin, report: &mut Report<'_>) {
    plugin.tcp = list(table, "tcp", "an array of hosts with ports", target, report);
    plugin.tls = list(table, "tls", "an array of hosts with ports", target, report);
    report.set(&mut plugin.tcp_connections, table.get("tcp_connections"), |node| {
        values::positive(node, MOST_CONNECTIONS)
    });
    if let Some(both) = plugin.tls.iter().find(|target| plugin.tcp.contains(target)) {
        let subject = table.key();
        let fault = Fault::new(format!("{both} is in both `tcp` and `tls` of {subject}"));
        report.error_at_key(
            &dotted(subject, "tls"),
            fault.help(
                "the host encrypts connections to a server in `tls`, and not to one in `tcp`: remove one of them",
            ),
        );
    }
}

/// The message never repeats the target, which may contain a password.
fn target(node: &Node<'_>) -> Result<TcpTarget, Fault> {
    values::string(node)?.parse().map_err(|error: TcpTargetError| {
        Fault::new(format!("{node} {error}"))
            .help("write the exact host and port, as in \"smtp.example.com:587\" or \"[2001:db8::1]:3306\"")
    })
}
