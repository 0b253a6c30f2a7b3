//! The hosts that work on the queues. Each host writes a heartbeat to Redis, and counts as gone when the heartbeat
//! expires.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::AdminError;
use super::handle::Admin;
use toril_job::QueueName;

/// The interval of a host's heartbeat.
pub const BEAT: Duration = Duration::from_secs(5);
/// How long a heartbeat is valid.
const BELIEVED: Duration = Duration::from_secs(20);
/// The most hosts that are shown.
const MOST: usize = 200;

/// A host that works on queues, as it describes itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostStatus {
    /// The host's unique id.
    pub id: String,
    /// The machine's name.
    pub machine: String,
    /// The host's process id on that machine.
    pub pid: u32,
    /// Toril's version.
    pub version: String,
    /// When it started, in milliseconds since the Unix epoch.
    pub started: u64,
    /// When it wrote its last heartbeat.
    pub seen: u64,
    /// Its queues.
    pub queues: BTreeMap<QueueName, HostQueue>,
    /// The version in use of each of its plugins.
    pub plugins: BTreeMap<String, String>,
}

/// A queue of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostQueue {
    /// The number of the queue's jobs that the host runs now.
    pub running: u64,
    /// The most jobs that it runs at the same time.
    pub concurrency: u64,
}

impl Admin {
    /// Writes a host's heartbeat.
    pub async fn announce(&self, host: &HostStatus) -> Result<(), AdminError> {
        let text = serde_json::to_string(host).map_err(bullmq::Error::from)?;
        let believed = u64::try_from(BELIEVED.as_millis()).unwrap_or(u64::MAX);
        let index = self.index();
        let mut pipe = redis::pipe();
        pipe.cmd("SET").arg(self.host_key(&host.id)).arg(text).arg("PX").arg(believed).ignore();
        pipe.cmd("ZADD").arg(&index).arg(host.seen).arg(&host.id).ignore();
        // Removes hosts whose last heartbeat is long ago.
        pipe.cmd("ZREMRANGEBYSCORE").arg(&index).arg("-inf").arg(host.seen.saturating_sub(believed * 10)).ignore();
        pipe.cmd("PEXPIRE").arg(&index).arg(believed * 10).ignore();
        Ok(self.redis.connection().await?.pipe::<()>(&pipe).await?)
    }

    /// Removes a host's heartbeat.
    pub async fn withdraw(&self, id: &str) -> Result<(), AdminError> {
        let mut pipe = redis::pipe();
        pipe.cmd("DEL").arg(self.host_key(id)).ignore();
        pipe.cmd("ZREM").arg(self.index()).arg(id).ignore();
        Ok(self.redis.connection().await?.pipe::<()>(&pipe).await?)
    }

    /// The hosts with a valid heartbeat, by machine and start. Two commands.
    pub async fn hosts(&self) -> Result<Vec<HostStatus>, AdminError> {
        let connection = self.redis.connection().await?;
        let mut newest = redis::cmd("ZREVRANGE");
        newest.arg(self.index()).arg(0).arg(MOST - 1);
        let ids: Vec<String> = connection.cmd(&mut newest).await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        // One command per host, because the keys may be on several nodes of a cluster.
        let mut pipe = redis::pipe();
        for id in &ids {
            pipe.cmd("GET").arg(self.host_key(id));
        }
        let found: Vec<Option<String>> = connection.pipe(&pipe).await?;
        // Hosts with another Toril version may write another format. These are skipped.
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
