//! What one plugin is granted and bounded by: its entry in the configuration, in the shape that a pen needs.

use std::collections::HashMap;
use std::sync::Arc;

use ipnet::IpNet;

use super::egress::{Failures, Lookups, Network, Placeholder, RequestRate, Tls, Transport};
use super::lines::LineBudget;
use toril_config::{self as config, Isolation, Origin, Plugin};
use toril_meters::PluginMeters;

/// The settings of a plugin. Taken once for an attempt, so that a reload in its middle changes nothing for it.
#[derive(Clone)]
pub struct Settings {
    /// The plugin's name.
    pub plugin: Arc<str>,
    /// Origins that it may send requests to.
    pub http: Arc<[Origin]>,
    /// How many requests this host sends for it.
    pub http_rate: Arc<RequestRate>,
    /// Secrets that it may send and not read.
    pub send_secrets: Arc<[Placeholder]>,
    /// Ranges that are not public and that names among those may lead to.
    pub private_addresses: Arc<[IpNet]>,
    /// What HTTPS servers are vouched for by.
    pub tls: Arc<Tls>,
    /// The names that are looked up for it.
    pub lookups: Arc<Lookups>,
    /// What is logged of its requests that fail.
    pub failures: Arc<Failures>,
    /// Queues that it may add jobs to.
    pub add_to: Arc<[String]>,
    /// The most jobs that one attempt may add.
    pub max_added_jobs: u64,
    /// Its key-value data, if it has some.
    pub keyvalue: Option<config::KeyValue>,
    /// What `wasi:config/store` answers: configuration, secrets, and placeholders of those that it may only send. Never to be
    /// shown.
    pub variables: HashMap<String, String>,
    /// Linear memory in bytes.
    pub memory: usize,
    /// Fuel of one attempt; none: no bound.
    pub fuel: Option<u64>,
    /// The largest result, in bytes of JSON.
    pub max_result: usize,
    /// Whether an instance runs one job or several.
    pub isolation: Isolation,
    /// The lines that its attempts may write to their jobs' logs.
    pub lines: Arc<LineBudget>,
    /// What is counted of its attempts.
    pub meters: Arc<PluginMeters>,
    /// The way that its requests take. The network, but for tests of a plugin.
    pub transport: Arc<dyn Transport>,
}

impl Settings {
    /// The settings that an entry in the configuration describes.
    pub fn new(name: &str, entry: &Plugin) -> Self {
        let secrets = entry.secrets.iter().map(|(key, secret)| (key.clone(), secret.expose().to_owned()));
        let send_secrets: Arc<[Placeholder]> =
            entry.send_secrets.iter().map(|(key, secret)| Placeholder::new(key, secret)).collect();
        let placeholders = send_secrets.iter().map(|placeholder| (placeholder.name().to_owned(), placeholder.text()));
        let config = entry.config.iter().map(|(key, value)| (key.clone(), value.clone()));
        let variables = config.chain(secrets).chain(placeholders).collect();
        Self {
            plugin: name.into(),
            http: entry.http.clone().into(),
            http_rate: Arc::new(RequestRate::new(entry.http_rate.clone())),
            send_secrets,
            private_addresses: entry.private_addresses.clone().into(),
            tls: Arc::new(Tls::new(entry.ca.as_deref())),
            lookups: Arc::new(Lookups::new()),
            failures: Arc::new(Failures::new()),
            add_to: entry.add_to.clone().into(),
            max_added_jobs: entry.max_added_jobs.get(),
            keyvalue: entry.keyvalue.clone(),
            variables,
            memory: usize::try_from(entry.memory).unwrap_or(usize::MAX),
            fuel: entry.fuel.map(Into::into),
            max_result: usize::try_from(entry.max_result).unwrap_or(usize::MAX),
            isolation: entry.isolation,
            lines: Arc::new(LineBudget::new()),
            meters: Arc::new(PluginMeters::of(name)),
            transport: Arc::new(Network),
        }
    }
}
