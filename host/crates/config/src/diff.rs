//! The difference between two configurations. Pure: it says what a reload has to change, and changes nothing itself.

use std::collections::{BTreeMap, BTreeSet};

use super::config::Config;
use super::host::Applies;
use super::plugin::Plugin;
use toril_job::QueueName;
use toril_job::settings::Queue;

/// The differences between an old and a new configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Whether any setting of `[redis]` changed.
    pub redis: bool,
    /// The changed keys of `[host]`, sorted by name, and whether a reload can apply the change.
    pub host: Vec<(&'static str, Applies)>,
    /// The queues. `to_change` has how the host applies the new settings.
    pub queues: Difference<QueueName, (QueueName, QueueChange)>,
    /// The plugins that queues use. A plugin without an entry has the default settings.
    pub plugins: Difference,
    /// The webhooks.
    pub webhooks: Difference,
    /// Whether `[callbacks]` was added, removed or changed.
    pub callbacks: bool,
}

/// What to do so that the entries of one table become those of the new configuration. Each list is sorted by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference<N = String, C = N> {
    /// Entries that exist only in the new configuration.
    pub to_add: Vec<N>,
    /// Entries that exist in both configurations and differ.
    pub to_change: Vec<C>,
    /// Entries that exist only in the old configuration.
    pub to_remove: Vec<N>,
}

/// How the host applies new settings to a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueChange {
    /// Without a restart of the worker: concurrency, timeout, job defaults, dead letter queue, plugin, schedules,
    /// metrics, backoff strategies, `max_started_attempts`.
    Live,
    /// With a new worker, because a worker keeps these settings for its lifetime: rate limit, lock duration, stalled
    /// interval, `max_stalled`.
    Restart,
}

impl Changes {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The changed keys of `[host]` to which this applies.
    pub fn host_keys(&self, applies: Applies) -> Vec<&'static str> {
        self.host.iter().filter(|(_, how)| *how == applies).map(|(key, _)| *key).collect()
    }
}

impl<N: Clone + Ord, C> Difference<N, C> {
    /// Compares two tables by name. `change` returns how two entries of the same name differ, if they do.
    fn of<T>(old: &BTreeMap<N, T>, new: &BTreeMap<N, T>, change: impl Fn(&N, &T, &T) -> Option<C>) -> Self {
        let only_in = |one: &BTreeMap<N, T>, other: &BTreeMap<N, T>| {
            one.keys().filter(|name| !other.contains_key(*name)).cloned().collect()
        };
        let in_both = old.iter().filter_map(|(name, before)| Some((name, before, new.get(name)?)));
        Self {
            to_add: only_in(new, old),
            to_change: in_both.filter_map(|(name, before, after)| change(name, before, after)).collect(),
            to_remove: only_in(old, new),
        }
    }
}

impl<N, C> Default for Difference<N, C> {
    fn default() -> Self {
        Self { to_add: Vec::new(), to_change: Vec::new(), to_remove: Vec::new() }
    }
}

/// Compares `new` with `old`.
pub fn diff(old: &Config, new: &Config) -> Changes {
    Changes {
        redis: old.redis != new.redis,
        host: new.host.changed_keys(&old.host),
        queues: Difference::of(&old.queues, &new.queues, |name, old, new| Some((name.clone(), queue(old, new)?))),
        plugins: Difference::of(&used_plugins(old), &used_plugins(new), |name, old, new| changed(name, old, new)),
        webhooks: Difference::of(&old.webhooks, &new.webhooks, |name, old, new| changed(name, old, new)),
        callbacks: old.callbacks != new.callbacks,
    }
}

/// The settings of each plugin that a queue uses.
fn used_plugins(config: &Config) -> BTreeMap<String, Plugin> {
    let names: BTreeSet<&String> = config.queues.values().map(|queue| &queue.plugin).collect();
    names.into_iter().map(|name| (name.clone(), config.plugin(name))).collect()
}

fn changed<T: PartialEq>(name: &str, old: &T, new: &T) -> Option<String> {
    (old != new).then(|| name.to_owned())
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::tests::keys;
    use super::super::{Env, parse};
    use super::*;

    const BEFORE: &str = r#"
        [queues.a]
        plugin = "p"
        rate_limit = { max = 5, per = "1s" }
        [queues.b]
        plugin = "q"
        [plugins.p]
        secrets = { token = "env:TOKEN" }
    "#;

    fn config(text: &str, token: &str) -> Config {
        let env = Env::of([("TOKEN", token)]);
        parse(text, Path::new("queues.toml"), &env).unwrap()
    }

    /// The changes between a configuration and the same one with `from` replaced by `to`.
    fn change(from: &str, to: &str) -> Changes {
        assert!(BEFORE.contains(from));
        diff(&config(BEFORE, "x"), &config(&BEFORE.replace(from, to), "x"))
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn nothing_changes_with_the_layout_of_the_file() {
        let changes =
            change("[queues.a]", "[host]\nlisten = '127.0.0.1:9090'\n[queues.a]\ntimeout = '30s' # as before");
        assert!(changes.is_empty(), "{changes:?}");
    }

    #[test]
    fn queues_come_and_go() {
        let changes = change("[queues.b]", "[queues.c]");
        let name = |name: &str| QueueName::new(name).unwrap();
        let queues = Difference { to_add: vec![name("c")], to_remove: vec![name("b")], to_change: Vec::new() };
        assert_eq!(changes, Changes { queues, ..Changes::default() });
        assert!(!changes.is_empty());
    }

    #[test]
    fn what_a_worker_keeps_for_its_life_needs_a_restart_and_the_rest_does_not() {
        use QueueChange::{Live, Restart};
        for (lines, expected) in
            [("timeout = '1s'", Live), ("max_stalled = 2", Restart), ("timeout = '1s'\nmax_stalled = 2", Restart)]
        {
            let changes = change("plugin = \"q\"", &format!("plugin = \"q\"\n{lines}"));
            let expected = vec![(QueueName::new("b").unwrap(), expected)];
            assert_eq!(changes.queues.to_change, expected, "{lines}");
        }
        let changes = change("plugin = \"q\"", "plugin = \"other\"");
        assert_eq!(changes.queues.to_change, [(QueueName::new("b").unwrap(), Live)]);
        let changes = change("rate_limit", "# rate_limit");
        assert_eq!(changes.queues.to_change, [(QueueName::new("a").unwrap(), Restart)]);
    }

    #[test]
    fn plugins_come_and_go_with_the_queues_that_use_them() {
        let changes = change("plugin = \"q\"", "plugin = \"new\"");
        let plugins = Difference { to_add: names(&["new"]), to_remove: names(&["q"]), to_change: Vec::new() };
        assert_eq!(changes.plugins, plugins);
    }

    #[test]
    fn a_plugin_that_no_queue_uses_any_more_keeps_its_settings_for_its_last_jobs() {
        let before = config(BEFORE, "x");
        let after = config("[queues.b]\nplugin = \"q\"", "x");
        let plugins = Difference { to_remove: names(&["p"]), ..Difference::default() };
        assert_eq!(diff(&before, &after).plugins, plugins);
    }

    #[test]
    fn settings_of_plugins_in_use_change() {
        let changes = change("[plugins.p]", "[plugins.p]\nfuel = 1");
        assert_eq!(changes.plugins.to_change, names(&["p"]));
        let changes = change("[plugins.p]", "[plugins.q]\nfuel = 1\n[plugins.p]");
        assert_eq!(changes.plugins.to_change, names(&["q"]));
        let changes = change("[plugins.p]", "[plugins.unused]\nfuel = 1\n[plugins.p]");
        assert!(changes.is_empty(), "{changes:?}");
        let changes = change("[plugins.p]", "[plugins.unused]");
        assert_eq!(changes.plugins.to_change, names(&["p"]));
    }

    #[test]
    fn a_new_secret_is_a_change_of_its_plugin() {
        let changes = diff(&config(BEFORE, "old"), &config(BEFORE, "new"));
        assert_eq!(changes.plugins.to_change, names(&["p"]));
    }

    #[test]
    fn host_keys_are_named_and_redis_is_one() {
        let host = format!("[host]\n{}\n[queues.a]", keys::HOST.join("\n"));
        let changes = change("[queues.a]", &host);
        let keys: Vec<_> = changes.host.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, crate::host::KEYS);
        assert!(keys.is_sorted());
        assert!(!changes.redis);
        assert!(change("[queues.a]", "[redis]\nprefix = 'x'\n[queues.a]").redis);
    }
}
