//! From the text of a file to a [`Config`]. Reading does not stop at the first mistake: each reader reports its
//! problems and continues with a default. A configuration is only returned if there were no problems.

mod backoff;
mod callbacks;
mod environment;
mod fault;
mod hash_tags;
mod host;
mod jobs;
mod line_index;
#[cfg(test)]
mod manual;
mod node;
mod origins;
mod plugin;
mod postgres;
mod queue;
mod rate_limit;
mod redis;
mod report;
mod schedule;
mod schema;
mod secret;
mod send_secret;
mod sockets;
mod source;
mod syntax;
mod table;
mod values;
mod warnings;
mod webhook;

use std::path::Path;

use toml::de::DeTable;

use self::fault::Fault;
use self::report::Report;
pub(super) use self::schema::nearest;
use self::source::Source;
use self::table::Table;
use super::config::Config;
use super::env::Env;
use super::host::HostSettings;
use super::problem::{LoadError, Problem, Problems};

/// Reads `text` as the content of the file at `path`.
pub(super) fn parse(text: &str, path: &Path, env: &Env) -> Result<Config, LoadError> {
    let (config, warnings) = document(text, path, |root, report| config(root, path, env, report))?;
    Ok(Config { warnings, ..config })
}

/// Reads only `[host]` and ignores the rest of the file.
pub(super) fn host_settings(text: &str, path: &Path) -> Result<HostSettings, LoadError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    document(text, path, |root, report| host::read(root, folder, &Env::none(), report)).map(|(host, _)| host)
}

/// Parses the TOML and calls `read` on it. Returns its result and the warnings.
fn document<T>(
    text: &str,
    path: &Path,
    read: impl FnOnce(&Table<'_>, &mut Report<'_>) -> T,
) -> Result<(T, Vec<Problem>), LoadError> {
    // Some editors start a file with a byte order mark, which would count as a character of the first line.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = DeTable::parse(text).map_err(|error| {
        let problem = syntax::problem(text, path, &error);
        LoadError::Invalid(Problems::new(path, vec![problem]))
    })?;
    let source = Source::new(text, path, document.get_ref());
    let mut report = Report::new(&source);
    let value = read(&Table::root(document.get_ref()), &mut report);
    let (problems, warnings) = report.finish();
    if problems.is_empty() { Ok((value, warnings)) } else { Err(LoadError::Invalid(Problems::new(path, problems))) }
}

fn config(root: &Table<'_>, path: &Path, env: &Env, report: &mut Report<'_>) -> Config {
    root.deny_unknown(schema::ROOT, report);
    let folder = path.parent().unwrap_or(Path::new(""));
    let redis = redis::read(root, path, env, report);
    let host = host::read(root, folder, env, report);
    let queues = queue::read(root, host.max_pens, env, report);
    let plugins = plugin::read(root, folder, env, report);
    let webhooks = webhook::read(root, &queues, folder, env, report);
    let callbacks = callbacks::read(root, folder, env, report);
    if queues.is_empty() {
        no_queue(root, report);
    }
    hash_tags::check(&redis, &queues, &plugins, report);
    warnings::unused_plugins(&plugins, &queues, report);
    warnings::too_few_pens(&host, &queues, report);
    warnings::unreachable(&host, root, report);
    let (path, places) = (path.to_owned(), report.places());
    Config { redis, host, queues, plugins, webhooks, callbacks, path, warnings: Vec::new(), places }
}

fn no_queue(root: &Table<'_>, report: &mut Report<'_>) {
    let fault = Fault::new("no queue is configured, so there is nothing to work on")
        .help("add one: a table [queues.NAME], with `plugin` naming the plugin that runs its jobs");
    match root.get("queues") {
        // The section has queues, but they are not valid. Those problems are already reported.
        Some(node) if node.as_table().is_none_or(|table| !table.is_empty()) => {}
        Some(_) => report.error_at_key("queues", fault),
        None => report.error_in_file("queues", fault),
    }
}
