//! The access to one server: the options that its clients connect with, and its shared connection for commands that do
//! not block.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bullmq::options::RedisConnectionOptions;
use bullmq::redis_connection::RedisConnection;
use redis::TlsCertificates;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::error::ConnectError;
use super::health::readiness::ATTEMPT_TIMEOUT;
use super::health::server_version;

/// How much later than the answer on a new connection the answer on the old one may come.
const LATE_ANSWER: Duration = Duration::from_millis(500);

/// The access to one server.
pub struct Endpoint {
    options: RedisConnectionOptions,
    shared: OnceCell<ArcSwap<RedisConnection>>,
}

impl Endpoint {
    /// Takes the options for clients. It does not connect yet.
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
        if timeout(ATTEMPT_TIMEOUT, &mut answer).await.is_ok() {
            return false;
        }
        let fresh = async {
            let fresh = RedisConnection::new_managed_only(&self.options).await?;
            fresh.ping().await.map(|()| fresh)
        };
        let Ok(Ok(fresh)) = timeout(ATTEMPT_TIMEOUT, fresh).await else { return false };
        // Only Redis was slow.
        if timeout(LATE_ANSWER, answer).await.is_ok() {
            return false;
        }
        shared.store(Arc::new(fresh));
        true
    }
}
