//! From a target to a session: the hosts in turn, TLS, authentication, and whether the server is the right one.

mod authentication;
mod certificate;
mod encryption;
mod startup;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;

use crate::cancel::Canceller;
use crate::error::{DatabaseError, PoolError};
use crate::session::{Rules, Session};
use crate::settings::Settings;
use crate::target::{Host, SessionAttributes, Target};
use crate::wire::{Bounds, Frames, Limits, WireError};
pub(crate) use encryption::Encryption;

#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz {
    /// The certificate of a server.
    pub(crate) fn certificate(bytes: &[u8]) {
        let _ = super::certificate::hash(bytes);
    }
}

/// The longest messages while a session starts, in bytes.
const STARTING: Limits = Limits { row: 64 * 1024, other: 64 * 1024 };
/// A row may be longer than `max_bytes` by this, in bytes. Its session then survives.
const SLACK: usize = 64 * 1024;
/// The longest message that is not a row, in bytes. Notices and errors can be long.
const MESSAGE: usize = 1024 * 1024;

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("{0}")]
    Wire(#[from] WireError),
    #[error("{}", .0.message)]
    Refused(Box<DatabaseError>),
    #[error("TLS failed: {0}")]
    Tls(String),
    #[error("the server does not support TLS")]
    NoTls,
    #[error("it has not answered within {0:?} (connect_timeout)")]
    Timeout(Duration),
    #[error("{0}")]
    Authentication(&'static str),
    #[error("the server accepts no writes, and target_session_attrs asks for one that does")]
    NotPrimary,
    #[error("the host's name has no address")]
    NoAddress,
    #[error("the session could not be started: {0}")]
    Start(String),
}

impl From<std::io::Error> for ConnectError {
    fn from(error: std::io::Error) -> Self {
        Self::Wire(error.into())
    }
}

impl ConnectError {
    /// A sentence for callers, without what the server says: that names addresses and roles, which are in the host's log.
    pub(crate) fn for_callers(&self) -> String {
        match self {
            Self::Refused(error) => format!("the server refused the connection (SQLSTATE {})", error.code),
            Self::Tls(_) => "TLS failed".to_owned(),
            Self::Start(_) => "the session could not be started".to_owned(),
            other => other.to_string(),
        }
    }
}

/// Opens sessions for one pool.
pub(crate) struct Connector {
    settings: Arc<Settings>,
    encryption: Arc<Encryption>,
    rules: Rules,
    /// The host that had the primary last.
    preferred: AtomicUsize,
    /// The last attempt has failed, and was logged.
    failing: AtomicBool,
}

impl Connector {
    pub(crate) fn new(settings: Arc<Settings>) -> Result<Self, PoolError> {
        let encryption = Arc::new(Encryption::new(&settings)?);
        let rules = Rules {
            bounds: Bounds { rows: settings.max_rows, bytes: settings.max_bytes },
            read_only: settings.read_only,
            needs_primary: settings.target.attributes == SessionAttributes::ReadWrite && !settings.read_only,
        };
        let (preferred, failing) = (AtomicUsize::new(0), AtomicBool::new(false));
        Ok(Self { settings, encryption, rules, preferred, failing })
    }

    fn target(&self) -> &Target {
        &self.settings.target
    }

    /// Opens a session on the first host that accepts one. The log gets one line when this begins to fail, and one when it works
    /// again.
    pub(crate) async fn connect(&self) -> Result<Session, ConnectError> {
        let connected = self.connect_to_any().await;
        let pool = &self.settings.name;
        match &connected {
            Ok(_) if self.failing.swap(false, Ordering::Relaxed) => {
                tracing::info!(pool, "PostgreSQL can be reached again");
            }
            Err(error) if !self.failing.swap(true, Ordering::Relaxed) => {
                tracing::warn!(pool, %error, "PostgreSQL cannot be reached");
            }
            _ => {}
        }
        connected
    }

    async fn connect_to_any(&self) -> Result<Session, ConnectError> {
        let hosts = self.target().hosts.as_slice();
        // Any server is fine: the order counts. Else the last primary is probably the primary.
        let remembers = self.target().attributes == SessionAttributes::ReadWrite;
        let first = if remembers { self.preferred.load(Ordering::Relaxed) % hosts.len() } else { 0 };
        let mut failed = ConnectError::NoAddress;
        for index in (first..hosts.len()).chain(0..first) {
            match self.connect_to_host(&hosts[index]).await {
                Ok(session) => {
                    self.preferred.store(index, Ordering::Relaxed);
                    return Ok(session);
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// Tries the addresses of a host. Each has the time of `connect_timeout`.
    async fn connect_to_host(&self, host: &Host) -> Result<Session, ConnectError> {
        let limit = self.target().connect_timeout.unwrap_or(self.settings.connect_timeout);
        let lookup = tokio::net::lookup_host((host.name.as_str(), host.port));
        let addresses = tokio::time::timeout(limit, lookup).await.map_err(|_| ConnectError::Timeout(limit))??;
        let mut failed = ConnectError::NoAddress;
        for address in addresses {
            let attempt = tokio::time::timeout(limit, self.connect_to_address(&host.name, address)).await;
            match attempt.unwrap_or(Err(ConnectError::Timeout(limit))) {
                Ok(session) => return Ok(session),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    async fn connect_to_address(&self, host: &str, address: SocketAddr) -> Result<Session, ConnectError> {
        let mut session = self.open(host, address).await?;
        if self.rules.needs_primary && !startup::accepts_writes(&mut session).await? {
            return Err(ConnectError::NotPrimary);
        }
        Ok(session)
    }

    /// Ends the process on the server that serves a session. It needs a session of its own on the same server.
    pub(crate) async fn terminate(&self, lost: &Canceller) -> Result<(), ConnectError> {
        let mut session = self.open(&lost.host, lost.address).await?;
        let ended = session.terminate(lost.process_id).await;
        session.close().await;
        ended.map_err(|error| ConnectError::Start(error.to_string()))
    }

    async fn open(&self, host: &str, address: SocketAddr) -> Result<Session, ConnectError> {
        let stream = TcpStream::connect(address).await?;
        // Requests are small, and each is one write.
        stream.set_nodelay(true)?;
        let opened = self.encryption.open(stream, host).await?;
        let encrypted = opened.encrypted;
        let mut frames = Frames::new(opened.socket, STARTING);
        startup::send(&mut frames, &self.settings).await?;
        authentication::authenticate(&mut frames, self.target(), encrypted, opened.binding).await?;
        let started = startup::finish(&mut frames).await?;
        frames.set_limits(Limits { row: self.longest_row(), other: MESSAGE });
        let canceller = Canceller {
            address,
            encryption: self.encryption.clone(),
            host: host.to_owned(),
            encrypted,
            process_id: started.process_id,
            secret_key: started.secret_key,
        };
        Ok(Session::new(frames, canceller, self.rules, started.settings, started.status))
    }

    fn longest_row(&self) -> usize {
        usize::try_from(self.settings.max_bytes).unwrap_or(usize::MAX).saturating_add(SLACK)
    }
}
