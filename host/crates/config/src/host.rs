//! `[host]`: the process itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::secret::Secret;

/// Settings of one host process.
#[derive(Clone, Debug, PartialEq)]
pub struct HostSettings {
    /// The address of health checks, metrics, dashboard and admin API. Default `127.0.0.1:9090`. None: there is no
    /// listener (`listen = "off"`). Port 0 lets the system choose.
    pub listen: Option<SocketAddr>,
    /// The folder that holds the plugins' components, and that is watched. Default `plugins`, beside the
    /// configuration file; relative paths have been resolved against that file's folder.
    pub plugins: PathBuf,
    /// The folder for compiled plugins. May be deleted at any time. Default `.toril/cache`, resolved as
    /// [`plugins`](Self::plugins) is.
    pub cache: PathBuf,
    /// How long running attempts may go on after the first signal. Default 10 s; 0 interrupts them at once.
    pub shutdown_timeout: Duration,
    /// What the workers of this host are called: BullMQ's worker option `name`. None: they have no name. `TORIL_NAME`
    /// takes precedence.
    pub name: Option<String>,
    /// How many threads run guests. Default: as many as the machine has processors.
    pub pen_threads: NonZeroUsize,
    /// How many attempts may run at once in the whole host, all queues together. Sizes the pool of instances, whose
    /// address space is reserved at the start. Default 1000.
    pub max_pens: NonZeroU32,
    /// The largest component that is taken, in bytes. Default 64 MiB, from 1 KiB to 1 GiB.
    pub max_component: u64,
    /// How long compiling one component may take. Default 5 minutes.
    pub compile_timeout: Duration,
    /// How much memory compiling one component may take, in bytes. Default 2 GiB, from 256 MiB to 1 TiB.
    pub compile_memory: u64,
    /// What the HTTP server lets people do with queues and jobs. Default: everything.
    pub admin: AdminAccess,
    /// What they must show to be let in: `TORIL_ADMIN_TOKEN`, at least [`SHORTEST_TOKEN`] characters. None: nothing.
    pub admin_token: Option<Secret>,
    /// Names by which the HTTP server may be called beside those of loopback, without a port, in lower case.
    pub allowed_hosts: Vec<String>,
    /// Words: the value of a field whose name contains one of them is not shown. Has a default list.
    pub redact: Vec<String>,
    /// How many attempts of each queue are kept in Redis, to be shown with their jobs. Default 20,000; 0 keeps none.
    pub keep_attempts: u32,
    /// What is logged: the filter syntax of `tracing-subscriber`. None: the default. `TORIL_LOG` takes precedence.
    pub log: Option<String>,
}

/// The fewest characters of a token that keeps strangers out.
pub const SHORTEST_TOKEN: usize = 16;

/// Which fields are not shown where nobody says it.
const REDACTED: &[&str] =
    &["password", "passwd", "secret", "token", "authorization", "api_key", "private_key", "credential", "cookie"];

/// What the HTTP server lets people do with queues and jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminAccess {
    /// Look at them and change them.
    Full,
    /// Look at them.
    ReadOnly,
    /// Nothing: there is health and nothing else.
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
            // A system that does not tell is taken for the smallest one.
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

    /// Whether everybody who reaches `listen` could change queues: it is no loopback address, nothing has to be shown,
    /// and nobody said that they may only look. A host must not start like that.
    pub fn is_unguarded(&self) -> bool {
        let reachable = self.listen.is_some_and(|address| !address.ip().to_canonical().is_loopback());
        reachable && self.admin == AdminAccess::Full && self.admin_token.is_none()
    }
}

const DEFAULT_MAX_PENS: NonZeroU32 = match NonZeroU32::new(1000) {
    Some(number) => number,
    None => NonZeroU32::MIN,
};

/// What an empty `[host]` means for a file in the current folder.
impl Default for HostSettings {
    fn default() -> Self {
        Self::in_folder(Path::new(""))
    }
}
