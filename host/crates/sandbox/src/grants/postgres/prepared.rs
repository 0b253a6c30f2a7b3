//! The pools of a plugin's entry. They live as long as the entry: versions of the plugin come and go without new connections.

use std::collections::BTreeMap;
use std::sync::Arc;

use toril_config::{Plugin, Postgres};
use toril_meters::PostgresMeters;
use toril_postgres::{Pool, Settings, Target};

use super::observer::PoolObserver;

/// The pools of a plugin's entry.
#[derive(Clone)]
pub struct Prepared(Arc<Pools>);

/// Closes its pools when it is dropped: the entry has changed, and no attempt uses the old one any more.
struct Pools(BTreeMap<Arc<str>, NamedPool>);

/// A pool and its observer.
pub(super) struct NamedPool {
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
    /// Prepares the pools of a configuration entry. Connects to no server.
    pub fn new(plugin: &Arc<str>, entry: &Plugin) -> Self {
        let named = |(name, pool): (&String, &Postgres)| (Arc::from(name.as_str()), NamedPool::new(plugin, name, pool));
        Self(Arc::new(Pools(entry.postgres.iter().map(named).collect())))
    }

    /// The first pool that cannot be used, if there is one.
    pub fn check(&self, plugin: &str) -> Result<(), PoolProblem> {
        for (name, pool) in &self.0.0 {
            if let Err(reason) = &pool.pool {
                let (plugin, pool) = (plugin.to_owned(), name.to_string());
                return Err(PoolProblem { plugin, pool, reason: reason.clone() });
            }
        }
        Ok(())
    }

    /// The pool of this name, and the name.
    pub(super) fn pool(&self, name: &str) -> Option<(&Arc<str>, &NamedPool)> {
        self.0.0.get_key_value(name)
    }

    /// The status of all pools that can be used, by name.
    pub fn status(&self) -> Vec<PoolStatus> {
        let status = |(name, pool): (&Arc<str>, &NamedPool)| {
            let status = pool.pool.as_ref().ok()?.status();
            let toril_postgres::Status { open, idle, waiting, max } = status;
            Some(PoolStatus { name: name.to_string(), open, idle, waiting, max })
        };
        self.0.0.iter().filter_map(status).collect()
    }

    /// Sets the gauges of all pools.
    pub fn record(&self) {
        for pool in self.0.0.values() {
            if let Ok(of) = &pool.pool {
                let status = of.status();
                pool.observer.0.connections(status.open, status.idle);
            }
        }
    }
}

impl NamedPool {
    fn new(plugin: &Arc<str>, name: &str, pool: &Postgres) -> Self {
        let observer = Arc::new(PoolObserver(PostgresMeters::of(plugin, name)));
        Self { pool: open(format!("toril/{plugin}.{name}"), pool, observer.clone()), observer }
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

impl Drop for Pools {
    fn drop(&mut self) {
        for pool in self.0.values() {
            if let Ok(pool) = &pool.pool {
                pool.close();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use toril_config::Secret;

    fn prepared(url: &str) -> Prepared {
        let pool = Postgres::new(Secret::new(url));
        let entry = Plugin { postgres: [("main".to_owned(), pool)].into(), ..Plugin::default() };
        Prepared::new(&"orders".into(), &entry)
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
