//! The grant `http` of a plugin's entry, in the form that pens need. It is made once per version of the settings.

use std::sync::Arc;

use ipnet::IpNet;

use super::failures::Failures;
use super::lookups::Lookups;
use super::placeholder::Placeholder;
use super::rate::RequestRate;
use super::tls::Tls;
use super::transport::{Network, Transport};
use toril_config::{Origin, Plugin};

/// The grant and everything that all requests of the plugin share.
#[derive(Clone)]
pub struct Prepared {
    /// The plugin's name.
    pub(super) plugin: Arc<str>,
    /// Origins that the plugin may send requests to.
    pub(super) origins: Arc<[Origin]>,
    /// Rate limit of the requests that this host sends for the plugin.
    pub(super) rate: Arc<RequestRate>,
    /// Secrets that the plugin may send but not read.
    pub(super) secrets: Arc<[Placeholder]>,
    /// Non-public address ranges that the names of the origins may resolve to.
    pub(super) private_addresses: Arc<[IpNet]>,
    /// The certificate authorities that are trusted for HTTPS.
    pub(super) tls: Arc<Tls>,
    /// The plugin's DNS lookups.
    pub(super) lookups: Arc<Lookups>,
    /// Logs failed requests, with a rate limit.
    pub(super) failures: Arc<Failures>,
    /// Sends the plugin's requests. This is the network, except in tests of a plugin.
    pub(super) transport: Arc<dyn Transport>,
}

impl Prepared {
    /// Prepares the grant of a configuration entry.
    pub fn new(plugin: Arc<str>, entry: &Plugin) -> Self {
        Self {
            plugin,
            origins: entry.http.clone().into(),
            rate: Arc::new(RequestRate::new(entry.http_rate.clone())),
            secrets: entry.send_secrets.iter().map(|(key, secret)| Placeholder::new(key, secret)).collect(),
            private_addresses: entry.private_addresses.clone().into(),
            tls: Arc::new(Tls::new(entry.ca.as_deref())),
            lookups: Arc::new(Lookups::new()),
            failures: Arc::new(Failures::new()),
            transport: Arc::new(Network),
        }
    }

    /// The same grant, with requests sent through this transport instead of the network.
    pub fn through(&self, transport: Arc<dyn Transport>) -> Self {
        Self { transport, ..self.clone() }
    }

    /// The names and texts of the placeholders of secrets that the plugin may only send.
    pub fn placeholders(&self) -> impl Iterator<Item = (String, String)> {
        self.secrets.iter().map(|placeholder| (placeholder.name().to_owned(), placeholder.text()))
    }
}
