//! The pools of a plugin's entry. A pool lives as long as its part of the entry: versions of the plugin and other
//! settings come and go without new connections.

use std::collections::BTreeMap;
use std::sync::Arc;

use toril_config::{Plugin, Postgres};
use toril_meters::PostgresMeters;
use toril_postgres::{Pool, Settings, Target};

use super::observer::PoolObserver;

/// The pools of a plugin's entry.
#[derive(Clone)]
pub struct Prepared(Arc<BTreeMap<Arc<str>, Arc<NamedPool>>>);

/// A pool. It closes when it is dropped: the entry has changed, and no attempt uses the old one any more.
pub(super) struct NamedPool {
    settings: Postgres,
    /// The pool, or why it cannot be used.
    pub pool: Result<Pool, String>,
    observer: Arc<PoolObserver>,
}

/// Why a pool of an entry cannot be used. The text contains no part of the connection string.
#[derive(Debug, thiserror::Error)]
#[error("pool {pool} under [plugins.{plugin}.postgres] cannot be used: {reason}")]
pub struct PoolProblem {
    plugin: String,
    pool: String,
    reason: String,
}

impl PoolProblem {
    /// The pool's name.
    pub fn pool(&self) -> &str {
        &self.pool
    }
}

/// A pool's connections on this host at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolStatus {
    /// The pool's name.
    pub name: String,
    /// Open connections, borrowed or idle.
    pub open: usize,
    /// Open connections that no attempt has borrowed.
    pub idle: usize,
    /// Attempts that wait for a connection.
    pub waiting: usize,
    /// The limit of open connections.
    pub max: usize,
}

impl Prepared {
    /// Prepares the pools of a configuration entry. Connects to no server. Pools of `before`, the entry that this one
    /// replaces, go on if their settings are the same.
    pub fn new(plugin: &Arc<str>, entry: &Plugin, before: Option<&Self>) -> Self {
        let named = |(name, settings): (&String, &Postgres)| {
            let kept = before.and_then(|before| before.0.get(name.as_str())).filter(|pool| pool.settings == *settings);
            let pool = kept.cloned().unwrap_or_else(|| Arc::new(NamedPool::new(plugin, name, settings)));
            (Arc::from(name.as_str()), pool)
        };
        Self(Arc::new(entry.postgres.iter().map(named).collect()))
    }

    /// The first pool that cannot be used, if there is one.
    pub fn check(&self, plugin: &str) -> Result<(), PoolProblem> {
        for (name, pool) in self.0.iter() {
            if let Err(reason) = &pool.pool {
                let (plugin, pool) = (plugin.to_owned(), name.to_string());
                return Err(PoolProblem { plugin, pool, reason: reason.clone() });
            }
        }
        Ok(())
    }

    /// The pool of this name, and the name.
    pub(super) fn pool(&self, name: &str) -> Option<(&Arc<str>, &NamedPool)> {
        self.0.get_key_value(name).map(|(name, pool)| (name, &**pool))
    }

    /// The status of all pools that can be used, by name.
    pub fn status(&self) -> Vec<PoolStatus> {
        let status = |(name, pool): (&Arc<str>, &Arc<NamedPool>)| {
            let status = pool.pool.as_ref().ok()?.status();
            let toril_postgres::Status { open, idle, waiting, max } = status;
            Some(PoolStatus { name: name.to_string(), open, idle, waiting, max })
        };
        self.0.iter().filter_map(status).collect()
    }

    /// Sets the gauges of all pools.
    pub fn record(&self) {
        for pool in self.0.values() {
            if let Ok(of) = &pool.pool {
                let status = of.status();
                pool.observer.0.connections(status.open, status.idle);
            }
        }
    }
}

impl NamedPool {
    fn new(plugin: &str, name: &str, settings: &Postgres) -> Self {
        let observer = Arc::new(PoolObserver(PostgresMeters::of(plugin, name)));
        let pool = open(format!("toril/{plugin}.{name}"), settings, observer.clone());
        Self { settings: settings.clone(), pool, observer }
    }
}

/// `name` is shown by the server, and in the host's log.
fn open(name: String, pool: &Postgres, observer: Arc<PoolObserver>) -> Result<Pool, String> {
    let target = Target::parse(pool.url.expose()).map_err(|error| format!("its `url` is not valid: {error}"))?;
    let settings = Settings {
        target,
        ca: pool.ca.clone(),
        connections: usize::try_from(pool.connections.get()).unwrap_or(usize::MAX),
        connect_timeout: pool.connect_timeout,
        statement_timeout: pool.statement_timeout,
        max_rows: pool.max_rows.get(),
        max_bytes: pool.max_bytes,
        read_only: pool.read_only,
        name,
    };
    Pool::new(settings, observer).map_err(|error| error.to_string())
}

impl Drop for NamedPool {
    fn drop(&mut self) {
        if let Ok(pool) = &self.pool {
            pool.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use toril_config::Secret;

    fn entry(url: &str) -> Plugin {
        let pool = Postgres::new(Secret::new(url));
        Plugin { postgres: [("main".to_owned(), pool)].into(), ..Plugin::default() }
    }

    fn prepared(url: &str) -> Prepared {
        Prepared::new(&"orders".into(), &entry(url), None)
    }

    #[tokio::test]
    async fn a_pool_goes_on_when_another_part_of_the_entry_changes() {
        let first = prepared("postgres://me@127.0.0.1:1/shop");
        let pool = |prepared: &Prepared| prepared.0.get("main").cloned().expect("a pool");
        let replaced = |entry: &Plugin| pool(&Prepared::new(&"orders".into(), entry, Some(&first)));

        let other = Plugin { memory: 1 << 20, ..entry("postgres://me@127.0.0.1:1/shop") };

        assert!(Arc::ptr_eq(&replaced(&other), &pool(&first)));
        assert!(!Arc::ptr_eq(&replaced(&entry("postgres://me@127.0.0.1:2/shop")), &pool(&first)));
    }

    #[tokio::test]
    async fn a_pool_connects_to_no_server_before_an_attempt_needs_it() {
        let prepared = prepared("postgres://me:hunter2@127.0.0.1:1/shop");
        prepared.check("orders").expect("it can be used");
        let status = PoolStatus { name: "main".to_owned(), open: 0, idle: 0, waiting: 0, max: 10 };
        assert_eq!(prepared.status(), [status]);
    }

    #[tokio::test]
    async fn a_url_that_is_not_valid_is_named_by_plugin_and_pool_and_not_shown() {
        for url in ["", "hunter2", "mysql://me:hunter2@db", "postgres://me:hunter2@db:port/x"] {
            let shown = prepared(url).check("orders").expect_err(url).to_string();
            assert!(shown.contains("pool main under [plugins.orders.postgres]"), "{shown}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
