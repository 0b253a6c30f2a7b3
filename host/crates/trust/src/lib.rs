//! The certificate authorities for TLS connections: those that browsers trust, and those of a file.

#![warn(missing_docs)]

mod verifier;

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use tokio_rustls::TlsConnector;

use verifier::{AnyName, Anyone};

/// Creates a TLS connector. `ca`: a PEM file of additional certificates. The error says what is wrong with the file.
pub fn connector(ca: Option<&Path>) -> Result<TlsConnector, String> {
    let mut roots = browsers();
    if let Some(path) = ca {
        add(&mut roots, path)?;
    }
    let config = builder()?.with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// What a client checks of a server's certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Check {
    /// Nothing. This protects against those who only listen.
    Nothing,
    /// An authority has signed it, for whatever name.
    Authority,
    /// An authority has signed it for this host.
    Everything,
}

/// Creates a TLS connector with a weaker check. It trusts the authorities in the PEM file `ca` alone. Without a file it trusts
/// those that browsers trust. The error says what is wrong with the file.
pub fn connector_with(ca: Option<&Path>, check: Check) -> Result<TlsConnector, String> {
    let roots = match ca {
        Some(path) => {
            let mut roots = RootCertStore::empty();
            add(&mut roots, path)?;
            roots
        }
        None => browsers(),
    };
    if roots.is_empty() {
        return Err("it contains no certificate".to_owned());
    }
    let builder = builder()?;
    let provider = builder.crypto_provider().clone();
    let config = match check {
        Check::Everything => builder.with_root_certificates(roots),
        Check::Nothing => builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone::new(provider))),
        Check::Authority => {
            let verifier = AnyName::new(roots, provider).map_err(|error| format!("TLS cannot be set up: {error}"))?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        }
    };
    Ok(TlsConnector::from(Arc::new(config.with_no_client_auth())))
}

fn browsers() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() }
}

/// Adds the certificates of a PEM file.
fn add(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())? {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, String> {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))
}
