//! Reads `[webhooks.NAME]`. No message shows a secret.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};

use super::super::env::Env;
use super::super::key::dotted;
use super::super::pointer::Pointer;
use super::super::signing_key::SigningKey;
use super::super::webhook::{EventDeduplication, SignatureForm, Webhook, WebhookData};
use super::fault::Fault;
use super::node::Node;
use super::plugin::is_name;
use super::report::Report;
use super::schedule::json;
use super::schema;
use super::secret;
use super::table::Table;
use super::values;
use toril_job::settings::Queue;
use toril_job::{LARGEST_PRIORITY, QueueName};

/// The default of `max_body`, the same as the limit of the admin API.
const MAX_BODY: u64 = 8 << 20;
const KIB: u64 = 1 << 10;
const LARGEST_BODY: u64 = 25 << 20;

pub(super) fn read(
    root: &Table<'_>,
    queues: &BTreeMap<QueueName, Queue>,
    folder: &Path,
    env: &Env,
    report: &mut Report<'_>,
) -> BTreeMap<String, Webhook> {
    let mut webhooks = BTreeMap::new();
    let Some(table) = Table::of(root.get("webhooks"), report) else { return webhooks };
    for (name, node) in table.entries() {
        if !is_name(name) {
            let fault = Fault::new(format!("{node} is not a valid name of a webhook"));
            let help = "the name is part of the path: lower-case letters, digits, `-`, `_` and `.`, the first a letter or digit";
            report.error_at_key(node.key(), fault.help(help));
        }
        let webhook = Table::of(Some(node), report).and_then(|entry| read_entry(&entry, queues, folder, env, report));
        if let Some(webhook) = webhook {
            webhooks.insert(name.to_owned(), webhook);
        }
    }
    webhooks
}

fn read_entry(
    table: &Table<'_>,
    queues: &BTreeMap<QueueName, Queue>,
    folder: &Path,
    env: &Env,
    report: &mut Report<'_>,
) -> Option<Webhook> {
    table.deny_unknown(schema::WEBHOOK, report);
    let queue = table.require("queue", report);
    let queue = report.read(queue, |node| existing_queue(node, queues));
    let name = table.require("name", report);
    let name = report.read(name, values::text);
    let signature = table.require("signature", report);
    let signature = report.read(signature, form);
    let secret = table.require("secret", report);
    // If `signature` is not valid, the secret is still checked.
    let key = report.read(secret, |node| key(node, signature.unwrap_or(SignatureForm::GitHub), folder, env));
    let mut max_body = MAX_BODY;
    report.set(&mut max_body, table.get("max_body"), |node| values::size(node, KIB, LARGEST_BODY));
    let events = report.read(table.get("events"), events);
    let deduplication = table.get("deduplication").and_then(|node| deduplication(node, report));
    let delay = report.read(table.get("delay"), values::duration);
    let priority = report.read(table.get("priority"), priority);
    let data = data(table, report);
    let (queue, name, signature, key) = (queue?, name?, signature?, key?);
    Some(Webhook { queue, name, signature, key, events, data, deduplication, delay, priority, max_body })
}

fn existing_queue(node: &Node<'_>, queues: &BTreeMap<QueueName, Queue>) -> Result<QueueName, Fault> {
    let name = values::text(node)?;
    if let Some((name, _)) = queues.get_key_value(name.as_str()) {
        return Ok(name.clone());
    }
    let known: Vec<&str> = queues.keys().map(QueueName::as_str).collect();
    let help = match schema::nearest(&name, &known) {
        Some(meant) => format!("did you mean {meant:?}?"),
        None => format!("add a table [queues.{name}], or name another queue"),
    };
    Err(Fault::new(format!("{node} names queue {name:?}, which is not in this file")).help(help))
}

fn form(node: &Node<'_>) -> Result<SignatureForm, Fault> {
    match values::string(node)? {
        "github" => Ok(SignatureForm::GitHub),
        "standard" => Ok(SignatureForm::Standard),
        other => Err(Fault::new(format!("{node} must be \"github\" or \"standard\", not {other:?}"))
            .help("\"github\" is X-Hub-Signature-256; \"standard\" is the form of standardwebhooks.com")),
    }
}

fn key(node: &Node<'_>, form: SignatureForm, folder: &Path, env: &Env) -> Result<SigningKey, Fault> {
    let secret = secret::read(node, folder, env)?;
    let key = match form {
        SignatureForm::GitHub => SigningKey::of_text(&secret),
        SignatureForm::Standard => SigningKey::of_standard(&secret),
    };
    key.map_err(|error| Fault::new(format!("the value of {node} {error}")))
}

fn events(node: &Node<'_>) -> Result<Vec<String>, Fault> {
    let events = values::texts(node, values::text)?;
    match events.is_empty() {
        true => Err(Fault::new(format!("{node} is empty, so that no event adds a job"))
            .help("name the events, or remove the line to take all of them")),
        false => Ok(events),
    }
}

fn priority(node: &Node<'_>) -> Result<u32, Fault> {
    let priority = values::integer(node, 0, u64::from(LARGEST_PRIORITY))?;
    Ok(u32::try_from(priority).unwrap_or(u32::MAX))
}

fn pointer(node: &Node<'_>) -> Result<Pointer, Fault> {
    values::string(node)?.parse().map_err(|error| {
        Fault::new(format!("{node} is not a JSON pointer: it {error}"))
            .help("write the way to a value of the body, as in \"/repository/full_name\"")
    })
}

fn data(table: &Table<'_>, report: &mut Report<'_>) -> WebhookData {
    let constants = constants(table, report);
    let Some(entry) = Table::of(table.get("data"), report) else {
        if let Some(node) = table.get("constants").filter(|_| table.get("data").is_none()) {
            let fault = Fault::new(format!("{node} needs `data`: without it, the whole body is the job's data"));
            report.error_at_key(node.key(), fault.help("add `data = { NAME = \"/pointer\" }`, or `data = {}`"));
        }
        return WebhookData::Body;
    };
    let mut pointers = BTreeMap::new();
    for (name, node) in entry.entries() {
        if constants.contains_key(name) {
            let fault = Fault::new(format!("`{name}` is in both `data` and `constants` of {}", table.key()));
            report.error_at_key(node.key(), fault.help("remove it from one of them"));
        }
        if let Some(pointer) = report.read(Some(node), pointer) {
            pointers.insert(name.to_owned(), pointer);
        }
    }
    WebhookData::Members { pointers, constants }
}

fn constants(table: &Table<'_>, report: &mut Report<'_>) -> Map<String, Value> {
    let mut constants = Map::new();
    if let Some(entry) = Table::of(table.get("constants"), report) {
        for (name, node) in entry.entries() {
            if let Some(value) = report.read(Some(node), json) {
                constants.insert(name.to_owned(), value);
            }
        }
    }
    constants
}

/// A JSON pointer, or a table with BullMQ's options.
fn deduplication(node: Node<'_>, report: &mut Report<'_>) -> Option<EventDeduplication> {
    if node.as_table().is_none() {
        let id = report.read(Some(node), |node| {
            pointer(node).map_err(|fault| match node.value().as_str() {
                Some(_) => fault,
                None => values::wrong_type(node, "a JSON pointer or a table"),
            })
        })?;
        return Some(EventDeduplication { id, ttl: None, extend: false, replace: false, keep_last_if_active: true });
    }
    let table = Table::of(Some(node), report)?;
    table.deny_unknown(schema::WEBHOOK_DEDUPLICATION, report);
    let id = table.require("id", report);
    let id = report.read(id, pointer);
    let ttl = report.read(table.get("ttl"), |node| values::duration_from(node, Duration::from_millis(1)));
    let mut switch = |name, default| report.read(table.get(name), values::boolean).unwrap_or(default);
    let (extend, replace) = (switch("extend", false), switch("replace", false));
    let keep_last_if_active = switch("keep_last_if_active", table.get("ttl").is_none());
    if let Some(node) = table.get("ttl").filter(|_| keep_last_if_active) {
        let fault = Fault::new(format!("{node} has no effect beside `keep_last_if_active`"));
        report.error_at_key(node.key(), fault.help("remove one of the two lines"));
    }
    if let Some(node) = table.get("extend").filter(|_| extend && table.get("ttl").is_none()) {
        let fault = Fault::new(format!("{node} needs a `ttl`, which each further job starts anew"));
        report.error(&dotted(table.key(), "extend"), fault);
    }
    Some(EventDeduplication { id: id?, ttl, extend, replace, keep_last_if_active })
}
