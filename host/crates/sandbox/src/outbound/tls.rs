//! The certificate authorities that one plugin trusts for TLS servers.

use std::path::Path;

use tokio_rustls::TlsConnector;

use toril_trust as trust;

/// The TLS connector of one plugin. It is created once per version of the plugin's settings.
pub struct Tls(Result<TlsConnector, String>);

impl Tls {
    /// Uses the certificates in the file `ca`, if it is set. An unusable file is logged here and fails each TLS
    /// connection.
    pub fn new(ca: Option<&Path>) -> Self {
        let made = connector(ca);
        if let Err(reason) = &made {
            tracing::error!(reason, "TLS connections of the plugin will be refused");
        }
        Self(made)
    }

    /// The connector, or the error of an unusable CA file.
    pub fn connector(&self) -> Result<&TlsConnector, &str> {
        self.0.as_ref().map_err(String::as_str)
    }
}

fn connector(ca: Option<&Path>) -> Result<TlsConnector, String> {
    trust::connector(ca).map_err(|reason| match ca {
        Some(path) => format!("the CA file {} (`ca` of the plugin) cannot be used: {reason}", path.display()),
        None => reason,
    })
}
