//! Whom HTTPS servers must be vouched for by: the certificate authorities that browsers trust, and those of `ca`.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::Error;

/// Makes TLS connections for one plugin. Made once for each of its settings.
pub struct Tls(Result<TlsConnector, String>);

impl Tls {
    /// With the certificates of `ca`, if it names a file. A file that cannot be used is told when it is needed.
    pub fn new(ca: Option<&Path>) -> Self {
        let made = connector(ca);
        if let Err(reason) = &made {
            tracing::error!(reason, "HTTPS requests of the plugin will be refused");
        }
        Self(made)
    }

    /// The connector.
    pub fn connector(&self) -> Result<&TlsConnector, Error> {
        self.0.as_ref().map_err(|reason| Error::InternalError(Some(reason.clone())))
    }
}

fn connector(ca: Option<&Path>) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
    if let Some(path) = ca {
        let unusable =
            |reason: String| format!("the CA file {} (`ca` of the plugin) cannot be used: {reason}", path.display());
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
            roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
