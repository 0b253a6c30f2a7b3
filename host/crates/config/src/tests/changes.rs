//! Property test of the difference between two configurations: applying the listed changes to the old configuration
//! gives the new one. So a reload that follows the list misses nothing.

use std::fmt::Write;
use std::path::Path;

use proptest::prelude::*;

use super::super::{Changes, Config, Env, QueueChange, diff, parse};
use super::keys;

/// A random selection of these lines.
fn some_of(lines: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(any::<bool>(), lines.len())
        .prop_map(move |there| lines.iter().zip(there).filter(|(_, there)| *there).map(|(line, _)| *line).collect())
}

fn any_queue() -> impl Strategy<Value = String> {
    let plugin = prop_oneof![Just("p"), Just("q"), Just("r")];
    let lines = some_of(keys::QUEUE);
    (plugin, lines).prop_map(|(plugin, lines)| format!("plugin = '{plugin}'\n{}\n", lines.join("\n")))
}

fn any_plugin() -> impl Strategy<Value = String> {
    let lines = some_of(keys::PLUGIN);
    lines.prop_map(|lines| lines.join("\n"))
}

/// A webhook of a queue that always exists.
fn any_webhook() -> impl Strategy<Value = String> {
    let lines = some_of(&[
        "events = ['push']",
        "data = { repo = '/repository/full_name' }",
        "deduplication = '/repository/id'",
        "delay = '1s'",
        "priority = 3",
        "max_body = '1MiB'",
    ]);
    let fixed = "queue = 'always'\nname = 'n'\nsignature = 'github'\nsecret = 'env:TOKEN'";
    lines.prop_map(move |lines| format!("{fixed}\n{}", lines.join("\n")))
}

fn any_config() -> impl Strategy<Value = Config> {
    let host = some_of(keys::HOST);
    let redis = some_of(&["prefix = 'x'", "namespace = 'n'", "connect_timeout = '1s'"]);
    let queues = prop::collection::btree_map("[a-d]", any_queue(), 1..4);
    let plugins = prop::collection::btree_map("[pqr]", any_plugin(), 0..3);
    let webhooks = prop::collection::btree_map("[xyz]", any_webhook(), 0..3);
    let callbacks = some_of(&["[callbacks]\nsecret = 'env:TOKEN'"]);
    let token = prop_oneof![Just("the-first-of-the-two"), Just("the-second-of-the-two")];
    let whole = (host, redis, queues, plugins, (webhooks, callbacks), token);
    whole.prop_map(|(host, redis, queues, plugins, (webhooks, callbacks), token)| {
        let mut text = format!("[host]\n{}\n[redis]\n{}\n", host.join("\n"), redis.join("\n"));
        let _ = write!(text, "[queues.always]\nplugin = 'p'\n{}\n", callbacks.join("\n"));
        for (name, lines) in webhooks {
            let _ = write!(text, "[webhooks.{name}]\n{lines}\n");
        }
        for (name, lines) in queues {
            let _ = write!(text, "[queues.{name}]\n{lines}\n");
        }
        for (name, lines) in plugins {
            let _ = write!(text, "[plugins.{name}]\n{lines}\n");
        }
        parse(&text, Path::new("queues.toml"), &Env::of([("TOKEN", token)]))
            .unwrap_or_else(|error| panic!("{error}\n{text}"))
    })
}

/// The old configuration with exactly the listed changes taken from the new one.
fn applied(old: &Config, new: &Config, changes: &Changes) -> Config {
    let mut applied = old.clone();
    if changes.redis {
        applied.redis = new.redis.clone();
    }
    if !changes.host.is_empty() {
        applied.host = new.host.clone();
    }
    for name in &changes.queues.to_remove {
        applied.queues.remove(name);
    }
    let changed = changes.queues.to_change.iter().map(|(name, _)| name);
    for name in changes.queues.to_add.iter().chain(changed) {
        applied.queues.insert(name.clone(), new.queues[name].clone());
    }
    for name in &changes.webhooks.to_remove {
        applied.webhooks.remove(name);
    }
    for name in changes.webhooks.to_add.iter().chain(&changes.webhooks.to_change) {
        applied.webhooks.insert(name.clone(), new.webhooks[name].clone());
    }
    if changes.callbacks {
        applied.callbacks.clone_from(&new.callbacks);
    }
    for name in changes.plugins.to_add.iter().chain(&changes.plugins.to_change) {
        applied.plugins.insert(name.clone(), new.plugin(name));
    }
    applied
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn what_the_changes_name_makes_the_new_configuration_of_the_old_one(old in any_config(), new in any_config()) {
        let changes = diff(&old, &new);
        let applied = applied(&old, &new, &changes);

        prop_assert_eq!(&applied.redis, &new.redis);
        prop_assert_eq!(&applied.host, &new.host);
        prop_assert_eq!(&applied.queues, &new.queues);
        prop_assert_eq!(&applied.webhooks, &new.webhooks);
        for queue in new.queues.values() {
            prop_assert_eq!(applied.plugin(&queue.plugin), new.plugin(&queue.plugin));
        }
        prop_assert!(diff(&applied, &new).is_empty());
    }

    #[test]
    fn nothing_is_named_that_is_the_same(old in any_config(), new in any_config()) {
        let changes = diff(&old, &new);
        for (name, change) in &changes.queues.to_change {
            prop_assert_ne!(&old.queues[name], &new.queues[name]);
            let worker = |queue: &super::super::Queue| {
                (queue.rate_limit.clone(), queue.lock_duration, queue.stalled_interval, queue.max_stalled)
            };
            let same = worker(&old.queues[name]) == worker(&new.queues[name]);
            prop_assert_eq!(same, *change == QueueChange::Live);
        }
        for name in &changes.plugins.to_change {
            prop_assert_ne!(old.plugin(name), new.plugin(name));
        }
        prop_assert!(diff(&old, &old).is_empty());
    }
}
