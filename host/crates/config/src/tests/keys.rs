//! A value for each key that is not the key's default. Several tests use these lines, so they include a new key once it
//! is here.

use std::collections::BTreeSet;

/// Lines of `[host]`.
pub const HOST: &[&str] = &[
    "admin = 'read-only'",
    "allowed_hosts = ['h']",
    "cache = 'c'",
    "compile_memory = '1GiB'",
    "compile_timeout = '30s'",
    "keep_attempts = 5",
    "listen = 'off'",
    "log = 'debug'",
    "max_component = '5MiB'",
    "max_pens = 9",
    "name = 'w'",
    "pen_threads = 999",
    "plugins = 'elsewhere'",
    "redact = ['pin']",
    "shutdown_timeout = '3s'",
];

/// Lines of `[queues.NAME]`, except `plugin`, which has no default.
pub const QUEUE: &[&str] = &[
    "attempts = 4",
    "backoff = { type = 'exponential', delay = '1s', jitter = 0.5 }",
    "backoff_strategies.mine = { type = 'linear', delay = '1s', max = '1m' }",
    "concurrency = 3",
    "dead_letter = 'dead'",
    "lock_duration = '7s'",
    "max_stalled = 4",
    "max_started_attempts = 5",
    "metrics = false",
    "rate_limit = { max = 7, per = '1s' }",
    "remove_on_complete = { age = '1h', count = 9 }",
    "remove_on_fail = true",
    "schedules.nightly = { pattern = '0 3 * * *', tz = 'Europe/Madrid' }",
    "schedules.often = { every = '15m', data = { n = 1 } }",
    "stalled_interval = '9s'",
    "timeout = '5s'",
];

/// Lines of `[plugins.NAME]`. Keys that need each other are in one text. `TOKEN` is in the environment.
pub const PLUGIN: &[&str] = &[
    "add_to = ['a']",
    "ca = '/dev/null'",
    "config = { a = 1 }",
    "env = { API_KEY = 'env:TOKEN' }",
    "fuel = 1000",
    "http = ['https://api.test']\nsend_secrets = { key = { secret = 'env:TOKEN', origin = 'https://api.test' } }",
    "http_rate = { max = 5, per = '1s' }",
    "isolation = 'reuse'\nreuse_jobs = 7",
    "keyvalue = true",
    "max_added_jobs = 7",
    "max_result = '2KB'",
    "memory = '32MiB'",
    "postgres.main = { url = 'env:TOKEN', connections = 3, read_only = true }",
    "private_addresses = ['10.0.0.0/8']",
    "secrets = { token = 'env:TOKEN' }",
    "tcp = ['smtp.test:587']",
    "tcp_connections = 3",
    "tls = ['smtp.test:465']",
];

/// The keys that these lines set.
pub fn names(lines: &[&'static str]) -> BTreeSet<&'static str> {
    lines.iter().flat_map(|text| text.lines()).map(name).collect()
}

/// The key that a line sets.
pub fn name(line: &'static str) -> &'static str {
    line.split([' ', '.']).next().unwrap_or(line)
}
