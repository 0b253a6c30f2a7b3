//! The metrics of TCP connections of plugins. Their labels are the servers of the plugin's entry, and never what a
//! plugin asked for.

use std::sync::OnceLock;

use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};

use super::begin;

const OPEN: &str = "tcp_connections";
const OPENED: &str = "tcp_connections_total";
const BYTES: &str = "tcp_bytes_total";

/// How the opening of a connection ended, as the label `result`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpResult {
    /// The connection is open.
    Opened,
    /// The server refused it, or cannot be reached.
    Unreachable,
    /// The server did not answer in time.
    Timeout,
    /// The connection could not be encrypted.
    Tls,
    /// The plugin has too many connections.
    Limit,
}

impl TcpResult {
    const ALL: [Self; 5] = [Self::Opened, Self::Unreachable, Self::Timeout, Self::Tls, Self::Limit];

    fn label(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Tls => "tls",
            Self::Limit => "limit",
        }
    }
}

/// Describes these metrics to the recorder of this process.
pub(super) fn describe() {
    describe_gauge!(OPEN, "Open TCP connections of plugins on this host, by plugin");
    describe_counter!(OPENED, "TCP connections that plugins opened or tried to open, by plugin, server and result");
    describe_counter!(BYTES, Unit::Bytes, "Bytes on TCP connections of plugins, by plugin, server and direction");
}

/// The metrics of one server of a plugin's entry. The handles are cached, because a look-up by labels takes longer than
/// counting.
pub struct TcpMeters {
    plugin: String,
    server: String,
    opened: OnceLock<[Counter; TcpResult::ALL.len()]>,
    sent: OnceLock<Counter>,
    received: OnceLock<Counter>,
}

impl TcpMeters {
    /// Creates the metrics of this server of this plugin.
    pub fn of(plugin: &str, server: &str) -> Self {
        let (opened, sent, received) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { plugin: plugin.to_owned(), server: server.to_owned(), opened, sent, received }
    }

    /// The opening of a connection has ended.
    pub fn opened(&self, result: TcpResult) {
        if let Some(counter) = self.counters().get(result as usize) {
            counter.increment(1);
        }
    }

    /// So many bytes were sent.
    pub fn sent(&self, bytes: usize) {
        self.sent.get_or_init(|| self.bytes("sent")).increment(bytes as u64);
    }

    /// So many bytes have arrived.
    pub fn received(&self, bytes: usize) {
        self.received.get_or_init(|| self.bytes("received")).increment(bytes as u64);
    }

    /// Exports the counters with their values, which are 0 at first.
    pub fn begin(&self) {
        self.counters().iter().for_each(begin);
    }

    fn bytes(&self, direction: &'static str) -> Counter {
        counter!(BYTES, "plugin" => self.plugin.clone(), "server" => self.server.clone(), "direction" => direction)
    }

    fn counters(&self) -> &[Counter] {
        self.opened.get_or_init(|| {
            TcpResult::ALL.map(|result| {
                let (plugin, server) = (self.plugin.clone(), self.server.clone());
                counter!(OPENED, "plugin" => plugin, "server" => server, "result" => result.label())
            })
        })
    }
}

/// The open connections of a plugin on this host. Set them at least every 30 seconds: a gauge that is not set for
/// longer disappears.
pub fn tcp_connections(plugin: &str, open: usize) {
    let gauge: Gauge = gauge!(OPEN, "plugin" => plugin.to_owned());
    gauge.set(open as f64);
}
