//! Tests that `docs/configuration.md` agrees with the reader: every key has a row, and the row says how a reload applies
//! a change of the key.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::tests::keys;
use super::super::{Applies, Changes, Env, QueueChange, diff, parse};
use super::schema;
use toril_job::QueueName;

const MANUAL: &str = include_str!("../../../../../docs/configuration.md");

/// The keys in the tables between this heading and the next one, with the last cells of their rows.
fn rows(heading: &str) -> BTreeMap<&'static str, &'static str> {
    let (_, below) = MANUAL.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no heading {heading:?}"));
    let section = below.lines().take_while(|line| !line.starts_with('#'));
    let rows = section.filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    rows.filter_map(|row| Some((row.split_once('`')?.0, row.rsplit_once(" | ")?.1))).collect()
}

/// What a reload has to do when this queue and this `[host]` get more lines.
fn changes(queue: &str, host: &str) -> Changes {
    let config = |queue: &str, host: &str| {
        let text = format!("[host]\n{host}\n[queues.a]\nplugin = 'p'\n{queue}\n");
        parse(&text, Path::new("queues.toml"), &Env::of::<&str, &str>([])).unwrap()
    };
    diff(&config("", ""), &config(queue, host))
}

#[test]
fn the_manual_has_a_row_for_every_key() {
    let webhooks = [schema::WEBHOOK, schema::CALLBACKS].concat();
    for (heading, keys) in [
        ("## `[redis]`", schema::REDIS),
        ("## `[host]`", schema::HOST),
        ("## `[queues.NAME]`", schema::QUEUE),
        ("### `[queues.NAME.backoff_strategies.STRATEGY]`", schema::BACKOFF_STRATEGY),
        ("### `[queues.NAME.schedules.ID]`", schema::SCHEDULE),
        ("## `[plugins.NAME]`", schema::PLUGIN),
        ("### `[plugins.NAME.postgres.POOL]`", schema::POSTGRES),
        ("## `[webhooks.NAME]` and `[callbacks]`", &webhooks),
    ] {
        let described: BTreeSet<_> = rows(heading).into_keys().collect();
        assert_eq!(described, keys.iter().copied().collect(), "{heading}");
    }
}

#[test]
fn the_manual_says_which_keys_of_host_a_reload_applies() {
    let manual = rows("## `[host]`");
    for (key, applies) in changes("", &keys::HOST.join("\n")).host {
        let expected = if applies == Applies::Live { "live" } else { "restart" };
        assert_eq!(manual[key], expected, "{key}");
    }
}

#[test]
fn the_manual_says_which_keys_of_a_queue_need_a_new_worker() {
    let manual = rows("## `[queues.NAME]`");
    for line in keys::QUEUE {
        let expected = match manual[keys::name(line)] {
            "live" | "next job" => QueueChange::Live,
            "new worker" => QueueChange::Restart,
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!(changes(line, "").queues.to_change, [(QueueName::new("a").expect("valid"), expected)], "{line}");
    }
}

#[test]
fn the_tests_have_a_value_for_every_key() {
    let all = |keys: &[&'static str]| keys.iter().copied().collect::<BTreeSet<_>>();
    assert_eq!(keys::names(keys::HOST), all(schema::HOST));
    assert_eq!(&keys::names(keys::QUEUE) | &all(&["plugin"]), all(schema::QUEUE));
    assert_eq!(keys::names(keys::PLUGIN), all(schema::PLUGIN));
}
