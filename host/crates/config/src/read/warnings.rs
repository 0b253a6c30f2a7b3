//! Warnings about settings that are allowed but are probably mistakes.

use std::collections::BTreeMap;

use super::super::host::HostSettings;
use super::super::key;
use super::super::plugin::Plugin;
use super::fault::Fault;
use super::report::Report;
use super::schema;
use super::table::Table;
use toril_job::QueueName;
use toril_job::settings::Queue;

/// Plugin entries that no queue uses. Usually one of the two names has a typo.
pub(super) fn unused_plugins(
    plugins: &BTreeMap<String, Plugin>,
    queues: &BTreeMap<QueueName, Queue>,
    report: &mut Report<'_>,
) {
    let used: Vec<&str> = queues.values().map(|queue| queue.plugin.as_str()).collect();
    for name in plugins.keys().filter(|name| !used.contains(&name.as_str())) {
        let help = match schema::nearest(name, &used) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("name it as `plugin` of a queue, or take [plugins.{name}] out"),
        };
        let fault = Fault::new(format!("plugin `{name}` is used by no queue"));
        report.warn_at_key(&key::join(&["plugins", name]), fault.help(help));
    }
}

/// Webhooks and callbacks of a host without a listener.
pub(super) fn unreachable(host: &HostSettings, root: &Table<'_>, report: &mut Report<'_>) {
    if host.listen.is_some() {
        return;
    }
    for node in ["webhooks", "callbacks"].iter().filter_map(|section| root.get(section)) {
        let fault = Fault::new(format!("{node} cannot be reached: `listen` under [host] is \"off\""));
        report.warn_at_key(node.key(), fault.help("set `listen` to an address, or remove the section"));
    }
}

/// Queues whose total concurrency exceeds `max_pens`.
pub(super) fn too_few_pens(host: &HostSettings, queues: &BTreeMap<QueueName, Queue>, report: &mut Report<'_>) {
    let wanted = queues.values().map(|queue| queue.concurrency.get() as u64).fold(0, u64::saturating_add);
    if wanted > u64::from(host.max_pens.get()) {
        let message = format!(
            "the queues' concurrency adds up to {wanted}, and the host runs at most {} attempts at once",
            host.max_pens
        );
        let fault = Fault::new(message).help("raise `max_pens` under [host], or lower `concurrency`");
        report.warn_at_key("host.max_pens", fault);
    }
}
