//! What an allowed request may use to be sent: its origin's addresses, the secrets that it contains, and its timeouts.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use wasmtime_wasi_http::Error;

use super::connection::Connection;
use super::connections::Connections;
use super::placeholder::Placeholder;
use super::send::Timeouts;
use crate::denials::Denials;
use crate::outbound::{Outbound, Resolved};
use toril_config::Origin;

/// What an allowed request may use to be sent.
pub struct Route {
    pub(super) origin: Origin,
    /// The secrets that replaced placeholders in the request's headers.
    pub(super) secrets: Vec<Placeholder>,
    pub(super) outbound: Arc<Outbound>,
    pub(super) plugin: Arc<str>,
    pub(super) denials: Denials,
    pub(super) timeouts: Timeouts,
    /// The plugin's idle connections, if its connections are used again.
    pub(super) connections: Option<Arc<Connections<Connection>>>,
    /// Counts against the limit of concurrent requests until the response has been read or dropped, or the server has
    /// closed the connection after its answer.
    pub(super) permit: OwnedSemaphorePermit,
}

impl Route {
    /// The addresses that may be connected to.
    pub(super) async fn addresses(&self) -> Result<Vec<SocketAddr>, Error> {
        let host = self.origin.host().trim_matches(['[', ']']);
        match self.outbound.resolve(host).await {
            Resolved::Allowed(addresses) => {
                Ok(addresses.into_iter().map(|address| SocketAddr::new(address, self.origin.port())).collect())
            }
            Resolved::Prohibited(addresses) => {
                let reason = format!(
                    "plugin {plugin} may not send requests to {origin}: the name leads to {addresses}, which is not public; add the range to `private_addresses` under [plugins.{plugin}] in the configuration to allow it",
                    plugin = self.plugin,
                    origin = self.origin,
                );
                // Recorded without an origin: at the next attempt the name may resolve to another address, so a retry
                // can succeed.
                self.denials.add(reason);
                Err(Error::DestinationIpProhibited)
            }
            Resolved::Unknown => Err(Error::DnsError { rcode: Some("name not resolved".to_owned()), info_code: None }),
        }
    }
}
