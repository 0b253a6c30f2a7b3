//! The grants and limits of one plugin: its configuration entry, in the form that a pen needs.

use std::collections::HashMap;
use std::sync::Arc;

use ipnet::IpNet;

use crate::grants::http::{Failures, Lookups, Network, Placeholder, RequestRate, Tls, Transport};
use crate::log_quota::LineBudget;
use toril_config::{self as config, Isolation, Origin, Plugin};
use toril_meters::PluginMeters;

/// The settings of a plugin. An attempt takes them once, so a reload during the attempt does not affect it.
#[derive(Clone)]
pub struct Settings {
    /// The plugin's name.
    pub plugin: Arc<str>,
    /// Origins that the plugin may send requests to.
    pub http: Arc<[Origin]>,
    /// Rate limit of the requests that this host sends for the plugin.
    pub http_rate: Arc<RequestRate>,
    /// Secrets that the plugin may send but not read.
    pub send_secrets: Arc<[Placeholder]>,
    /// Non-public address ranges that the names in `http` may resolve to.
    pub private_addresses: Arc<[IpNet]>,
    /// The certificate authorities that are trusted for HTTPS.
    pub tls: Arc<Tls>,
    /// The plugin's DNS lookups.
    pub lookups: Arc<Lookups>,
    /// Logs failed requests, with a rate limit.
    pub failures: Arc<Failures>,
    /// Queues that the plugin may add jobs to.
    pub add_to: Arc<[String]>,
    /// Maximum number of jobs that one attempt may add.
    pub max_added_jobs: u64,
    /// The key-value grant, if the plugin has one.
    pub keyvalue: Option<config::KeyValue>,
    /// The values of `wasi:config/store`: configuration, secrets, and placeholders of secrets that the plugin may only
    /// send. Never log or display them.
    pub variables: HashMap<String, String>,
    /// Limit of linear memory, in bytes.
    pub memory: usize,
    /// Fuel limit of one attempt. `None` means no limit.
    pub fuel: Option<u64>,
    /// Maximum size of a result, in bytes of JSON.
    pub max_result: usize,
    /// Whether an instance runs one job or several.
    pub isolation: Isolation,
    /// The budget of log lines for all attempts of the plugin.
    pub lines: Arc<LineBudget>,
    /// Metrics of the plugin's attempts.
    pub meters: Arc<PluginMeters>,
    /// Sends the plugin's requests. This is the network, except in tests of a plugin.
    pub transport: Arc<dyn Transport>,
}

impl Settings {
    /// Creates the settings from a configuration entry.
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
