//! TLS in front of a server without TLS.

use std::sync::Arc;

use anyhow::Result;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::certificates::Certificates;
use crate::front::Front;

/// Accepts TLS connections and forwards their traffic. Dropping it closes them all.
pub struct TlsFront(Front);

impl TlsFront {
    /// Listens on a free port of 127.0.0.1, in front of the server at another one.
    pub async fn start(certificates: &Certificates, server: u16) -> Result<Self> {
        let acceptor = TlsAcceptor::from(Arc::new(config(certificates)?));
        Ok(Self(Front::start(move |client| pass_on(acceptor.clone(), client, server)).await?))
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.0.port()
    }
}

/// A server's configuration with these certificates.
pub(crate) fn config(certificates: &Certificates) -> Result<ServerConfig> {
    let chain = CertificateDer::pem_file_iter(&certificates.certificate)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(&certificates.key)?;
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    Ok(builder.with_safe_default_protocol_versions()?.with_no_client_auth().with_single_cert(chain, key)?)
}

/// If the connection fails for any reason, the client sees it closed.
async fn pass_on(acceptor: TlsAcceptor, client: TcpStream, server: u16) {
    let Ok(mut client) = acceptor.accept(client).await else { return };
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", server)).await else { return };
    let _ = copy_bidirectional(&mut client, &mut server).await;
}
