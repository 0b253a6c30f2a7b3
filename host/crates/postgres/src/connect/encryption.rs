//! TLS as `sslmode` asks for it.

use std::path::Path;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use toril_trust::Check;

use super::{ConnectError, certificate};
use crate::error::PoolError;
use crate::settings::Settings;
use crate::target::SslMode;
use crate::wire::Socket;

/// Whether connections have TLS, and whom they trust.
pub(crate) struct Encryption {
    mode: SslMode,
    connector: Option<TlsConnector>,
}

/// An open connection.
pub(crate) struct Opened {
    pub socket: Box<dyn Socket>,
    pub encrypted: bool,
    /// The hash of the server's certificate that the authentication can be bound to.
    pub binding: Option<Vec<u8>>,
}

impl Encryption {
    pub(crate) fn new(settings: &Settings) -> Result<Self, PoolError> {
        let mode = settings.target.ssl_mode;
        let ca = settings.ca.as_deref().or(settings.target.root_certificates.as_deref());
        let check = match mode {
            SslMode::Disable => return Ok(Self { mode, connector: None }),
            SslMode::Prefer => Check::Nothing,
            SslMode::Require if ca.is_none() => Check::Nothing,
            SslMode::VerifyCa if ca.is_none() => return Err(PoolError::NoAuthorities),
            SslMode::Require | SslMode::VerifyCa => Check::Authority,
            SslMode::VerifyFull => Check::Everything,
        };
        // A file that is not read must not be an error.
        let ca = ca.filter(|_| check != Check::Nothing);
        let connector = toril_trust::connector_with(ca, check).map_err(|reason| error(ca, reason))?;
        Ok(Self { mode, connector: Some(connector) })
    }

    /// Turns a TCP connection into one with or without TLS.
    pub(super) async fn open(&self, mut stream: TcpStream, host: &str) -> Result<Opened, ConnectError> {
        let Some(connector) = &self.connector else { return Ok(plain(stream)) };
        if request(&mut stream).await? {
            return handshake(connector, stream, host).await;
        }
        match self.mode {
            SslMode::Prefer => Ok(plain(stream)),
            _ => Err(ConnectError::NoTls),
        }
    }

    /// Turns a TCP connection into one with TLS.
    pub(crate) async fn require(&self, mut stream: TcpStream, host: &str) -> Result<Opened, ConnectError> {
        match &self.connector {
            Some(connector) if request(&mut stream).await? => handshake(connector, stream, host).await,
            _ => Err(ConnectError::NoTls),
        }
    }
}

fn error(ca: Option<&Path>, reason: String) -> PoolError {
    match ca {
        Some(path) => PoolError::Authorities { path: path.to_owned(), reason },
        None => PoolError::Tls(reason),
    }
}

fn plain(stream: TcpStream) -> Opened {
    Opened { socket: Box::new(stream), encrypted: false, binding: None }
}

/// Asks for TLS. Exactly one byte of the answer is read: whatever follows it must be a part of the handshake, and not a message
/// that somebody has slipped in without encryption.
async fn request(stream: &mut TcpStream) -> Result<bool, ConnectError> {
    let mut out = BytesMut::new();
    frontend::ssl_request(&mut out);
    stream.write_all(&out).await?;
    match stream.read_u8().await? {
        b'S' => Ok(true),
        b'N' => Ok(false),
        _ => Err(ConnectError::Tls("the server does not know the request for TLS".to_owned())),
    }
}

async fn handshake(connector: &TlsConnector, stream: TcpStream, host: &str) -> Result<Opened, ConnectError> {
    let name = ServerName::try_from(host.to_owned());
    let name = name.map_err(|_| ConnectError::Tls("the host's name is not a DNS name".to_owned()))?;
    let stream = connector.connect(name, stream).await.map_err(|error| ConnectError::Tls(error.to_string()))?;
    let certificates = stream.get_ref().1.peer_certificates();
    let binding = certificates.and_then(|chain| chain.first()).and_then(|leaf| certificate::hash(leaf));
    Ok(Opened { socket: Box::new(stream), encrypted: true, binding })
}
