//! What all grants that open connections share: the addresses that a granted name may lead to, and the certificate
//! authorities that a plugin trusts. It knows no protocol and no pen.
//!
//! | module | holds |
//! | --- | --- |
//! | `address` | the check of addresses |
//! | `lookups` | look-ups of names |
//! | `tls` | the TLS connector |

mod address;
mod lookups;
mod tls;

use std::sync::Arc;

use ipnet::IpNet;

pub use address::Resolved;
pub use tls::Tls;

use lookups::Lookups;
use toril_config::Plugin;

/// What the outgoing connections of one plugin share. It is created once per version of the plugin's settings.
pub struct Outbound {
    /// Non-public address ranges that the names of the plugin's entry may resolve to.
    private_addresses: Arc<[IpNet]>,
    lookups: Lookups,
    tls: Tls,
}

impl Outbound {
    /// Reads the file of certificates that the entry names. An unusable file is logged here, and fails each TLS
    /// connection.
    pub fn new(entry: &Plugin) -> Self {
        Self {
            private_addresses: entry.private_addresses.clone().into(),
            lookups: Lookups::new(),
            tls: Tls::new(entry.ca.as_deref()),
        }
    }

    /// The addresses that this host may lead to. An IP address has no brackets here, and is allowed: the configuration
    /// contains it.
    pub async fn resolve(&self, host: &str) -> Resolved {
        address::resolve(host, &self.private_addresses, &self.lookups).await
    }

    /// The plugin's TLS connector.
    pub fn tls(&self) -> &Tls {
        &self.tls
    }
}
