//! `[plugins.NAME]`: the grants and limits of a plugin.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use http::HeaderName;
use ipnet::IpNet;
use toril_job::QueueName;
use toril_job::settings::{KeyValue, RateLimit};

use super::origin::Origin;
use super::postgres::Postgres;
use super::secret::Secret;
use super::target::TcpTarget;

/// The grants and limits of one plugin. Everything that is not granted is denied.
#[derive(Clone, Debug, PartialEq)]
pub struct Plugin {
    /// The origins that it may send HTTP requests to. Default: none.
    pub http: Vec<Origin>,
    /// The servers that it may open plain TCP connections to. Default: none.
    pub tcp: Vec<TcpTarget>,
    /// The servers that it may open TCP connections to that the host encrypts with TLS. Default: none.
    pub tls: Vec<TcpTarget>,
    /// The limit of TCP connections that one host has open for the plugin, over all attempts. Default 64, from 1 to
    /// 1,000.
    pub tcp_connections: NonZeroU32,
    /// Non-public address ranges that host names in `http`, `tcp` and `tls` may resolve to. IP addresses listed in
    /// these, and loopback for `localhost`, need no entry here. Default: none.
    pub private_addresses: Vec<IpNet>,
    /// The limit of HTTP requests that one host sends for the plugin, over all attempts. Default: 10,000 per second.
    pub http_rate: RateLimit,
    /// A PEM file of additional CA certificates that servers of `http`, `tcp` and `tls` may be verified with.
    pub ca: Option<PathBuf>,
    /// The queues that it may add jobs to. Default: none.
    pub add_to: Vec<QueueName>,
    /// The limit of jobs that one attempt may add. Default 10,000, at least 1.
    pub max_added_jobs: NonZeroU64,
    /// The limits of its key-value data. None, the default: no access to key-value data.
    pub keyvalue: Option<KeyValue>,
    /// The pools of PostgreSQL connections that it may borrow from, by name. Default: none.
    pub postgres: BTreeMap<String, Postgres>,
    /// Configuration values that it may read. Numbers and booleans are converted to text.
    pub config: BTreeMap<String, String>,
    /// Secrets that it may read, with their values already loaded. Their names are not in [`config`](Self::config).
    pub secrets: BTreeMap<String, Secret>,
    /// Secrets that it may send but never read. Their names are neither in [`config`](Self::config) nor in
    /// [`secrets`](Self::secrets).
    pub send_secrets: BTreeMap<String, SendSecret>,
    /// Its environment variables, with their values already loaded. All of them are treated as secrets.
    pub env: BTreeMap<String, Secret>,
    /// The memory limit of one attempt, in bytes of linear memory. Default 64 MiB, from 1 MiB to 4 GiB.
    pub memory: u64,
    /// The fuel limit of one attempt: about one unit per instruction. Default: no limit except the timeout.
    pub fuel: Option<NonZeroU64>,
    /// The largest result of one attempt, in bytes of JSON. Default 1 MiB, from 1 B to 512 MiB, which is Redis's own
    /// limit.
    pub max_result: u64,
    /// What attempts share. Default: nothing.
    pub isolation: Isolation,
}

/// Whether an instance of a plugin runs one job or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Each attempt gets a new instance.
    #[default]
    Fresh,
    /// An instance runs several attempts, one after the other. Each attempt sees the state that earlier ones left.
    Reuse {
        /// The number of attempts after which the instance is discarded. Default 1,000.
        jobs: NonZeroU32,
    },
}

/// The default of [`Isolation::Reuse`].
pub const REUSE_JOBS: NonZeroU32 = NonZeroU32::new(1_000).unwrap();

/// A secret that a plugin may send to one origin in one header. The plugin only sees a placeholder, which the host
/// replaces with the secret.
#[derive(Clone, Debug, PartialEq)]
pub struct SendSecret {
    /// The secret, already loaded. It contains only characters that are valid in a header.
    pub secret: Secret,
    /// The origin, which is also in [`Plugin::http`].
    pub origin: Origin,
    /// The header. Default: `authorization`.
    pub header: HeaderName,
}

/// The default of [`Plugin::http_rate`].
const HTTP_RATE: RateLimit = RateLimit { max: NonZeroU64::new(10_000).unwrap(), per: Duration::from_secs(1) };
/// The default of [`Plugin::tcp_connections`].
const TCP_CONNECTIONS: NonZeroU32 = NonZeroU32::new(64).unwrap();
/// The default of [`Plugin::max_added_jobs`].
const ADDED_JOBS: NonZeroU64 = NonZeroU64::new(10_000).unwrap();

/// The settings of a plugin without an entry.
impl Default for Plugin {
    fn default() -> Self {
        Self {
            http: Vec::new(),
            http_rate: HTTP_RATE,
            tcp: Vec::new(),
            tls: Vec::new(),
            tcp_connections: TCP_CONNECTIONS,
            private_addresses: Vec::new(),
            ca: None,
            add_to: Vec::new(),
            max_added_jobs: ADDED_JOBS,
            keyvalue: None,
            postgres: BTreeMap::new(),
            config: BTreeMap::new(),
            secrets: BTreeMap::new(),
            send_secrets: BTreeMap::new(),
            env: BTreeMap::new(),
            memory: 64 << 20,
            fuel: None,
            max_result: 1 << 20,
            isolation: Isolation::Fresh,
        }
    }
}
