//! The Redis of a round: one server, or several servers of which one has the queue.

use serde_json::{Value, json};

use crate::RedisServer;
use crate::redis_server::{RedisCluster, RedisSentinel};

/// BullMQ's prefix, whose hash tag keeps all queues on one node of a cluster.
pub const PREFIX: &str = "{bull}";

/// The kind of servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One server with an append-only file.
    Kept,
    /// One server that writes nothing to disk on its own.
    InMemory,
    /// A master with two replicas, and three sentinels.
    Sentinels,
    /// A cluster of three masters. The one that has the queue has a replica.
    Cluster,
}

/// The servers. Dropping them ends them.
pub enum Servers {
    /// One server.
    One(Box<RedisServer>),
    /// A master with sentinels, and its index among the servers.
    Sentinels(RedisSentinel, usize),
    /// A cluster, and the nodes that have the queue: the master and its replica.
    Cluster(RedisCluster, [usize; 2]),
}

impl Servers {
    /// Starts the servers. They are ready when this returns.
    pub async fn start(kind: Kind) -> Self {
        match kind {
            Kind::Kept => Self::One(Box::new(RedisServer::start().await)),
            Kind::InMemory => Self::One(Box::new(RedisServer::start_with(&["--appendonly", "no"]).await)),
            Kind::Sentinels => {
                // As the manual recommends. Otherwise a returning master accepts writes until the sentinels demote
                // it.
                let careful = ["--min-replicas-to-write", "1", "--min-replicas-max-lag", "10"];
                let mut group = RedisSentinel::start_with(&careful).await;
                let master = group.master().await;
                Self::Sentinels(group, master)
            }
            Kind::Cluster => {
                let mut cluster = RedisCluster::start().await;
                let master = cluster.owner(PREFIX).await;
                let replica = cluster.add_replica(master).await;
                Self::Cluster(cluster, [master, replica])
            }
        }
    }

    /// The server that has the queue.
    pub fn one(&self) -> &RedisServer {
        match self {
            Self::One(server) => server,
            Self::Sentinels(group, master) => group.server(*master),
            Self::Cluster(cluster, [master, _]) => &cluster.nodes()[*master],
        }
    }

    /// The same, to kill, pause or restart.
    pub fn one_mut(&mut self) -> &mut RedisServer {
        match self {
            Self::One(server) => server,
            Self::Sentinels(group, master) => group.server_mut(*master),
            Self::Cluster(cluster, [master, _]) => cluster.node_mut(*master),
        }
    }

    /// The connection settings for BullMQ's clients in Node.
    pub fn input(&self) -> Value {
        match self {
            Self::One(server) => json!({ "redis": server.url(), "prefix": PREFIX }),
            Self::Sentinels(group, _) => {
                json!({ "sentinels": group.sentinels(), "master": group.name(), "prefix": PREFIX })
            }
            Self::Cluster(cluster, _) => json!({ "cluster": cluster.urls(), "prefix": PREFIX }),
        }
    }

    /// The table `[redis]` of a host that reaches one server through this port.
    pub fn config(&self, port: u16) -> String {
        let way = match self {
            Self::One(_) => format!("url = \"redis://127.0.0.1:{port}\""),
            Self::Sentinels(group, _) => {
                format!("url = \"redis://{}\"\nsentinels = {:?}", group.name(), group.sentinels())
            }
            Self::Cluster(cluster, _) => format!("url = {:?}\ncluster = true", cluster.url()),
        };
        format!("[redis]\n{way}\nprefix = {PREFIX:?}\n")
    }

    /// Waits until every possible new master has all writes so far.
    pub async fn wait_replicated(&mut self) {
        match self {
            Self::One(_) => {}
            Self::Sentinels(group, _) => group.wait_replicated().await,
            Self::Cluster(cluster, [master, _]) => cluster.wait_replicated(*master).await,
        }
    }

    /// Kills the server that has the queue, and waits until a replica is promoted. The old server then returns as a
    /// replica.
    pub async fn fail_over(&mut self) {
        match self {
            Self::One(_) => panic!("one server has no replica"),
            Self::Sentinels(group, master) => {
                let old = group.kill_master().await;
                *master = group.wait_promoted(old).await;
                group.server_mut(old).restart().await;
            }
            Self::Cluster(cluster, nodes) => {
                let [old, new] = *nodes;
                cluster.node_mut(old).kill();
                cluster.wait_promoted(new).await;
                *nodes = [new, old];
                cluster.node_mut(old).restart().await;
            }
        }
    }
}
