//! The denials of this grant. Each names the line to add.

use super::View;
use super::remembered::Refused;
use toril_job::LogLevel;
use toril_job::text::cut;

/// Maximum length of a name in a message, in bytes.
const NAME: usize = 100;

impl View<'_> {
    /// Records that the plugin may not look up this name.
    pub(super) fn deny_look_up(&self, host: &str) {
        let host = cut(toril_job::text::one_line(host), NAME);
        let plugin = &self.job.plugin;
        let reason = if self.job.context.is_none() {
            format!("plugin {plugin} may not look up {host}: no job is running")
        } else {
            format!(
                "plugin {plugin} may not connect to {host}: add `tcp = [\"{host}:PORT\"]` under [plugins.{plugin}] in the configuration to allow it, or `tls` if the host is to encrypt the connection"
            )
        };
        self.job.denials.add_host(host, reason);
    }

    /// Records that a granted name leads only to addresses that are not public.
    pub(super) fn deny_addresses(&self, host: &str, addresses: &str) {
        let plugin = &self.job.plugin;
        // Recorded without the host: at the next attempt the name may resolve to another address, so a retry can
        // succeed.
        self.job.denials.add(format!(
            "plugin {plugin} may not connect to {host}: the name leads to {addresses}, which is not public; add the range to `private_addresses` under [plugins.{plugin}] in the configuration to allow it"
        ));
    }

    /// Records that the plugin may not connect to this address.
    pub(super) fn deny_connection(&self, address: std::net::SocketAddr, refused: Refused) {
        let plugin = &self.job.plugin;
        let add = |server: &str| {
            format!(
                "plugin {plugin} may not connect to {server}: add `tcp = [\"{server}\"]` under [plugins.{plugin}] in the configuration to allow it, or `tls` if the host is to encrypt the connection"
            )
        };
        let (server, reason) = match refused {
            Refused::Address => {
                let server = address.to_string();
                let reason = add(&server);
                (server, reason)
            }
            Refused::Port(host) => {
                let server = format!("{host}:{}", address.port());
                let reason = add(&server);
                (server, reason)
            }
            Refused::Ambiguous(one, other) => (
                address.to_string(),
                format!(
                    "plugin {plugin} may not connect to {address}: its entry grants {one} and {other}, which lead to the same server, once with TLS and once without; remove one of them under [plugins.{plugin}] in the configuration"
                ),
            ),
        };
        self.job.denials.add_server(server, reason);
    }

    /// Records a call that is never granted.
    pub(super) fn deny_always(&self, what: &str) {
        let plugin = &self.job.plugin;
        self.job.denials.add(format!("plugin {plugin} may not {what}: a plugin can only connect to servers"));
    }

    /// Writes to the job's log why a connection failed.
    pub(super) fn note(&self, line: &str) {
        if let Some(output) = &self.job.output {
            output.note(LogLevel::Warn, line);
        }
    }
}
