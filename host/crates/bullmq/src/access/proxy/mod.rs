//! Redis behind sentinels or in a cluster: local sockets, each of which leads to the current owner of one slot.

mod relay;

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bullmq::options::RedisConnectionOptions;
use redis::IntoConnectionInfo;
use tempfile::TempDir;

use self::relay::Relay;
use crate::access::error::ConnectError;
use crate::access::health::readiness::Probe;
use crate::access::topology::cluster::Nodes;
use crate::access::topology::dial::{Address, Dialler, QueryConnection};
use crate::access::topology::directory::{Directory, ReachError, Source};
use crate::access::topology::sentinel::Sentinels;
use toril_job::settings::{self, RedisUrl, Topology};
use toril_private as private;
use toril_trust as trust;

const REDIS_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26_379;

/// The proxies to the servers behind sentinels or in a cluster.
pub struct Proxies {
    /// Set until the first proxy is requested, because the directory needs a Tokio runtime.
    source: Mutex<Option<Source>>,
    open: OnceLock<Open>,
}

struct Open {
    directory: Arc<Directory>,
    relays: Mutex<Vec<Relay>>,
    /// The folder of the relays' sockets. Only this user can enter it.
    folder: TempDir,
}

impl Proxies {
    /// Takes the settings without connecting. `None`: they name one server with a fixed address.
    pub fn new(settings: &settings::Redis, url: &RedisUrl) -> Result<Option<Self>, ConnectError> {
        let ca = settings.ca.as_deref();
        let source = match &settings.topology {
            Topology::One => return Ok(None),
            Topology::Sentinels(sentinels) => {
                let at = sentinels.iter().map(|url| Ok((address(url, SENTINEL_PORT), dialler(url, ca)?)));
                let at = at.collect::<Result<_, ConnectError>>()?;
                let master = address(url, REDIS_PORT).host;
                Source::Sentinels(Sentinels { at, master, dialler: dialler(url, ca)?, epoch: None })
            }
            Topology::Cluster(more) => {
                let seeds = std::iter::once(url).chain(more).map(|url| address(url, REDIS_PORT)).collect();
                Source::Cluster(Nodes { seeds, dialler: dialler(url, ca)? })
            }
        };
        Ok(Some(Self { source: Mutex::new(Some(source)), open: OnceLock::new() }))
    }

    /// Options for clients of this slot's owner. They stay valid when the owner changes, as long as this value lives.
    pub fn options(&self, slot: u16) -> Result<RedisConnectionOptions, ConnectError> {
        let open = self.open()?;
        let mut relays = open.relays.lock().unwrap_or_else(PoisonError::into_inner);
        let path = open.folder.path().join(format!("{slot}-{}", relays.len()));
        let relay = Relay::open(open.directory.clone(), slot, path).map_err(ConnectError::Socket)?;
        let options = RedisConnectionOptions::new().url(relay.url());
        relays.push(relay);
        Ok(options)
    }

    /// Makes one attempt to ping the owner of this slot.
    pub async fn ping_once(&self, slot: u16) -> Probe {
        let open = match self.open() {
            Ok(open) => open,
            Err(error) => return Probe::NotYet(error.to_string()),
        };
        let mut query = match open.directory.reach(slot).await {
            Ok(query) => query,
            Err(ReachError::Server { address, source }) => {
                return Probe::from_error(&source, format!("{address}: {source}"));
            }
            Err(ReachError::Find(error)) if error.refused => return Probe::Refused(error.to_string()),
            Err(error @ ReachError::Find(_)) => return Probe::NotYet(error.to_string()),
        };
        match redis::cmd("PING").query_async::<()>(&mut query.connection).await {
            Ok(()) => Probe::Ready,
            Err(error) => Probe::from_error(&error, error.to_string()),
        }
    }

    /// A connection to the owner of this slot, for one query.
    pub async fn reach(&self, slot: u16) -> Result<QueryConnection, ConnectError> {
        let reached = self.open()?.directory.reach(slot).await;
        reached.map_err(|error| ConnectError::from(std::io::Error::other(error)))
    }

    fn open(&self) -> Result<&Open, ConnectError> {
        if let Some(open) = self.open.get() {
            return Ok(open);
        }
        let folder = tempfile::Builder::new().prefix("toril-").tempdir().map_err(ConnectError::Socket)?;
        // This happens before a socket exists in it, because every client that connects to a socket is already
        // authenticated.
        private::make(folder.path()).map_err(ConnectError::Socket)?;
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let open = source.take().map(|source| Open {
            directory: Arc::new(Directory::open(source)),
            relays: Mutex::default(),
            folder,
        });
        match open {
            Some(open) => Ok(self.open.get_or_init(|| open)),
            // Another thread has taken it while this one waited for the lock.
            None => self.open.get().ok_or_else(|| ConnectError::Socket(std::io::ErrorKind::NotFound.into())),
        }
    }
}

fn address(url: &RedisUrl, port: u16) -> Address {
    let (host, given) = url.server();
    Address { host: host.to_owned(), port: given.unwrap_or(port) }
}

/// A dialler with the login of the URL.
fn dialler(url: &RedisUrl, ca: Option<&Path>) -> Result<Dialler, ConnectError> {
    let info = url.expose().into_connection_info()?;
    let tls = match url.is_tls() {
        true => Some(trust::connector(ca).map_err(|reason| ConnectError::Ca {
            path: ca.unwrap_or(Path::new("")).display().to_string(),
            source: std::io::Error::other(reason),
        })?),
        false => None,
    };
    Ok(Dialler::new(info.redis_settings().clone(), tls))
}
