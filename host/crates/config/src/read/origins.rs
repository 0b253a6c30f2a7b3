//! Reads an HTTP origin.

use super::super::origin::{Origin, OriginError};
use super::fault::Fault;
use super::node::Node;
use super::values;

/// The message never repeats the origin, which may contain a password.
pub(super) fn origin(node: &Node<'_>) -> Result<Origin, Fault> {
    let text = values::string(node)?;
    text.parse().map_err(|error: OriginError| {
        let fault = Fault::new(format!("{node} {error}"));
        let without_slash = text.trim_end_matches('/');
        match error {
            OriginError::TrailingSlash => fault.help(format!("write \"{without_slash}\"")),
            _ => fault.help("write the exact origin: scheme, host, and a port if it is not the scheme's own, as in \"https://api.github.com\""),
        }
    })
}
