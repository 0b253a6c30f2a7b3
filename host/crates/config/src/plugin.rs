//! `[plugins.NAME]`: what a plugin is granted and bounded by.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use http::HeaderName;
use ipnet::IpNet;
use toril_job::settings::{KeyValue, RateLimit};

use super::origin::Origin;
use super::secret::Secret;

/// The grants and bounds of one plugin. What is not granted here is denied.
#[derive(Clone, Debug, PartialEq)]
pub struct Plugin {
    /// The origins that it may send HTTP requests to. Default: none.
    pub http: Vec<Origin>,
    /// Ranges that are not public, and that the names in `http` may lead to all the same. Addresses that stand in
    /// [`http`](Self::http) themselves, and loopback for `localhost`, need no entry here. Default: none.
    pub private_addresses: Vec<IpNet>,
    /// The most requests that one host sends for it, over all attempts. Default: 10,000 a second.
    pub http_rate: RateLimit,
    /// A file with further certificates, in PEM, that HTTPS servers may be vouched for by.
    pub ca: Option<PathBuf>,
    /// The queues that it may add jobs to. Default: none.
    pub add_to: Vec<String>,
    /// The most jobs that one attempt may add. Default 10,000, at least 1.
    pub max_added_jobs: NonZeroU64,
    /// Its own key-value data. Default: none.
    pub keyvalue: Option<KeyValue>,
    /// Values that it may read. Numbers and booleans of the file have become their text.
    pub config: BTreeMap<String, String>,
    /// Secret values that it may read, already fetched. No key is in [`config`](Self::config) too.
    pub secrets: BTreeMap<String, Secret>,
    /// Secret values that it may send and never reads. No key is in [`config`](Self::config) or
    /// [`secrets`](Self::secrets) too.
    pub send_secrets: BTreeMap<String, SendSecret>,
    /// The most linear memory of one attempt, in bytes. Default 64 MiB, from 1 MiB to 4 GiB.
    pub memory: u64,
    /// The most fuel of one attempt: about one unit an instruction. Default: no bound beside the timeout.
    pub fuel: Option<NonZeroU64>,
    /// The largest result of one attempt, in bytes of JSON. Default 1 MiB, from 1 B to 512 MiB, which is the most
    /// that Redis takes.
    pub max_result: u64,
    /// What attempts share. Default: nothing.
    pub isolation: Isolation,
}

/// Whether an instance of a plugin runs one job or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Each attempt has an instance of its own.
    #[default]
    Fresh,
    /// An instance runs one attempt after the other, and each of them sees what those before it have left.
    Reuse {
        /// After how many attempts it is given up. Default 1,000.
        jobs: NonZeroU32,
    },
}

/// The default of [`Isolation::Reuse`].
pub const REUSE_JOBS: NonZeroU32 = NonZeroU32::new(1_000).unwrap();

/// A secret that a plugin may send to one origin in one header. It reads a placeholder, and the host puts the secret in the
/// placeholder's place.
#[derive(Clone, Debug, PartialEq)]
pub struct SendSecret {
    /// The secret, already fetched. It has no character that a header cannot have.
    pub secret: Secret,
    /// The origin, which is in [`Plugin::http`] as well.
    pub origin: Origin,
    /// The header. Default: `authorization`.
    pub header: HeaderName,
}

/// The default of [`Plugin::http_rate`].
const HTTP_RATE: RateLimit = RateLimit { max: NonZeroU64::new(10_000).unwrap(), per: Duration::from_secs(1) };
/// The default of [`Plugin::max_added_jobs`].
const ADDED_JOBS: NonZeroU64 = NonZeroU64::new(10_000).unwrap();

/// What a plugin without an entry has.
impl Default for Plugin {
    fn default() -> Self {
        Self {
            http: Vec::new(),
            http_rate: HTTP_RATE,
            private_addresses: Vec::new(),
            ca: None,
            add_to: Vec::new(),
            max_added_jobs: ADDED_JOBS,
            keyvalue: None,
            config: BTreeMap::new(),
            secrets: BTreeMap::new(),
            send_secrets: BTreeMap::new(),
            memory: 64 << 20,
            fuel: None,
            max_result: 1 << 20,
            isolation: Isolation::Fresh,
        }
    }
}
