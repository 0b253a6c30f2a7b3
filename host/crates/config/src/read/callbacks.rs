//! Reads `[callbacks]`. No message shows the secret.

use std::path::Path;

use super::super::callbacks::Callbacks;
use super::super::env::Env;
use super::super::host::SHORTEST_TOKEN;
use super::super::signing_key::SigningKey;
use super::fault::Fault;
use super::node::Node;
use super::report::Report;
use super::schema;
use super::secret;
use super::table::Table;

pub(super) fn read(root: &Table<'_>, folder: &Path, env: &Env, report: &mut Report<'_>) -> Option<Callbacks> {
    let table = Table::of(root.get("callbacks"), report)?;
    table.deny_unknown(schema::CALLBACKS, report);
    let node = table.require("secret", report);
    report.read(node, |node| key(node, folder, env)).map(|key| Callbacks { key })
}

fn key(node: &Node<'_>, folder: &Path, env: &Env) -> Result<SigningKey, Fault> {
    let secret = secret::read(node, folder, env)?;
    // Anyone who has one token could find a short secret by brute force.
    let count = secret.expose().chars().count();
    if count < SHORTEST_TOKEN {
        let fault = Fault::new(format!("{node} has {count} characters, and needs {SHORTEST_TOKEN} at least"));
        return Err(fault.help("make one with: openssl rand -hex 32"));
    }
    SigningKey::of_text(&secret).map_err(|error| Fault::new(format!("{node} {error}")))
}
