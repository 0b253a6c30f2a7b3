//! The one place where connections to Redis are made.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bullmq::options::{RedisConnectionOptions, TlsCerts};
use bullmq::redis_connection::RedisConnection;
use bullmq::{Queue, QueueOptions};
use redis::TlsCertificates;
use tokio::sync::OnceCell;

use crate::config::{self, MissingUrl};

/// The longest wait between two tries to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long one try may take, and how long a ping.
const ONE_TRY: Duration = Duration::from_secs(3);

/// Why Redis cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody said where it is.
    #[error(transparent)]
    NoUrl(#[from] MissingUrl),
    /// The CA file.
    #[error("the CA file {path} (`ca` under [redis]) cannot be read: {source}")]
    Ca {
        /// The file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// It did not get ready in time.
    #[error("Redis at {url} is not ready after {}: {reason}. Start it, or correct REDIS_URL or `url` under [redis].", humantime::format_duration(*.waited))]
    NotReady {
        /// Where it was looked for, without user and password.
        url: String,
        /// How long.
        waited: Duration,
        /// What the last try said.
        reason: String,
    },
    /// It does not want this client.
    #[error(
        "Redis at {url} refuses this client: {reason}. Correct user and password in REDIS_URL or `url` under [redis]."
    )]
    Refused {
        /// Where it is, without user and password.
        url: String,
        /// What it said.
        reason: String,
    },
    /// A command failed.
    #[error("Redis: {0}")]
    Command(#[from] redis::RedisError),
    /// BullMQ's client failed.
    #[error("BullMQ: {0}")]
    Bull(#[from] bullmq::Error),
    /// No answer to a ping.
    #[error("Redis did not answer a ping within {}", humantime::format_duration(ONE_TRY))]
    Silent,
}

/// Makes connections with the settings of `[redis]`. Connects when a connection is first asked for.
pub struct Redis {
    settings: config::Redis,
    options: RedisConnectionOptions,
    /// Host and port for errors.
    shown: String,
    shared: OnceCell<RedisConnection>,
}

impl Redis {
    /// Takes the settings; connects to nothing yet.
    pub fn new(settings: &config::Redis) -> Result<Self, ConnectError> {
        // Both TLS users of this process bring rustls without a provider. A second call finds the first one's.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let missing = settings.require_url()?;
        let url = settings.effective_url().unwrap_or_else(|| missing.clone());
        let mut options = RedisConnectionOptions::new().url(url.expose());
        if let Some(path) = &settings.ca {
            let root =
                std::fs::read(path).map_err(|source| ConnectError::Ca { path: path.display().to_string(), source })?;
            options = options.tls_certs(TlsCerts { root_cert: Some(root), ..TlsCerts::default() });
        }
        Ok(Self { settings: settings.clone(), options, shown: url.to_string(), shared: OnceCell::new() })
    }

    /// Options for BullMQ's own clients.
    pub fn options(&self) -> RedisConnectionOptions {
        self.options.clone()
    }

    /// BullMQ's key prefix.
    pub fn prefix(&self) -> &str {
        &self.settings.prefix
    }

    /// A key that is not BullMQ's, under the namespace.
    pub fn namespaced(&self, key: &str) -> String {
        format!("{}:{key}", self.settings.namespace)
    }

    /// The connection that everything shares that does not block. Made on the first call, which waits until Redis is
    /// ready, for `connect_timeout` at most. From then on it reconnects by itself.
    pub async fn connection(&self) -> Result<&RedisConnection, ConnectError> {
        self.shared
            .get_or_try_init(|| async {
                self.wait_ready().await?;
                Ok(RedisConnection::new_managed_only(&self.options).await?)
            })
            .await
    }

    /// A queue, for adding to it and looking at it, on the shared connection.
    pub async fn queue(&self, name: &str) -> Result<Queue, ConnectError> {
        let options = QueueOptions::new().connection(self.options()).prefix(self.prefix());
        Ok(Queue::with_connection(name, self.connection().await?.clone(), options).await?)
    }

    /// What Redis calls the shared connection: another number is another connection.
    pub async fn connection_id(&self) -> Result<u64, ConnectError> {
        let mut ask = redis::cmd("CLIENT");
        match tokio::time::timeout(ONE_TRY, self.connection().await?.cmd(ask.arg("ID"))).await {
            Ok(id) => Ok(id?),
            Err(_) => Err(ConnectError::Silent),
        }
    }

    /// Asks Redis for a sign of life, and says how long that took.
    pub async fn ping(&self) -> Result<Duration, ConnectError> {
        let started = Instant::now();
        let connection = self.connection().await?;
        match tokio::time::timeout(ONE_TRY, connection.ping()).await {
            Ok(answer) => Ok(answer.map(|()| started.elapsed())?),
            Err(_) => Err(ConnectError::Silent),
        }
    }

    /// Waits until a server is there *and* answers `PONG`: one that still loads its data accepts connections before.
    async fn wait_ready(&self) -> Result<(), ConnectError> {
        let client = self.client()?;
        let started = Instant::now();
        let mut pause = Duration::from_millis(50);
        loop {
            let reason = match tokio::time::timeout(ONE_TRY, ping_once(&client)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) if is_refusal(&error) => {
                    return Err(ConnectError::Refused { url: self.shown.clone(), reason: error.to_string() });
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer".to_owned(),
            };
            let waited = Duration::from_millis(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
            let left = self.settings.connect_timeout.saturating_sub(waited);
            if left.is_zero() {
                return Err(ConnectError::NotReady { url: self.shown.clone(), waited, reason });
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// A client for connections of their own, such as one that listens.
    pub(super) fn client(&self) -> Result<redis::Client, ConnectError> {
        let url = self.options.effective_url();
        let Some(certs) = &self.options.tls_certs else { return Ok(redis::Client::open(url)?) };
        let certificates = TlsCertificates { client_tls: None, root_cert: certs.root_cert.clone() };
        Ok(redis::Client::build_with_tls(url, certificates)?)
    }
}

/// Whether the server is there and does not want this client: waiting changes nothing.
fn is_refusal(error: &redis::RedisError) -> bool {
    error.kind() == redis::ErrorKind::AuthenticationFailed
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"))
}

async fn ping_once(client: &redis::Client) -> redis::RedisResult<()> {
    let mut connection = client.get_multiplexed_async_connection().await?;
    redis::cmd("PING").query_async(&mut connection).await
}

/// Redis as the rest of the host holds it.
pub type SharedRedis = Arc<Redis>;
