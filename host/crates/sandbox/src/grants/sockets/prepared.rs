//! The granted servers of a plugin's entry, in the form that pens need. They are made once per version of the settings.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::outbound::Outbound;
use toril_config::{Plugin, TcpTarget};
use toril_job::Rate;
use toril_meters::TcpMeters;

/// Maximum number of log lines about failed connections per plugin and minute.
const LINES_A_MINUTE: u32 = 10;

/// The grant and everything that all connections of the plugin share.
pub struct Prepared {
    pub(super) plugin: Arc<str>,
    pub(super) targets: Vec<Arc<Target>>,
    pub(super) outbound: Arc<Outbound>,
    /// One permit for each open connection of the plugin on this host.
    pub(super) permits: Arc<Semaphore>,
    /// The number of these permits.
    pub(super) most: usize,
    /// Limits the lines about failed connections in the host's log.
    pub(super) failures: Rate,
}

/// A server that the plugin may connect to.
pub(super) struct Target {
    pub server: TcpTarget,
    pub security: Security,
    pub meters: TcpMeters,
}

/// How connections to a server begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Security {
    /// As plain TCP. The guest may encrypt them later.
    Plain,
    /// The host encrypts them.
    Tls,
}

impl Prepared {
    /// Prepares the grant of a configuration entry. Connects to no server. `before`: the one of the entry that this one
    /// replaces. Its connections count against the same limit.
    pub fn new(plugin: Arc<str>, entry: &Plugin, outbound: Arc<Outbound>, before: Option<&Self>) -> Self {
        let target = |security, server: &TcpTarget| Arc::new(Target::new(&plugin, server.clone(), security));
        let plain = entry.tcp.iter().map(|server| target(Security::Plain, server));
        let tls = entry.tls.iter().map(|server| target(Security::Tls, server));
        let most = usize::try_from(entry.tcp_connections.get()).unwrap_or(Semaphore::MAX_PERMITS);
        let permits = before.filter(|before| before.most == most).map(|before| before.permits.clone());
        let targets = plain.chain(tls).collect();
        Self {
            plugin,
            targets,
            outbound,
            permits: permits.unwrap_or_else(|| Arc::new(Semaphore::new(most))),
            most,
            failures: Rate::new(LINES_A_MINUTE, Duration::from_secs(60)),
        }
    }
    /// Sets the gauge of open connections, and exports the counters.
    pub fn record(&self) {
        if !self.targets.is_empty() {
            toril_meters::tcp_connections(&self.plugin, self.most.saturating_sub(self.permits.available_permits()));
            self.targets.iter().for_each(|target| target.meters.begin());
        }
    }
}

impl Target {
    pub fn new(plugin: &str, server: TcpTarget, security: Security) -> Self {
        let meters = TcpMeters::of(plugin, &server.to_string());
        Self { server, security, meters }
    }
}
