//! The grant `env`: the environment variables that a plugin reads through `wasi:cli/environment`. WASI itself links that
//! interface, and a pen's WASI context holds the variables.

use std::sync::Arc;

use toril_config::Plugin;

/// The interface that uses this grant.
pub const INTERFACE: &str = "wasi:cli/environment";
/// The line in the plugin's entry.
pub const LINE: &str = "env = { NAME = \"env:NAME\" } # its environment variables, each with its value or its source";

/// Names and values. Never log or display the values.
pub type Prepared = Arc<[(String, String)]>;

/// Reads the variables from a configuration entry.
pub fn prepare(entry: &Plugin) -> Prepared {
    entry.env.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect()
}
