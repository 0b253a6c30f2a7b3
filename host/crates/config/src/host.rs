//! `[host]`: the settings of the host process.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::secret::Secret;

/// Whether a running host can apply a change of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applies {
    /// A reload applies it.
    Live,
    /// It takes effect at the next start.
    Restart,
}

/// The table of all keys of `[host]`. Passes it to the macro `$then`: this module makes the types from it, and
/// `read::host` the reader. A new key is one entry here, and the place that uses it.
///
/// An entry has the documentation, the type, the default (`|folder|` is the folder of the configuration file), the
/// reader of the value (in scope in `read::host`), and when a change applies. Sorted by key.
macro_rules! host_keys {
    ($then:ident) => {
        $then! {
            /// What users of the HTTP server may do with queues and jobs. Default: everything.
            admin: AdminAccess = |_| AdminAccess::Full, |node, _| admin(node), Restart;
            /// Additional names of the HTTP server that `Host` may contain, beside the loopback names. In lower case,
            /// without a port.
            allowed_hosts: Vec<String> = |_| Vec::new(), |node, _| values::texts(node, host_name), Restart;
            /// The folder for compiled plugins. It may be deleted at any time. Default `.toril/cache`, resolved like
            /// [`plugins`](Self::plugins).
            cache: PathBuf = |folder| folder.join(".toril/cache"), values::path, Restart;
            /// The memory limit for compiling one component, in bytes. Default 2 GiB, from 256 MiB to 1 TiB.
            compile_memory: u64 = |_| 2 << 30, |node, _| values::size(node, 256 * MIB, 1024 * GIB), Restart;
            /// The time limit for compiling one component. Default 5 minutes.
            compile_timeout: Duration = |_| Duration::from_secs(5 * 60), |node, _| values::some_duration(node), Restart;
            /// How many attempts of each queue Redis keeps, to show them with their jobs. Default 20,000; 0 keeps none.
            keep_attempts: u32 = |_| 20_000, |node, _| kept_attempts(node), Restart;
            /// The address of health checks, metrics, dashboard and admin API. Default `127.0.0.1:9090`. None: no
            /// listener (`listen = "off"`). Port 0 lets the system choose a free port.
            listen: Option<SocketAddr> = |_| Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 9090))),
                |node, _| listen(node), Restart;
            /// The log filter, in the syntax of `tracing-subscriber`. None: the default filter. `TORIL_LOG` takes
            /// precedence.
            log: Option<String> = |_| None, |node, _| filter(node).map(Some), Live;
            /// The largest component that the host loads, in bytes. Default 64 MiB, from 1 KiB to 1 GiB.
            max_component: u64 = |_| 64 << 20, |node, _| values::size(node, KIB, GIB), Restart;
            /// How many attempts may run at once in the whole host, over all queues. Also the size of the instance
            /// pool, whose address space is reserved at start. Default 1000.
            max_pens: NonZeroU32 = |_| DEFAULT_MAX_PENS, |node, _| values::positive(node, u64::from(u32::MAX)), Restart;
            /// The name of this host's workers: BullMQ's worker option `name`. None: no name. `TORIL_NAME` takes
            /// precedence.
            name: Option<String> = |_| None, |node, _| worker_name(node).map(Some), Restart;
            /// The number of threads that run guests. Default: the number of processors, or one if the system does
            /// not report it.
            pen_threads: NonZeroUsize = |_| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
                |node, _| values::positive(node, MOST_THREADS), Restart;
            /// The folder with the plugins' components. The host watches it. Default `plugins`, next to the
            /// configuration file. Relative paths are already resolved against that file's folder.
            plugins: PathBuf = |folder| folder.join("plugins"), values::path, Restart;
            /// Words to redact: if a field's name contains one of them, its value is hidden. Has a default list.
            redact: Vec<String> = |_| REDACTED.iter().map(|word| (*word).to_owned()).collect(),
                |node, _| values::texts(node, word), Live;
            /// How long running attempts may continue after the first shutdown signal. Default 10 s; 0 interrupts
            /// them at once.
            shutdown_timeout: Duration = |_| Duration::from_secs(10), |node, _| values::duration(node), Live;
        }
    };
}
pub(super) use host_keys;

macro_rules! settings {
    ($($(#[$doc:meta])+ $key:ident: $type:ty = $default:expr, $read:expr, $applies:ident;)+) => {
        /// Settings of one host process.
        #[derive(Clone, Debug, PartialEq)]
        pub struct HostSettings {
            $($(#[$doc])+ pub $key: $type,)+
            /// The token that users of the HTTP server must present: `TORIL_ADMIN_TOKEN`, at least
            /// [`SHORTEST_TOKEN`] characters. None: no token needed. Not a key: the file never contains it.
            pub admin_token: Option<Secret>,
        }

        /// The keys that `[host]` may have.
        pub(super) const KEYS: &[&str] = &[$(stringify!($key)),+];

        impl HostSettings {
            /// The defaults for a configuration file in `folder`.
            pub(super) fn in_folder(folder: &Path) -> Self {
                Self { $($key: of_folder(folder, $default),)+ admin_token: None }
            }

            /// The keys whose values differ from `old`, and whether a reload can apply the change.
            pub(super) fn changed_keys(&self, old: &Self) -> Vec<(&'static str, Applies)> {
                let keys = [$((stringify!($key), Applies::$applies, self.$key != old.$key)),+];
                keys.into_iter().filter(|(_, _, changed)| *changed).map(|(key, applies, _)| (key, applies)).collect()
            }

            /// Replaces the values that take effect at the next start with those of the running host.
            pub fn keep_until_restart(&mut self, running: &Self) {
                $(if Applies::$applies == Applies::Restart {
                    self.$key.clone_from(&running.$key);
                })+
                self.admin_token.clone_from(&running.admin_token);
            }
        }
    };
}
host_keys!(settings);

/// Calls a default of the table. Gives its closure a type.
fn of_folder<T>(folder: &Path, default: impl FnOnce(&Path) -> T) -> T {
    default(folder)
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
