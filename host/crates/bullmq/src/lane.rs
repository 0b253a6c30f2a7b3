//! One way to Redis: how clients connect on it, and the connection that everything shares on it that does not block.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bullmq::options::RedisConnectionOptions;
use bullmq::redis_connection::RedisConnection;
use redis::TlsCertificates;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::connection::ConnectError;
use super::relay::is_refusal;
use super::server_version;

/// The longest wait between two tries to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long one try may take, and how long a ping.
pub const ONE_TRY: Duration = Duration::from_secs(3);
/// How much later than a new connection's an answer may come.
const A_MOMENT: Duration = Duration::from_millis(500);

/// One way to Redis.
pub struct Lane {
    options: RedisConnectionOptions,
    shared: OnceCell<ArcSwap<RedisConnection>>,
}

impl Lane {
    /// For clients with these options. Connects to nothing yet.
    pub fn new(options: RedisConnectionOptions) -> Self {
        Self { options, shared: OnceCell::new() }
    }

    /// A client for connections of their own, such as one that listens.
    pub fn client(&self) -> Result<redis::Client, ConnectError> {
        let url = self.options.effective_url();
        let Some(certs) = &self.options.tls_certs else { return Ok(redis::Client::open(url)?) };
        let certificates = TlsCertificates { client_tls: None, root_cert: certs.root_cert.clone() };
        Ok(redis::Client::build_with_tls(url, certificates)?)
    }

    /// The shared connection. Made on the first call, after `ready`, and only to a server that is new enough, which is at
    /// `url`. From then on it reconnects by itself.
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

    /// The shared connection, if it was made.
    pub fn connected(&self) -> Option<RedisConnection> {
        Some(self.shared.get()?.load().as_ref().clone())
    }

    /// Has another connection take the shared one's place if that has become silent: nothing is answered on it, and on a
    /// new one all is. Such a connection has been forgotten by something on the way, and would be waited on until the
    /// system gives it up, for a quarter of an hour. Whether it was so.
    pub async fn replace_if_silent(&self) -> bool {
        let Some(shared) = self.shared.get() else { return false };
        let before = shared.load_full();
        let mut answer = pin!(before.ping());
        // An error is an answer, too: such a connection is made again by itself.
        if timeout(ONE_TRY, &mut answer).await.is_ok() {
            return false;
        }
        let fresh = async {
            let fresh = RedisConnection::new_managed_only(&self.options).await?;
            fresh.ping().await.map(|()| fresh)
        };
        let Ok(Ok(fresh)) = timeout(ONE_TRY, fresh).await else { return false };
        // It was Redis that took its time.
        if timeout(A_MOMENT, answer).await.is_ok() {
            return false;
        }
        shared.store(Arc::new(fresh));
        true
    }
}

/// What a try to get an answer came to.
pub enum Tried {
    /// It answers `PONG`.
    Ready,
    /// Not now, for this reason.
    NotYet(String),
    /// The server is there and does not want this client: waiting changes nothing.
    Refused(String),
}

impl Tried {
    /// By what the client says.
    pub fn by(error: &redis::RedisError, shown: String) -> Self {
        if is_refusal(error) { Self::Refused(shown) } else { Self::NotYet(shown) }
    }
}

/// Waits until a server is there *and* answers `PONG`: one that still loads its data accepts connections before.
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
