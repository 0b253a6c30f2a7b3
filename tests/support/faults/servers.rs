//! The Redis of a round: one server, or several of which one has the queue.

use serde_json::{Value, json};

use crate::RedisServer;
use crate::redis_server::{RedisCluster, RedisSentinel};

/// BullMQ's prefix, which keeps all queues together in a cluster.
pub const PREFIX: &str = "{bull}";

/// What servers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One, with an append-only file.
    Kept,
    /// One that writes nothing to disk by itself.
    InMemory,
    /// A master with two replicas, and three sentinels.
    Sentinels,
    /// A cluster of three masters, of which the one that has the queue has a replica.
    Cluster,
}

/// The servers. Dropped, they end.
pub enum Servers {
    /// One server.
    One(Box<RedisServer>),
    /// A master that sentinels know, and which of the servers it is.
    Sentinels(RedisSentinel, usize),
    /// A cluster, and which of its nodes have the queue: the master and its replica.
    Cluster(RedisCluster, [usize; 2]),
}

impl Servers {
    /// Starts them. They answer when this returns.
    pub async fn start(kind: Kind) -> Self {
        match kind {
            Kind::Kept => Self::One(Box::new(RedisServer::start().await)),
            Kind::InMemory => Self::One(Box::new(RedisServer::start_with(&["--appendonly", "no"]).await)),
            Kind::Sentinels => {
                // As the manual advises: else a master that comes back takes writes until the sentinels tell it of the new one.
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

    /// The one that has the queue.
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

    /// How BullMQ's clients in Node find it.
    pub fn input(&self) -> Value {
        match self {
            Self::One(server) => json!({ "redis": server.url(), "prefix": PREFIX }),
            Self::Sentinels(group, _) => {
                json!({ "sentinels": group.sentinels(), "master": group.name(), "prefix": PREFIX })
            }
            Self::Cluster(cluster, _) => json!({ "cluster": cluster.urls(), "prefix": PREFIX }),
        }
    }

    /// The table `[redis]` of a host that reaches one server by this port.
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

    /// Waits until whoever could be promoted has what was written until now.
    pub async fn wait_replicated(&mut self) {
        match self {
            Self::One(_) => {}
            Self::Sentinels(group, _) => group.wait_replicated().await,
            Self::Cluster(cluster, [master, _]) => cluster.wait_replicated(*master).await,
        }
    }

    /// Kills the one that has the queue, and waits until a replica has been promoted. Then it comes back, as a replica.
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
