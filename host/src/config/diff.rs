//! What changes between two configurations. Pure: it says what a reload has to do, and does none of it.

use std::collections::BTreeSet;

use super::{Config, HostSettings, Queue};

/// What a new configuration changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Whether any setting of `[redis]` changed.
    pub redis: bool,
    /// The keys of `[host]` that changed, in the order of their names.
    pub host: Vec<&'static str>,
    /// Queues that are in the new configuration only, by name.
    pub queues_added: Vec<String>,
    /// Queues that are in the old configuration only, by name.
    pub queues_removed: Vec<String>,
    /// Queues that are in both and differ, by name.
    pub queues_changed: Vec<(String, QueueChange)>,
    /// Plugins whose settings differ, by name: those that a queue names before or after. An entry that appears or
    /// goes counts when it differs from the defaults. Which plugins come into use follows from the queues.
    pub plugins_changed: Vec<String>,
}

/// How a changed queue gets its new settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueChange {
    /// In place: concurrency, timeout, job defaults, dead letter queue, plugin.
    Live,
    /// By a new worker, since the old one keeps them for its life: rate limit, lock duration, stalled interval,
    /// maximum of stalls.
    Restart,
}

impl Changes {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What `new` changes in comparison with `old`.
pub fn diff(old: &Config, new: &Config) -> Changes {
    let only_in = |one: &Config, other: &Config| {
        let names = one.queues.keys();
        names.filter(|name| !other.queues.contains_key(*name)).cloned().collect()
    };
    let changed = old.queues.iter().filter_map(|(name, before)| {
        let change = queue(before, new.queues.get(name)?)?;
        Some((name.clone(), change))
    });
    let used: BTreeSet<&String> = old.queues.values().chain(new.queues.values()).map(|queue| &queue.plugin).collect();
    let plugins = used.into_iter().filter(|name| old.plugin(name) != new.plugin(name));
    Changes {
        redis: old.redis != new.redis,
        host: host(&old.host, &new.host),
        queues_added: only_in(new, old),
        queues_removed: only_in(old, new),
        queues_changed: changed.collect(),
        plugins_changed: plugins.cloned().collect(),
    }
}

fn queue(old: &Queue, new: &Queue) -> Option<QueueChange> {
    let restart = old.rate_limit != new.rate_limit
        || old.lock_duration != new.lock_duration
        || old.stalled_interval != new.stalled_interval
        || old.max_stalled != new.max_stalled;
    match (restart, old == new) {
        (true, _) => Some(QueueChange::Restart),
        (false, false) => Some(QueueChange::Live),
        (false, true) => None,
    }
}

fn host(old: &HostSettings, new: &HostSettings) -> Vec<&'static str> {
    let keys = [
        ("cache", old.cache != new.cache),
        ("listen", old.listen != new.listen),
        ("max_pens", old.max_pens != new.max_pens),
        ("pen_threads", old.pen_threads != new.pen_threads),
        ("plugins", old.plugins != new.plugins),
        ("shutdown_timeout", old.shutdown_timeout != new.shutdown_timeout),
    ];
    let changed = keys.into_iter().filter(|(_, changed)| *changed);
    changed.map(|(key, _)| key).collect()
}
