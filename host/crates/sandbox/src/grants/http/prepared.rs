//! The grant `http` of a plugin's entry, in the form that pens need. It is made once per version of the settings.

use std::sync::Arc;

use super::connection::Connection;
use super::connections::Connections;
use super::failures::Failures;
use super::placeholder::Placeholder;
use super::rate::RequestRate;
use super::transport::{Network, Transport};
use crate::outbound::Outbound;
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
    /// Resolves the names of the origins, and verifies the certificates of HTTPS servers.
    pub(super) outbound: Arc<Outbound>,
    /// The idle connections. A changed entry starts without any, so they fit its origins and its CA. `None`: no
    /// connection is used again.
    pub(super) connections: Option<Arc<Connections<Connection>>>,
    /// Logs failed requests, with a rate limit.
    pub(super) failures: Arc<Failures>,
    /// Sends the plugin's requests. This is the network, except in tests of a plugin.
    pub(super) transport: Arc<dyn Transport>,
}

impl Prepared {
    /// Prepares the grant of a configuration entry.
    pub fn new(plugin: Arc<str>, entry: &Plugin, outbound: Arc<Outbound>) -> Self {
        Self {
            plugin,
            origins: entry.http.clone().into(),
            rate: Arc::new(RequestRate::new(entry.http_rate.clone())),
            secrets: entry.send_secrets.iter().map(|(key, secret)| Placeholder::new(key, secret)).collect(),
            outbound,
            connections: Some(Arc::new(Connections::new())),
            failures: Arc::new(Failures::new()),
            transport: Arc::new(Network),
        }
    }

    /// The same grant, with requests sent through this transport instead of the network, each over its own connection.
    pub fn through(&self, transport: Arc<dyn Transport>) -> Self {
        Self { transport, connections: None, ..self.clone() }
    }

    /// The names and texts of the placeholders of secrets that the plugin may only send.
    pub fn placeholders(&self) -> impl Iterator<Item = (String, String)> {
        self.secrets.iter().map(|placeholder| (placeholder.name().to_owned(), placeholder.text()))
    }
}
