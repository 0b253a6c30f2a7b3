//! Connections to single servers, with or without TLS, as in the settings of `[redis]`.

use std::fmt;
use std::io;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, RedisError};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

/// The timeout for connecting to a server, and for its answers.
pub const TIMEOUT: Duration = Duration::from_secs(2);
/// The longest answer to `AUTH` or `SELECT` that is read.
const MAX_ANSWER: usize = 1024;

/// The address of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// A host name or an IP address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            return write!(f, "[{}]:{}", self.host, self.port);
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A byte stream to a server.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Makes connections. It has the user, password, database and TLS settings.
#[derive(Clone)]
pub struct Dialler {
    login: RedisConnectionInfo,
    tls: Option<TlsConnector>,
}

/// A connection for the host's own queries. It closes on drop.
pub struct QueryConnection {
    /// The connection.
    pub connection: MultiplexedConnection,
    _driver: AbortOnDropHandle<()>,
}

impl Dialler {
    /// Logs in with `login`. `tls`: whether and how connections are encrypted.
    pub fn new(login: RedisConnectionInfo, tls: Option<TlsConnector>) -> Self {
        Self { login, tls }
    }

    /// A byte stream that has logged in.
    pub async fn stream(&self, address: &Address) -> Result<Box<dyn Stream>, RedisError> {
        bounded(async {
            let mut stream = self.open(address).await?;
            let (user, password, db) = (self.login.username(), self.login.password(), self.login.db());
            if let Some(password) = password {
                let mut auth = redis::cmd("AUTH");
                if let Some(user) = user {
                    auth.arg(user);
                }
                send_simple(&mut stream, auth.arg(password)).await?;
            }
            if db != 0 {
                send_simple(&mut stream, redis::cmd("SELECT").arg(db)).await?;
            }
            Ok(stream)
        })
        .await
    }

    /// A connection for queries that has logged in.
    pub async fn query_connection(&self, address: &Address) -> Result<QueryConnection, RedisError> {
        bounded(async {
            let stream = self.open(address).await?;
            let config = AsyncConnectionConfig::new().set_response_timeout(Some(TIMEOUT));
            let (connection, driver) = MultiplexedConnection::new_with_config(&self.login, stream, config).await?;
            Ok(QueryConnection { connection, _driver: AbortOnDropHandle::new(tokio::spawn(driver)) })
        })
        .await
    }

    async fn open(&self, address: &Address) -> io::Result<Box<dyn Stream>> {
        let stream = TcpStream::connect((address.host.as_str(), address.port)).await?;
        stream.set_nodelay(true)?;
        let Some(tls) = &self.tls else { return Ok(Box::new(stream)) };
        let name = ServerName::try_from(address.host.clone()).map_err(io::Error::other)?;
        Ok(Box::new(tls.connect(name, stream).await?))
    }
}

/// Whether the server refuses this client, so that waiting does not help.
pub fn is_refusal(error: &RedisError) -> bool {
    error.kind() == redis::ErrorKind::AuthenticationFailed
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"))
}

async fn bounded<T>(work: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisError> {
    match tokio::time::timeout(TIMEOUT, work).await {
        Ok(done) => done,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time").into()),
    }
}

/// Sends a command whose answer is one line, and reads that line.
async fn send_simple(stream: &mut Box<dyn Stream>, command: &redis::Cmd) -> Result<(), RedisError> {
    stream.write_all(&command.get_packed_command()).await?;
    stream.flush().await?;
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") && line.len() < MAX_ANSWER {
        // It reads single bytes, because the bytes after the line belong to the client.
        line.push(stream.read_u8().await?);
    }
    redis::parse_redis_value(&line)?.extract_error().map(drop)
}
