//! A test's own CA, and a server certificate that it has signed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// PEM files with a certificate for 127.0.0.1 and localhost.
pub struct Certificates {
    /// The CA certificate for clients.
    pub ca: PathBuf,
    /// The server's certificate.
    pub certificate: PathBuf,
    /// The server's key.
    pub key: PathBuf,
}

impl Certificates {
    /// Creates them in a folder.
    pub fn create(folder: &Path) -> Result<Self> {
        let ca_key = KeyPair::generate().context("could not create a key")?;
        let mut ca = CertificateParams::new(Vec::new())?;
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        // Different names, because OpenSSL looks for an authority by its name.
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        ca.distinguished_name.push(DnType::CommonName, format!("Toril's tests {name}"));
        let ca_certificate = ca.self_signed(&ca_key).context("could not sign the CA's certificate")?;

        let key = KeyPair::generate().context("could not create a key")?;
        let server = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        let signed = server.signed_by(&key, &Issuer::new(ca, ca_key)).context("could not sign a certificate")?;

        let files =
            Self { ca: folder.join("ca.crt"), certificate: folder.join("server.crt"), key: folder.join("server.key") };
        fs::write(&files.ca, ca_certificate.pem())?;
        fs::write(&files.certificate, signed.pem())?;
        fs::write(&files.key, key.serialize_pem())?;
        Ok(files)
    }

    /// Arguments that make a Redis server accept only TLS.
    pub(crate) fn command_line(&self, port: u16) -> Vec<String> {
        let switches = [("--port", "0".into()), ("--tls-port", port.to_string()), ("--tls-auth-clients", "no".into())];
        let files =
            [("--tls-ca-cert-file", &self.ca), ("--tls-cert-file", &self.certificate), ("--tls-key-file", &self.key)];
        let files = files.map(|(option, path)| (option, path.display().to_string()));
        switches.into_iter().chain(files).flat_map(|(option, value)| [option.to_owned(), value]).collect()
    }
}
