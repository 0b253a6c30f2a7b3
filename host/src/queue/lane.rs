//! One way to Redis: how clients connect on it, and the connection that everything shares on it that does not block.

use std::time::{Duration, Instant};

use bullmq::options::RedisConnectionOptions;
use bullmq::redis_connection::RedisConnection;
use redis::TlsCertificates;
use tokio::sync::OnceCell;

use super::connection::ConnectError;
use super::relay::is_refusal;

/// The longest wait between two tries to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long one try may take, and how long a ping.
pub const ONE_TRY: Duration = Duration::from_secs(3);

/// One way to Redis.
pub struct Lane {
    options: RedisConnectionOptions,
    shared: OnceCell<RedisConnection>,
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

    /// The shared connection. Made on the first call, after `ready`. From then on it reconnects by itself.
    pub async fn connection(
        &self,
        ready: impl Future<Output = Result<(), ConnectError>>,
    ) -> Result<&RedisConnection, ConnectError> {
        self.shared
            .get_or_try_init(|| async {
                ready.await?;
                Ok(RedisConnection::new_managed_only(&self.options).await?)
            })
            .await
    }

    /// The shared connection, if it was made.
    pub fn connected(&self) -> Option<&RedisConnection> {
        self.shared.get()
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
        let reason = match tokio::time::timeout(ONE_TRY, attempt()).await {
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
