//! `[host]`: the settings of the host process.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::secret::Secret;

/// Settings of one host process.
#[derive(Clone, Debug, PartialEq)]
pub struct HostSettings {
    /// The address of health checks, metrics, dashboard and admin API. Default `127.0.0.1:9090`. None: no listener
    /// (`listen = "off"`). Port 0 lets the system choose a free port.
    pub listen: Option<SocketAddr>,
    /// The folder with the plugins' components. The host watches it. Default `plugins`, next to the configuration
    /// file. Relative paths are already resolved against that file's folder.
    pub plugins: PathBuf,
    /// The folder for compiled plugins. It may be deleted at any time. Default `.toril/cache`, resolved like
    /// [`plugins`](Self::plugins).
    pub cache: PathBuf,
    /// How long running attempts may continue after the first shutdown signal. Default 10 s; 0 interrupts them at
    /// once.
    pub shutdown_timeout: Duration,
    /// The name of this host's workers: BullMQ's worker option `name`. None: no name. `TORIL_NAME` takes precedence.
    pub name: Option<String>,
    /// The number of threads that run guests. Default: the number of processors.
    pub pen_threads: NonZeroUsize,
    /// How many attempts may run at once in the whole host, over all queues. Also the size of the instance pool,
    /// whose address space is reserved at start. Default 1000.
    pub max_pens: NonZeroU32,
    /// The largest component that the host loads, in bytes. Default 64 MiB, from 1 KiB to 1 GiB.
    pub max_component: u64,
    /// The time limit for compiling one component. Default 5 minutes.
    pub compile_timeout: Duration,
    /// The memory limit for compiling one component, in bytes. Default 2 GiB, from 256 MiB to 1 TiB.
    pub compile_memory: u64,
    /// What users of the HTTP server may do with queues and jobs. Default: everything.
    pub admin: AdminAccess,
    /// The token that they must present: `TORIL_ADMIN_TOKEN`, at least [`SHORTEST_TOKEN`] characters. None: no token
    /// needed.
    pub admin_token: Option<Secret>,
    /// Additional names of the HTTP server that `Host` may contain, beside the loopback names. In lower case, without
    /// a port.
    pub allowed_hosts: Vec<String>,
    /// Words to redact: if a field's name contains one of them, its value is hidden. Has a default list.
    pub redact: Vec<String>,
    /// How many attempts of each queue Redis keeps, to show them with their jobs. Default 20,000; 0 keeps none.
    pub keep_attempts: u32,
    /// The log filter, in the syntax of `tracing-subscriber`. None: the default filter. `TORIL_LOG` takes precedence.
    pub log: Option<String>,
}

/// The minimum length of a token that protects against unauthorised access, in characters.
pub const SHORTEST_TOKEN: usize = 16;

/// The default of [`HostSettings::redact`].
const REDACTED: &[&str] =
    &["password", "passwd", "secret", "token", "authorization", "api_key", "private_key", "credential", "cookie"];

/// What users of the HTTP server may do with queues and jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminAccess {
    /// Read and change them.
    Full,
    /// Only read them.
    ReadOnly,
    /// Nothing. The server answers health checks and other routes, but no dashboard and no admin API.
    Off,
}

impl HostSettings {
    /// The defaults for a configuration file in `folder`.
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self {
            listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 9090))),
            plugins: folder.join("plugins"),
            cache: folder.join(".toril/cache"),
            shutdown_timeout: Duration::from_secs(10),
            name: None,
            // If the system does not report the number of processors, use one thread.
            pen_threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            max_pens: DEFAULT_MAX_PENS,
            max_component: 64 << 20,
            compile_timeout: Duration::from_secs(5 * 60),
            compile_memory: 2 << 30,
            admin: AdminAccess::Full,
            admin_token: None,
            allowed_hosts: Vec::new(),
            redact: REDACTED.iter().map(|word| (*word).to_owned()).collect(),
            keep_attempts: 20_000,
            log: None,
        }
    }

    /// Whether anyone who reaches `listen` could change queues: the address is not loopback, no token is set, and
    /// `admin` is `full`. A host must refuse to start like that.
    pub fn is_unguarded(&self) -> bool {
        let reachable = self.listen.is_some_and(|address| !address.ip().to_canonical().is_loopback());
        reachable && self.admin == AdminAccess::Full && self.admin_token.is_none()
    }
}

const DEFAULT_MAX_PENS: NonZeroU32 = match NonZeroU32::new(1000) {
    Some(number) => number,
    None => NonZeroU32::MIN,
};

/// The meaning of an empty `[host]` for a file in the current folder.
impl Default for HostSettings {
    fn default() -> Self {
        Self::in_folder(Path::new(""))
    }
}
