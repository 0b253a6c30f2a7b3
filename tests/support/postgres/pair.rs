//! A primary and a standby that replicates it. A commit is acknowledged when both have it.

use anyhow::{Context, Result};

use super::{DATABASE, PASSWORD, PostgresServer, USER};
use crate::wait::{LONG, wait_until};

/// Two servers. The standby answers queries that change nothing, until it is promoted.
pub struct PostgresPair {
    /// The server that clients write to.
    pub primary: PostgresServer,
    /// The other one.
    pub standby: PostgresServer,
}

impl PostgresPair {
    /// Starts both. The standby replicates the primary when this returns.
    pub async fn start() -> Self {
        let pair = Self::launched().await;
        let pair = pair.unwrap_or_else(|error| panic!("could not start the test's two PostgreSQL servers: {error:#}"));
        let state = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        wait_until("the standby to replicate", LONG, async || pair.primary.number(state).await == 1).await;
        pair
    }

    /// The URL for clients, with both servers in this order. A client must use the one that accepts writes.
    pub fn url(&self) -> String {
        let (first, second) = (self.primary.port(), self.standby.port());
        format!(
            "postgres://{USER}:{PASSWORD}@127.0.0.1:{first},127.0.0.1:{second}/{DATABASE}?target_session_attrs=read-write"
        )
    }

    /// Kills the primary, and makes the standby accept writes.
    pub async fn fail_over(&mut self) {
        self.primary.kill();
        self.promote().await;
    }

    /// Makes the standby accept writes.
    pub async fn promote(&self) {
        let promoted = self.standby.value("SELECT pg_promote(true, 300)").await;
        assert_eq!(promoted, "t", "the standby was not promoted:\n{}", self.standby.log());
    }

    async fn launched() -> Result<Self> {
        // The standby's data is a copy of the primary's, which has never run.
        let mut primary = PostgresServer::prepared(Vec::new(), false, None)?;
        let data = primary.folder.path().join("data");
        let mut standby = PostgresServer::prepared(Vec::new(), false, Some(data))?;
        primary.settings.push("synchronous_standby_names=*".to_owned());
        primary.run_on_a_free_port().await.context("the primary does not start")?;
        let signal = standby.folder.path().join("data/standby.signal");
        std::fs::write(&signal, "").with_context(|| format!("could not write {}", signal.display()))?;
        standby.account.own(&signal)?;
        let (socket, port) = (primary.folder.path().display(), primary.port());
        standby.settings.push(format!("primary_conninfo=host={socket} port={port} user=postgres"));
        standby.run_on_a_free_port().await.context("the standby does not start")?;
        Ok(Self { primary, standby })
    }
}
