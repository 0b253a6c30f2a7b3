//! Reads `[redis]`. Environment variables such as `REDIS_URL` and `REDIS_TLS` take precedence over the file.

use std::path::Path;

use super::super::env::Env;
use super::environment::setting;
use super::fault::Fault;
use super::node::Node;
use super::report::Report;
use super::schema;
use super::table::Table;
use super::values;
use toril_job::settings::{Redis, Topology};
use toril_job::settings::{RedisUrl, RedisUrlError};

const URL: &str = "REDIS_URL";
const TLS: &str = "REDIS_TLS";
const CLUSTER: &str = "REDIS_CLUSTER";
const SENTINELS: &str = "REDIS_SENTINELS";

pub(super) fn read(root: &Table<'_>, path: &Path, env: &Env, report: &mut Report<'_>) -> Redis {
    let mut redis = Redis { file: path.to_owned(), ..Redis::default() };
    let mut behind = Behind::default();
    if let Some(table) = Table::of(root.get("redis"), report) {
        read_table(&table, &mut redis, path, report);
        report.set(&mut behind.cluster, table.get("cluster"), values::boolean);
        report.set(&mut behind.nodes, table.get("nodes"), servers);
        report.set(&mut behind.sentinels, table.get("sentinels"), servers);
    }
    if let Some(url) = setting(URL, env, report, url_from_environment) {
        redis.url = Some(url);
    }
    if let Some(cluster) = setting(CLUSTER, env, report, |value| switch(CLUSTER, value)) {
        behind.cluster = cluster;
        if !cluster {
            behind.nodes.clear();
        }
    }
    behind.sentinels = setting(SENTINELS, env, report, sentinels_from_environment).unwrap_or(behind.sentinels);
    let tls = setting(TLS, env, report, |value| switch(TLS, value));
    redis.tls = tls.unwrap_or(redis.tls);
    finish_tls(&mut redis, tls.is_some(), report);
    redis.topology = behind.topology(&redis, report);
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

/// The message never repeats the URL, which may contain a password.
fn url(node: &Node<'_>) -> Result<RedisUrl, Fault> {
    let url = values::string(node)?.parse();
    url.map_err(|error| Fault::new(format!("{node} {error}")))
}

fn url_from_environment(value: &str) -> Result<RedisUrl, String> {
    value.parse().map_err(|error| format!("{URL} {error}"))
}

fn switch(name: &str, value: &str) -> Result<bool, String> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(format!("{name} must be true, false, 1 or 0, not {value:?}")),
    }
}

/// Combines URL and `tls`: a `rediss://` URL always uses TLS, and a Unix socket cannot use it.
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

/// Further servers: `host`, `host:port`, or a URL if a password or TLS is needed.
fn servers(node: &Node<'_>) -> Result<Vec<RedisUrl>, Fault> {
    let items = node.items().ok_or_else(|| values::wrong_type(node, "a list of strings"))?;
    let server = |item: &Node<'_>| {
        let text = values::string(item)?;
        server(text).map_err(|error| Fault::new(format!("{item} {error}")))
    };
    items.iter().map(server).collect()
}

/// A comma-separated list, or `none`.
fn sentinels_from_environment(value: &str) -> Result<Vec<RedisUrl>, String> {
    if value == "none" {
        return Ok(Vec::new());
    }
    let servers = value.split(',').map(|text| server(text.trim()));
    servers.collect::<Result<_, _>>().map_err(|error| format!("a server in {SENTINELS} {error}"))
}

/// The message never repeats the text, which may contain a password.
fn server(text: &str) -> Result<RedisUrl, String> {
    let whole = if text.contains("://") { text.to_owned() } else { format!("redis://{text}") };
    let url: RedisUrl = whole.parse().map_err(|error: RedisUrlError| error.to_string())?;
    if url.is_unix() || url.database() != 0 {
        return Err("must be a host and a port, as in \"redis-1:6379\"".to_owned());
    }
    Ok(url)
}

/// The raw topology settings from the file and the environment, before they are checked for consistency.
#[derive(Default)]
struct Behind {
    cluster: bool,
    nodes: Vec<RedisUrl>,
    sentinels: Vec<RedisUrl>,
}

impl Behind {
    fn topology(self, redis: &Redis, report: &mut Report<'_>) -> Topology {
        let Self { cluster, nodes, sentinels } = self;
        let in_url = |url: &RedisUrl| {
            if url.is_unix() {
                return Some("is the path of a socket: name a server".to_owned());
            }
            if cluster && url.database() != 0 {
                return Some("names a database, and a Redis Cluster has only number 0".to_owned());
            }
            if !sentinels.is_empty() && url.server().1.is_some() {
                return Some(
                    "has a port: with `sentinels` its host is the name of the master, which they find".to_owned(),
                );
            }
            None
        };
        if cluster && !sentinels.is_empty() {
            let fault = Fault::new("`cluster` and `sentinels` in redis are both set");
            report.error("redis.sentinels", fault.help("a Redis Cluster has no sentinels: remove one of them"));
            return Topology::One;
        }
        if !cluster && sentinels.is_empty() {
            if !nodes.is_empty() {
                let fault = Fault::new("`nodes` in redis names nodes of a cluster, and there is none");
                report.error("redis.nodes", fault.help("add `cluster = true`"));
            }
            return Topology::One;
        }
        if let Some(wrong) = redis.url.as_ref().and_then(in_url) {
            report.error("redis.url", Fault::new(format!("the URL of Redis (`url` in redis, or {URL}) {wrong}")));
        }
        if cluster { Topology::Cluster(nodes) } else { Topology::Sentinels(sentinels) }
    }
}
