//! A lane to Redis: the options that its clients connect with, and its shared connection for commands that do not
//! block.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bullmq::options::RedisConnectionOptions;
use bullmq::redis_connection::RedisConnection;
use redis::TlsCertificates;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::error::ConnectError;
use super::health::server_version;
use super::topology::dial::is_refusal;

/// The longest pause between two attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// The timeout of one attempt, and of a ping.
pub const ONE_TRY: Duration = Duration::from_secs(3);
/// How much later than the answer on a new connection the answer on the old one may come.
const A_MOMENT: Duration = Duration::from_millis(500);

/// One lane to Redis.
pub struct Lane {
    options: RedisConnectionOptions,
    shared: OnceCell<ArcSwap<RedisConnection>>,
}

impl Lane {
    /// Creates a lane for clients with these options. It does not connect yet.
    pub fn new(options: RedisConnectionOptions) -> Self {
        Self { options, shared: OnceCell::new() }
    }

    /// A client for separate connections, for example for a subscription.
    pub fn client(&self) -> Result<redis::Client, ConnectError> {
        let url = self.options.effective_url();
        let Some(certs) = &self.options.tls_certs else { return Ok(redis::Client::open(url)?) };
        let certificates = TlsCertificates { client_tls: None, root_cert: certs.root_cert.clone() };
        Ok(redis::Client::build_with_tls(url, certificates)?)
    }

    /// The shared connection. The first call makes it, after `ready`. It fails if the server at `url` is too old. From
    /// then on the connection reconnects by itself.
    pub async fn connection(
        &self,
        url: &str,
        ready: impl Future<Output = Result<(), ConnectError>>,
    ) -> Result<RedisConnection, ConnectError> {
        let shared = self.shared.get_or_try_init(|| async {
            ready.await?;
            let connection = RedisConnection::new_managed_only(&self.options).await?;
            server_version::check(&connection, url).await?;
            Ok::<_, ConnectError>(ArcSwap::from_pointee(connection))
        });
        Ok(shared.await?.load().as_ref().clone())
    }

    /// The shared connection, if it exists.
    pub fn connected(&self) -> Option<RedisConnection> {
        Some(self.shared.get()?.load().as_ref().clone())
    }

    /// Replaces the shared connection if it has become silent: it does not answer, but a new connection does. In that
    /// case a device in between, such as a firewall, has dropped the connection. Without this check it would take the
    /// operating system about a quarter of an hour to close it. Returns whether the connection was replaced.
    pub async fn replace_if_silent(&self) -> bool {
        let Some(shared) = self.shared.get() else { return false };
        let before = shared.load_full();
        let mut answer = pin!(before.ping());
        // An error is an answer too. The connection then reconnects by itself.
        if timeout(ONE_TRY, &mut answer).await.is_ok() {
            return false;
        }
        let fresh = async {
            let fresh = RedisConnection::new_managed_only(&self.options).await?;
            fresh.ping().await.map(|()| fresh)
        };
        let Ok(Ok(fresh)) = timeout(ONE_TRY, fresh).await else { return false };
        // Only Redis was slow.
        if timeout(A_MOMENT, answer).await.is_ok() {
            return false;
        }
        shared.store(Arc::new(fresh));
        true
    }
}

/// The result of one attempt to get an answer.
pub enum Tried {
    /// The server answers `PONG`.
    Ready,
    /// Not ready yet, for this reason.
    NotYet(String),
    /// The server refuses this client. Waiting does not help.
    Refused(String),
}

impl Tried {
    /// Classifies an error of the client.
    pub fn by(error: &redis::RedisError, shown: String) -> Self {
        if is_refusal(error) { Self::Refused(shown) } else { Self::NotYet(shown) }
    }
}

/// Waits until a server accepts connections *and* answers `PONG`. A server that still loads its data accepts
/// connections earlier.
pub async fn wait_ready<T: Future<Output = Tried>>(
    url: &str,
    patience: Duration,
    attempt: impl Fn() -> T,
) -> Result<(), ConnectError> {
    let started = Instant::now();
    let mut pause = Duration::from_millis(50);
    loop {
        let reason = match timeout(ONE_TRY, attempt()).await {
            Ok(Tried::Ready) => return Ok(()),
            Ok(Tried::Refused(reason)) => return Err(ConnectError::Refused { url: url.to_owned(), reason }),
            Ok(Tried::NotYet(reason)) => reason,
            Err(_) => "no answer".to_owned(),
        };
        let waited = Duration::from_millis(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
        let left = patience.saturating_sub(waited);
        if left.is_zero() {
            return Err(ConnectError::NotReady { url: url.to_owned(), waited, reason });
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
