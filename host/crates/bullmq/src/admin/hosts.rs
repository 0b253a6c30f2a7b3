//! The hosts that work on the queues: each says in Redis that it is there, and is gone when it has not said so for a while.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Admin;
use super::error::AdminError;

/// How often a host says that it is there.
pub const BEAT: Duration = Duration::from_secs(5);
/// For how long it is believed.
const BELIEVED: Duration = Duration::from_secs(20);
/// How many hosts are shown at most.
const MOST: usize = 200;

/// A host that works on queues, as it describes itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostStatus {
    /// What tells it from all others.
    pub id: String,
    /// The machine's name.
    pub machine: String,
    /// The process id there.
    pub pid: u32,
    /// Toril's version.
    pub version: String,
    /// When it started, in milliseconds since the Unix epoch.
    pub started: u64,
    /// When it last said that it is there.
    pub seen: u64,
    /// Its queues.
    pub queues: BTreeMap<String, HostQueue>,
    /// The version in use of each of its plugins.
    pub plugins: BTreeMap<String, String>,
}

/// A queue of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostQueue {
    /// How many of its jobs the host runs now.
    pub running: u64,
    /// How many it runs at most.
    pub concurrency: u64,
}

impl Admin {
    /// Says that a host is there.
    pub async fn announce(&self, host: &HostStatus) -> Result<(), AdminError> {
        let text = serde_json::to_string(host).map_err(bullmq::Error::from)?;
        let believed = u64::try_from(BELIEVED.as_millis()).unwrap_or(u64::MAX);
        let index = self.index();
        let mut pipe = redis::pipe();
        pipe.cmd("SET").arg(self.host_key(&host.id)).arg(text).arg("PX").arg(believed).ignore();
        pipe.cmd("ZADD").arg(&index).arg(host.seen).arg(&host.id).ignore();
        // Those that have not been heard of for long are forgotten.
        pipe.cmd("ZREMRANGEBYSCORE").arg(&index).arg("-inf").arg(host.seen.saturating_sub(believed * 10)).ignore();
        pipe.cmd("PEXPIRE").arg(&index).arg(believed * 10).ignore();
        Ok(self.redis.connection().await?.pipe::<()>(&pipe).await?)
    }

    /// Says that a host is gone.
    pub async fn withdraw(&self, id: &str) -> Result<(), AdminError> {
        let mut pipe = redis::pipe();
        pipe.cmd("DEL").arg(self.host_key(id)).ignore();
        pipe.cmd("ZREM").arg(self.index()).arg(id).ignore();
        Ok(self.redis.connection().await?.pipe::<()>(&pipe).await?)
    }

    /// The hosts that are there, by machine and start. Two commands.
    pub async fn hosts(&self) -> Result<Vec<HostStatus>, AdminError> {
        let connection = self.redis.connection().await?;
        let mut newest = redis::cmd("ZREVRANGE");
        newest.arg(self.index()).arg(0).arg(MOST - 1);
        let ids: Vec<String> = connection.cmd(&mut newest).await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        // One by one, since they may lie on several nodes of a cluster.
        let mut pipe = redis::pipe();
        for id in &ids {
            pipe.cmd("GET").arg(self.host_key(id));
        }
        let found: Vec<Option<String>> = connection.pipe(&pipe).await?;
        // One that is of another version of Toril may say something else.
        let hosts = found.into_iter().flatten().filter_map(|text| serde_json::from_str::<HostStatus>(&text).ok());
        let mut hosts: Vec<_> = hosts.collect();
        hosts.sort_by(|a, b| (&a.machine, a.started, &a.id).cmp(&(&b.machine, b.started, &b.id)));
        Ok(hosts)
    }

    fn index(&self) -> String {
        self.redis.namespaced("hosts")
    }

    fn host_key(&self, id: &str) -> String {
        self.redis.namespaced(&format!("host:{id}"))
    }
}
