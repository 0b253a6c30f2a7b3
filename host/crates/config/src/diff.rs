//! The difference between two configurations. Pure: it says what a reload has to change, and changes nothing itself.

use std::collections::BTreeSet;

use super::{Config, HostSettings, Queue};

/// The differences between an old and a new configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Whether any setting of `[redis]` changed.
    pub redis: bool,
    /// The changed keys of `[host]`, sorted by name.
    pub host: Vec<&'static str>,
    /// Queues that exist only in the new configuration, by name.
    pub queues_added: Vec<String>,
    /// Queues that exist only in the old configuration, by name.
    pub queues_removed: Vec<String>,
    /// Queues that exist in both configurations and differ, by name.
    pub queues_changed: Vec<(String, QueueChange)>,
    /// Plugins whose settings differ, by name, among those that a queue uses before or after. An added or removed
    /// entry counts if it differs from the defaults. Which plugins start or stop being used follows from the queues.
    pub plugins_changed: Vec<String>,
    /// Webhooks that were added, removed or changed, by name.
    pub webhooks_changed: Vec<String>,
    /// Whether `[callbacks]` was added, removed or changed.
    pub callbacks: bool,
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
}

/// Compares `new` with `old`.
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
    let webhooks: BTreeSet<&String> = old.webhooks.keys().chain(new.webhooks.keys()).collect();
    let webhooks = webhooks.into_iter().filter(|name| old.webhooks.get(*name) != new.webhooks.get(*name));
    Changes {
        redis: old.redis != new.redis,
        host: host(&old.host, &new.host),
        queues_added: only_in(new, old),
        queues_removed: only_in(old, new),
        queues_changed: changed.collect(),
        plugins_changed: plugins.cloned().collect(),
        webhooks_changed: webhooks.cloned().collect(),
        callbacks: old.callbacks != new.callbacks,
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
        ("admin", old.admin != new.admin),
        ("allowed_hosts", old.allowed_hosts != new.allowed_hosts),
        ("cache", old.cache != new.cache),
        ("compile_memory", old.compile_memory != new.compile_memory),
        ("compile_timeout", old.compile_timeout != new.compile_timeout),
        ("keep_attempts", old.keep_attempts != new.keep_attempts),
        ("listen", old.listen != new.listen),
        ("log", old.log != new.log),
        ("max_component", old.max_component != new.max_component),
        ("max_pens", old.max_pens != new.max_pens),
        ("name", old.name != new.name),
        ("pen_threads", old.pen_threads != new.pen_threads),
        ("plugins", old.plugins != new.plugins),
        ("redact", old.redact != new.redact),
        ("shutdown_timeout", old.shutdown_timeout != new.shutdown_timeout),
    ];
    let changed = keys.into_iter().filter(|(_, changed)| *changed);
    changed.map(|(key, _)| key).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

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
        let expected = Changes { queues_added: names(&["c"]), queues_removed: names(&["b"]), ..Changes::default() };
        assert_eq!(changes, expected);
        assert!(!changes.is_empty());
    }

    #[test]
    fn what_a_worker_keeps_for_its_life_needs_a_restart_and_the_rest_does_not() {
        use QueueChange::{Live, Restart};
        for (lines, expected) in [
            ("concurrency = 2", Live),
            ("timeout = '1s'", Live),
            ("attempts = 3", Live),
            ("backoff = '1s'", Live),
            ("remove_on_fail = true", Live),
            ("dead_letter = 'dead'", Live),
            ("metrics = false", Live),
            ("max_started_attempts = 3", Live),
            ("backoff_strategies.b = { type = 'list', delays = ['1s'] }", Live),
            ("schedules.nightly = { pattern = '0 3 * * *' }", Live),
            ("rate_limit = { max = 1, per = '1s' }", Restart),
            ("lock_duration = '1s'", Restart),
            ("stalled_interval = '1s'", Restart),
            ("max_stalled = 2", Restart),
            ("concurrency = 2\nmax_stalled = 2", Restart),
        ] {
            let changes = change("plugin = \"q\"", &format!("plugin = \"q\"\n{lines}"));
            let expected = vec![("b".to_owned(), expected)];
            assert_eq!(changes.queues_changed, expected, "{lines}");
        }
        let changes = change("plugin = \"q\"", "plugin = \"other\"");
        assert_eq!(changes.queues_changed, [("b".to_owned(), Live)]);
        let changes = change("rate_limit", "# rate_limit");
        assert_eq!(changes.queues_changed, [("a".to_owned(), Restart)]);
    }

    #[test]
    fn settings_of_plugins_in_use_change() {
        let changes = change("[plugins.p]", "[plugins.p]\nfuel = 1");
        assert_eq!(changes.plugins_changed, names(&["p"]));
        let changes = change("[plugins.p]", "[plugins.q]\nfuel = 1\n[plugins.p]");
        assert_eq!(changes.plugins_changed, names(&["q"]));
        let changes = change("[plugins.p]", "[plugins.unused]\nfuel = 1\n[plugins.p]");
        assert!(changes.is_empty(), "{changes:?}");
        let changes = change("[plugins.p]", "[plugins.unused]");
        assert_eq!(changes.plugins_changed, names(&["p"]));
    }

    #[test]
    fn a_new_secret_is_a_change_of_its_plugin() {
        let changes = diff(&config(BEFORE, "old"), &config(BEFORE, "new"));
        assert_eq!(changes.plugins_changed, names(&["p"]));
    }

    #[test]
    fn host_keys_are_named_and_redis_is_one() {
        let host = "[host]\nlisten = 'off'\nplugins = 'p'\ncache = 'c'\nshutdown_timeout = '1s'\npen_threads = 999\nname = 'w'\nmax_pens = 9\nmax_component = '1MiB'\ncompile_timeout = '9s'\ncompile_memory = '1GiB'\nkeep_attempts = 0\nadmin = 'off'\nallowed_hosts = ['h']\nredact = []\nlog = 'debug'\n[queues.a]";
        let changes = change("[queues.a]", host);
        assert_eq!(
            changes.host,
            [
                "admin",
                "allowed_hosts",
                "cache",
                "compile_memory",
                "compile_timeout",
                "keep_attempts",
                "listen",
                "log",
                "max_component",
                "max_pens",
                "name",
                "pen_threads",
                "plugins",
                "redact",
                "shutdown_timeout"
            ]
        );
        assert!(!changes.redis);
        assert!(change("[queues.a]", "[redis]\nprefix = 'x'\n[queues.a]").redis);
    }
}
