//! Reads `[plugins.NAME.send_secrets]`: secrets that a plugin may send but never read. No message shows a secret.

use std::collections::BTreeMap;
use std::path::Path;

use http::{HeaderName, HeaderValue};

use super::super::env::Env;
use super::super::origin::Origin;
use super::super::plugin::SendSecret;
use super::super::secret::Secret;
use super::fault::Fault;
use super::node::Node;
use super::origins::origin;
use super::report::Report;
use super::schema;
use super::secret;
use super::table::Table;
use super::values;

/// Headers that a plugin cannot set.
const OF_THE_HOST: [&str; 9] = [
    "connection",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
];

/// `granted`: the origins in the entry's `http`.
pub(super) fn read(
    entry: &Table<'_>,
    granted: &[Origin],
    folder: &Path,
    env: &Env,
    report: &mut Report<'_>,
) -> BTreeMap<String, SendSecret> {
    let mut secrets = BTreeMap::new();
    let Some(table) = Table::of(entry.get("send_secrets"), report) else { return secrets };
    for (name, node) in table.entries() {
        if !is_name(name) {
            let fault = Fault::new(format!("{node} has a name that cannot be in a header"));
            report.error_at_key(node.key(), fault.help("a name has letters, digits, `-`, `_` and `.`"));
        }
        if let Some(read) = one(node, granted, folder, env, report) {
            secrets.insert(name.to_owned(), read);
        }
    }
    secrets
}

/// The name is part of the placeholder, which the plugin sends in a header.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn one(node: Node<'_>, granted: &[Origin], folder: &Path, env: &Env, report: &mut Report<'_>) -> Option<SendSecret> {
    let table = Table::of(Some(node), report)?;
    table.deny_unknown(schema::SEND_SECRET, report);
    let value = table.require("secret", report);
    let value = report.read(value, |node| sendable(node, secret::read(node, folder, env)?));
    let to = table.require("origin", report);
    let to = report.read(to, |node| {
        let to = origin(node)?;
        match granted.contains(&to) {
            true => Ok(to),
            false => Err(Fault::new(format!("{node} is not in `http` of the plugin")).help("add the origin to `http`")),
        }
    });
    let mut header = http::header::AUTHORIZATION;
    report.set(&mut header, table.get("header"), header_name);
    Some(SendSecret { secret: value?, origin: to?, header })
}

fn sendable(node: &Node<'_>, value: Secret) -> Result<Secret, Fault> {
    match HeaderValue::from_str(value.expose()) {
        Ok(_) => Ok(value),
        Err(_) => Err(Fault::new(format!("{node} has a character that a header cannot have"))
            .help("a header has visible ASCII characters and spaces: look for a line end in the secret")),
    }
}

fn header_name(node: &Node<'_>) -> Result<HeaderName, Fault> {
    let name = HeaderName::try_from(values::string(node)?);
    let name = name.map_err(|_| Fault::new(format!("{node} is not a header name")))?;
    match OF_THE_HOST.contains(&name.as_str()) {
        true => Err(Fault::new(format!("{node} is a header that the host sets itself"))),
        false => Ok(name),
    }
}
