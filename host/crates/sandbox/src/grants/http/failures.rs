//! Logs why requests of a plugin failed, for the operator. The plugin itself learns little more than that they failed.
//! The rate is limited, because the plugin decides how many requests fail.

use std::time::Duration;

use wasmtime_wasi_http::Error;

use toril_config::Origin;
use toril_job::Rate;
use toril_job::text::one_line;

/// Maximum number of log lines per plugin and minute.
const A_MINUTE: u32 = 10;

/// Logs the failed requests of one plugin.
pub struct Failures(Rate);

impl Failures {
    /// Starts with the full budget of log lines.
    pub fn new() -> Self {
        Self(Rate::new(A_MINUTE, Duration::from_secs(60)))
    }

    /// Logs a failed request to this origin. Only network errors are logged: the plugin itself causes the others.
    pub fn log(&self, plugin: &str, origin: &Origin, error: &Error) {
        if !matches!(error, Error::Hyper(_) | Error::Connect(_) | Error::Tls(_)) {
            return;
        }
        let Some(left) = self.0.take() else { return };
        // The server may control a part of the text, such as the names in a certificate.
        let error = one_line(&error.to_string());
        tracing::warn!(plugin, %origin, error, "request failed");
        if left == 0 {
            tracing::warn!(plugin, "request failures are not logged for the rest of the minute");
        }
    }
}
