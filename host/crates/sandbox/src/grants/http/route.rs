//! What an allowed request may use to be sent: its origin's addresses, the secrets that it contains, and its timeouts.

use std::net::SocketAddr;
use std::sync::Arc;

use ipnet::IpNet;
use tokio::sync::OwnedSemaphorePermit;
use wasmtime_wasi_http::Error;

use super::address::{Resolved, resolve};
use super::lookups::Lookups;
use super::placeholder::Placeholder;
use super::send::Timeouts;
use super::tls::Tls;
use crate::denials::Denials;
use toril_config::Origin;

/// What an allowed request may use to be sent.
pub struct Route {
    pub(super) origin: Origin,
    /// The secrets that replaced placeholders in the request's headers.
    pub(super) secrets: Vec<Placeholder>,
    pub(super) private_addresses: Arc<[IpNet]>,
    pub(super) tls: Arc<Tls>,
    pub(super) lookups: Arc<Lookups>,
    pub(super) plugin: Arc<str>,
    pub(super) denials: Denials,
    pub(super) timeouts: Timeouts,
    /// Counts against the limit of concurrent requests until the connection has ended.
    pub(super) permit: OwnedSemaphorePermit,
}

impl Route {
    /// The addresses that may be connected to.
    pub(super) async fn addresses(&self) -> Result<Vec<SocketAddr>, Error> {
        match resolve(&self.origin, &self.private_addresses, &self.lookups).await {
            Resolved::Allowed(addresses) => Ok(addresses),
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
