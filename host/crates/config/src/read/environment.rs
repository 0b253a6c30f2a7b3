//! Reads single environment variables.

use super::super::env::Env;
use super::fault::Fault;
use super::report::Report;

/// Reads an environment variable. Returns None if it is not set, and also if it is not valid, which is reported.
pub(super) fn setting<T>(
    name: &str,
    env: &Env,
    report: &mut Report<'_>,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let value = match env.setting(name) {
        Ok(value) => value.map(|value| read(&value)),
        Err(error) => Some(Err(format!("{name} cannot be read: {error}"))),
    };
    match value? {
        Ok(value) => Some(value),
        Err(message) => {
            report.error_in_environment(name, Fault::new(message));
            None
        }
    }
}
