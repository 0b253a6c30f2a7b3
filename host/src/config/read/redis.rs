//! Reads `[redis]`, and puts `REDIS_URL` and `REDIS_TLS` on top.

use std::path::Path;

use super::super::env::Env;
use super::super::redis::{Redis, RedisUrl};
use super::environment::setting;
use super::report::{Fault, Report};
use super::schema;
use super::table::{Node, Table};
use super::values;

const URL: &str = "REDIS_URL";
const TLS: &str = "REDIS_TLS";

pub(super) fn read(root: &Table<'_>, path: &Path, env: &Env, report: &mut Report<'_>) -> Redis {
    let mut redis = Redis { file: path.to_owned(), ..Redis::default() };
    if let Some(table) = Table::of(root.get("redis"), report) {
        read_table(&table, &mut redis, path, report);
    }
    if let Some(url) = setting(URL, env, report, url_from_environment) {
        redis.url = Some(url);
    }
    let tls = setting(TLS, env, report, tls_from_environment);
    redis.tls = tls.unwrap_or(redis.tls);
    finish_tls(&mut redis, tls.is_some(), report);
    redis
}

fn read_table(table: &Table<'_>, redis: &mut Redis, path: &Path, report: &mut Report<'_>) {
    table.deny_unknown(schema::REDIS, report);
    let folder = path.parent().unwrap_or(Path::new(""));
    redis.url = report.read(table.get("url"), url);
    redis.ca = report.read(table.get("ca"), |node| values::path(node, folder));
    report.set(&mut redis.tls, table.get("tls"), values::boolean);
    report.set(&mut redis.prefix, table.get("prefix"), values::text);
    report.set(&mut redis.namespace, table.get("namespace"), values::text);
    report.set(&mut redis.connect_timeout, table.get("connect_timeout"), values::some_duration);
}

/// Says no more than what is wrong: the URL may hold a password.
fn url(node: &Node<'_>) -> Result<RedisUrl, Fault> {
    let url = values::string(node)?.parse();
    url.map_err(|error| Fault::new(format!("{node} {error}")))
}

fn url_from_environment(value: &str) -> Result<RedisUrl, String> {
    value.parse().map_err(|error| format!("{URL} {error}"))
}

fn tls_from_environment(value: &str) -> Result<bool, String> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(format!("{TLS} must be true, false, 1 or 0, not {value:?}")),
    }
}

/// Brings URL and switch together: `rediss://` is TLS whatever the switch says, and a socket cannot have it.
fn finish_tls(redis: &mut Redis, from_environment: bool, report: &mut Report<'_>) {
    let Some(url) = &redis.url else { return };
    if url.is_tls() {
        redis.tls = true;
    }
    if redis.tls && url.is_unix() {
        let fault = Fault::new("TLS is on, but Redis is reached through a Unix socket")
            .help("turn TLS off, or name the server by a rediss:// URL");
        if from_environment {
            report.error_in_environment(TLS, fault);
        } else {
            report.error("redis.tls", fault);
        }
    }
}
