//! TLS in front of a server that speaks it not.

use std::sync::Arc;

use anyhow::{Context, Result};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::certificates::Certificates;
use crate::ports::free_port;

/// Takes TLS connections and passes on what they carry. Dropped, it closes them all.
pub struct TlsFront {
    port: u16,
    task: JoinHandle<()>,
}

impl TlsFront {
    /// Listens on a free port of 127.0.0.1, in front of the server at another one.
    pub async fn start(certificates: &Certificates, server: u16) -> Result<Self> {
        let acceptor = TlsAcceptor::from(Arc::new(config(certificates)?));
        let port = free_port();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.context("could not listen for TLS")?;
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(pass_on(acceptor.clone(), client, server));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { port, task })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn config(certificates: &Certificates) -> Result<ServerConfig> {
    let chain = CertificateDer::pem_file_iter(&certificates.certificate)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(&certificates.key)?;
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    Ok(builder.with_safe_default_protocol_versions()?.with_no_client_auth().with_single_cert(chain, key)?)
}

/// A client that does not get through, for whatever reason, sees its connection closed.
async fn pass_on(acceptor: TlsAcceptor, client: TcpStream, server: u16) {
    let Ok(mut client) = acceptor.accept(client).await else { return };
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", server)).await else { return };
    let _ = copy_bidirectional(&mut client, &mut server).await;
}
