//! In a Redis Cluster, all keys of a queue must be in one slot. Rejects queues for which that is not possible.

use std::collections::BTreeMap;

use super::super::key;
use super::super::plugin::Plugin;
use super::fault::Fault;
use super::report::Report;
use toril_job::QueueName;
use toril_job::settings::Queue;
use toril_job::settings::Redis;

pub(super) fn check(
    redis: &Redis,
    queues: &BTreeMap<QueueName, Queue>,
    plugins: &BTreeMap<String, Plugin>,
    report: &mut Report<'_>,
) {
    for (name, queue) in queues {
        if !redis.holds(name.as_str()) {
            report.error_at_key(&key::join(&["queues", name.as_str()]), fault(name));
        }
        if let Some(dead) = queue.dead_letter.as_ref().filter(|dead| !redis.holds(dead.as_str())) {
            report.error(&key::join(&["queues", name.as_str(), "dead_letter"]), fault(dead));
        }
    }
    for (name, plugin) in plugins {
        if let Some(queue) = plugin.add_to.iter().find(|queue| !redis.holds(queue.as_str())) {
            report.error(&key::join(&["plugins", name, "add_to"]), fault(queue));
        }
    }
}

fn fault(queue: &QueueName) -> Fault {
    let message = format!("queue `{queue}` cannot be on a Redis Cluster: its keys would lie in several slots");
    Fault::new(message).help(format!(
        "give it a hash tag, as in \"{{{queue}}}\", here and where its jobs are added; or write `prefix = \"{{bull}}\"` under [redis] and give it to producers too, which puts all queues on one node"
    ))
}
