//! Writes to the host's log why requests of a plugin failed, for the operator: a plugin learns little more than that they
//! did. A plugin decides how often that happens, so it has a bound.

use std::time::Duration;

use wasmtime_wasi_http::Error;

use super::super::limits::one_line;
use toril_config::Origin;
use toril_job::Rate;

/// Lines of one plugin in a minute.
const A_MINUTE: u32 = 10;

/// The failures of one plugin's requests.
pub struct Failures(Rate);

impl Failures {
    /// None yet.
    pub fn new() -> Self {
        Self(Rate::new(A_MINUTE, Duration::from_secs(60)))
    }

    /// A request to this origin failed. Only what the network says is logged: the rest is the plugin's own doing.
    pub fn log(&self, plugin: &str, origin: &Origin, error: &Error) {
        if !matches!(error, Error::Hyper(_) | Error::Connect(_) | Error::Tls(_)) {
            return;
        }
        let Some(left) = self.0.take() else { return };
        // A server may have written a part of it, such as the names in a certificate.
        let error = one_line(&error.to_string());
        tracing::warn!(plugin, %origin, error, "request failed");
        if left == 0 {
            tracing::warn!(plugin, "request failures are not logged for the rest of the minute");
        }
    }
}
