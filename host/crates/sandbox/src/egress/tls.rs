//! Whom HTTPS servers must be vouched for by, for one plugin.

use std::path::Path;

use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::Error;

use toril_trust as trust;

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
    trust::connector(ca).map_err(|reason| match ca {
        Some(path) => format!("the CA file {} (`ca` of the plugin) cannot be used: {reason}", path.display()),
        None => reason,
    })
}
