//! Which keys each table may have, suggestions for mistyped keys, and which values are secrets.

/// The top-level tables of the file.
pub(super) const ROOT: &[&str] = &["callbacks", "host", "plugins", "queues", "redis", "webhooks"];
/// `[redis]`.
pub(super) const REDIS: &[&str] =
    &["ca", "cluster", "connect_timeout", "namespace", "nodes", "prefix", "sentinels", "tls", "url"];
/// `[host]`.
pub(super) const HOST: &[&str] = super::super::host::KEYS;
/// `[queues.NAME]`.
pub(super) const QUEUE: &[&str] = &[
    "attempts",
    "backoff",
    "backoff_strategies",
    "concurrency",
    "dead_letter",
    "lock_duration",
    "max_stalled",
    "max_started_attempts",
    "metrics",
    "plugin",
    "rate_limit",
    "remove_on_complete",
    "remove_on_fail",
    "schedules",
    "stalled_interval",
    "timeout",
];
/// `[plugins.NAME]`.
pub(super) const PLUGIN: &[&str] = &[
    "add_to",
    "ca",
    "config",
    "env",
    "fuel",
    "http",
    "http_rate",
    "isolation",
    "keyvalue",
    "max_added_jobs",
    "max_result",
    "memory",
    "postgres",
    "private_addresses",
    "reuse_jobs",
    "secrets",
    "send_secrets",
    "tcp",
    "tcp_connections",
    "tls",
];
/// `[plugins.NAME.postgres.POOL]`.
pub(super) const POSTGRES: &[&str] =
    &["ca", "connect_timeout", "connections", "max_bytes", "max_rows", "read_only", "statement_timeout", "url"];
/// `[webhooks.NAME]`.
pub(super) const WEBHOOK: &[&str] = &[
    "constants",
    "data",
    "deduplication",
    "delay",
    "events",
    "max_body",
    "name",
    "priority",
    "queue",
    "secret",
    "signature",
];
/// `deduplication = { … }` of a webhook.
pub(super) const WEBHOOK_DEDUPLICATION: &[&str] = &["extend", "id", "keep_last_if_active", "replace", "ttl"];
/// `[callbacks]`.
pub(super) const CALLBACKS: &[&str] = &["secret"];
/// `keyvalue = { … }`.
pub(super) const KEYVALUE: &[&str] = &["max_bytes", "max_keys", "ttl"];
/// `send_secrets.NAME = { … }`.
pub(super) const SEND_SECRET: &[&str] = &["header", "origin", "secret"];
/// `[queues.NAME.schedules.ID]`.
pub(super) const SCHEDULE: &[&str] = &["data", "every", "limit", "name", "pattern", "priority", "tz"];
/// `backoff = { … }`.
pub(super) const BACKOFF: &[&str] = &["delay", "jitter", "type"];
/// `rate_limit = { … }` and `http_rate = { … }`.
pub(super) const RATE_LIMIT: &[&str] = &["max", "per"];
/// `remove_on_complete = { … }` and `remove_on_fail = { … }`.
pub(super) const KEEP: &[&str] = &["age", "count", "limit"];
/// `[queues.NAME.backoff_strategies.STRATEGY]`.
pub(super) const BACKOFF_STRATEGY: &[&str] = &["delay", "delays", "jitter", "max", "type"];
/// `metrics = { … }`.
pub(super) const METRICS: &[&str] = &["max_data_points"];

/// Which table a misplaced key belongs to.
const HOMES: [(&str, &[&str]); 8] = [
    ("under [queues.NAME]", QUEUE),
    ("under [plugins.NAME]", PLUGIN),
    ("under [host]", HOST),
    ("under [redis]", REDIS),
    ("into `backoff`", BACKOFF),
    ("into `rate_limit`", RATE_LIMIT),
    ("under [webhooks.NAME]", WEBHOOK),
    ("under [plugins.NAME.postgres.POOL]", POSTGRES),
];

/// A suggestion for an unknown key, and the list of allowed keys.
pub(super) fn advice(unknown: &str, allowed: &[&str]) -> String {
    let all = format!("Allowed here: {}", allowed.join(", "));
    if let Some(meant) = nearest(unknown, allowed) {
        return format!("did you mean `{meant}`? {all}");
    }
    let name = snake_case(unknown);
    let home = HOMES.iter().find(|(_, keys)| keys.contains(&name.as_str()));
    match home {
        Some((home, _)) => format!("`{name}` belongs {home}. {all}"),
        None => all,
    }
}

/// The name in `known` that `word` is most likely a typo of. BullMQ's spelling counts too: `removeOnFail`.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let word = snake_case(word);
    let slips = |known: &str| strsim::osa_distance(&word, &snake_case(known));
    let best = known.iter().copied().min_by_key(|known| slips(known))?;
    let allowed = (word.chars().count() / 3).max(1);
    // A word with another first letter is more likely a different word.
    let allowed = if best.starts_with(word.chars().next()?) { allowed } else { 1 };
    (slips(best) <= allowed).then_some(best)
}

fn snake_case(word: &str) -> String {
    let mut snake = String::with_capacity(word.len() + 4);
    let mut after_small = false;
    for c in word.chars() {
        if c.is_uppercase() && after_small {
            snake.push('_');
        }
        after_small = c.is_lowercase() || c.is_ascii_digit();
        snake.extend(if c == '-' { '_' } else { c }.to_lowercase());
    }
    snake
}

/// Whether a value may be shown in messages and logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secrecy {
    /// It may be shown.
    Open,
    /// Unknown: the key does not exist in Toril, and may be a mistyped `url` or `secrets`.
    Unknown,
    /// Neither the value nor its line may be shown.
    Secret,
}

/// The secrecy of the value at `path`.
pub(super) fn secrecy(path: &[&str]) -> Secrecy {
    let open_in = |allowed: &[&str], key: &&str| match allowed.contains(key) {
        true => Secrecy::Open,
        false => Secrecy::Unknown,
    };
    match path {
        ["redis", "url" | "nodes" | "sentinels", ..]
        | ["plugins", _, "env" | "secrets" | "send_secrets", ..]
        | ["webhooks", _, "secret", ..]
        | ["callbacks", "secret", ..] => Secrecy::Secret,
        ["plugins", _, "postgres", _, key, ..] if *key != "url" && POSTGRES.contains(key) => Secrecy::Open,
        // A URL, or what may be one in the wrong place.
        ["plugins", _, "postgres", ..] => Secrecy::Secret,
        ["redis", key, ..] => open_in(REDIS, key),
        ["host", key, ..] => open_in(HOST, key),
        ["queues", _, key, ..] => open_in(QUEUE, key),
        ["plugins", _, key, ..] => open_in(PLUGIN, key),
        ["webhooks", _, key, ..] => open_in(WEBHOOK, key),
        _ => Secrecy::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_is_recognised() {
        for (word, meant) in [
            ("concurency", Some("concurrency")),
            ("tiemout", Some("timeout")),
            ("removeOnComplete", Some("remove_on_complete")),
            ("remove-on-fail", Some("remove_on_fail")),
            ("Plugins", Some("plugin")),
            ("retries", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, QUEUE), meant, "{word}");
        }
    }

    #[test]
    fn a_key_of_another_table_is_sent_there() {
        assert!(advice("memory", QUEUE).starts_with("`memory` belongs under [plugins.NAME]."));
        assert!(advice("jitter", QUEUE).starts_with("`jitter` belongs into `backoff`."));
        assert!(advice("nonsense", KEEP).starts_with("Allowed here: age, count, limit"));
    }
}
