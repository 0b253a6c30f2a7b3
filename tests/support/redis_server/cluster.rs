//! A Redis Cluster of three masters. Each is a separate server that a test can kill, restart and pause. A test can
//! also move slots while clients work.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, cmd};
use tempfile::TempDir;

use super::{RedisServer, Security, TRIES, temporary_folder};
use crate::certificates::Certificates;
use crate::ports::free_port;
use crate::tls_front::TlsFront;
use crate::wait::{LONG, wait_until};

/// Longer than a failover takes on a busy machine.
const FAILOVER: Duration = Duration::from_secs(120);

const SLOTS: u16 = 16_384;
const MASTERS: u16 = 3;

/// After this silence, in milliseconds, the others mark a node as failed. Longer than a busy machine delays a node.
const NODE_TIMEOUT: &str = "5000";

/// Three masters that hold a third of the slots each, and replicas that a test adds. While a master without a replica
/// is down, the others answer `CLUSTERDOWN`, by Redis's default settings.
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
    arguments: Vec<String>,
    /// The TLS listeners in front of the nodes, if clients use TLS.
    fronts: Option<Fronts>,
}

struct Fronts {
    certificates: Certificates,
    each: Vec<TlsFront>,
    _folder: TempDir,
}

impl RedisCluster {
    /// Starts the servers and joins them. All nodes are ready when this returns.
    pub async fn start() -> Self {
        Self::start_with::<&str>(&[]).await
    }

    /// The same, with additional arguments for each server.
    pub async fn start_with<S: AsRef<str>>(arguments: &[S]) -> Self {
        let arguments: Vec<String> = arguments.iter().map(|argument| argument.as_ref().to_owned()).collect();
        let cluster = Self::launched(arguments).await;
        let cluster = cluster.unwrap_or_else(|error| panic!("could not start the test's Redis Cluster: {error:#}"));
        cluster.wait_ok().await;
        cluster
    }

    /// The same, with TLS only: the nodes announce ports at which this process accepts TLS for them.
    pub async fn start_tls() -> Self {
        let mut cluster = Self::start().await;
        let fronts = Fronts::start(&cluster.nodes).await;
        let fronts =
            fronts.unwrap_or_else(|error| panic!("could not start the test's Redis Cluster with TLS: {error:#}"));
        for (node, front) in cluster.nodes.iter().zip(&fronts.each) {
            let port = front.port().to_string();
            let _: () = ask(&mut node.connection().await, &["CONFIG", "SET", "cluster-announce-port", &port]).await;
        }
        for node in &cluster.nodes {
            wait_until("every node to announce the new ports", LONG, async || {
                let nodes: String = ask(&mut node.connection().await, &["CLUSTER", "NODES"]).await;
                fronts.each.iter().all(|front| nodes.contains(&format!("127.0.0.1:{}@", front.port())))
            })
            .await;
        }
        cluster.fronts = Some(fronts);
        cluster
    }

    /// The URL of one node. Clients find the others from it.
    pub fn url(&self) -> String {
        self.urls().swap_remove(0)
    }

    /// The URLs of all nodes.
    pub fn urls(&self) -> Vec<String> {
        match &self.fronts {
            Some(fronts) => fronts.each.iter().map(|front| format!("rediss://127.0.0.1:{}", front.port())).collect(),
            None => self.nodes.iter().map(RedisServer::url).collect(),
        }
    }

    /// The CA certificate, in PEM, for clients of [`RedisCluster::start_tls`].
    pub fn ca_path(&self) -> PathBuf {
        let fronts = self.fronts.as_ref();
        let fronts = fronts.unwrap_or_else(|| panic!("this cluster has no certificate: start it with start_tls()"));
        fronts.certificates.ca.clone()
    }

    /// The nodes.
    pub fn nodes(&self) -> &[RedisServer] {
        &self.nodes
    }

    /// A node to stop, kill, pause or restart. [`RedisCluster::wait_ok`] waits until the cluster has noticed.
    pub fn node_mut(&mut self, node: usize) -> &mut RedisServer {
        &mut self.nodes[node]
    }

    /// Adds a replica of this master, and returns its number once it has the master's data.
    pub async fn add_replica(&mut self, master: usize) -> usize {
        let replica = async {
            let replica = node(&self.arguments).await?;
            meet(&mut self.nodes[master].connection().await, &replica).await.map(|()| replica)
        };
        self.nodes
            .push(replica.await.unwrap_or_else(|error| panic!("could not start a replica for the test: {error:#}")));
        self.wait_ok().await;
        let (number, id) = (self.nodes.len() - 1, self.id(master).await);
        let mut connection = self.nodes[number].connection().await;
        let _: () = ask(&mut connection, &["CLUSTER", "REPLICATE", &id]).await;
        self.wait_replicated(master).await;
        number
    }

    /// Waits until a replica has all writes up to this call.
    pub async fn wait_replicated(&self, master: usize) {
        let node = &self.nodes[master];
        wait_until("the replica to have everything", LONG, async || {
            let mut connection = node.connection().await;
            // Redis waits only for writes of this connection.
            let noted = cmd("PUBLISH").arg("replicated").arg(1).query_async::<i64>(&mut connection).await.is_ok();
            let reached = cmd("WAIT").arg(1).arg(1_000).query_async::<i64>(&mut connection).await;
            noted && reached.is_ok_and(|reached| reached >= 1)
        })
        .await;
    }

    /// Waits until a replica has replaced its master.
    pub async fn wait_promoted(&self, node: usize) {
        wait_until("the replica to be a master", FAILOVER, async || self.nodes[node].role().await == "master").await;
    }

    /// Waits until every node knows all others and every slot is served.
    pub async fn wait_ok(&self) {
        for node in &self.nodes {
            wait_until("the cluster to be healthy", LONG, async || is_ok(node, self.nodes.len()).await).await;
        }
    }

    /// The slot of a key.
    pub async fn slot(&self, key: &str) -> u16 {
        ask(&mut self.nodes[0].connection().await, &["CLUSTER", "KEYSLOT", key]).await
    }

    /// The index of the node that holds a key's slot.
    pub async fn owner(&self, key: &str) -> usize {
        let slot = self.slot(key).await;
        for (number, node) in self.nodes.iter().enumerate() {
            let nodes: String = ask(&mut node.connection().await, &["CLUSTER", "NODES"]).await;
            if owned(&nodes).iter().any(|(from, to)| (*from..=*to).contains(&slot)) {
                return number;
            }
        }
        panic!("no node holds slot {slot}");
    }

    /// A connection for the test itself, to the node that holds this key.
    pub async fn connection(&self, key: &str) -> MultiplexedConnection {
        self.nodes[self.owner(key).await].connection().await
    }

    /// A queue name with this prefix whose keys, with the name as hash tag, are on this node.
    pub async fn queue_on(&self, node: usize, beginning: &str) -> String {
        for number in 0.. {
            let name = format!("{{{beginning}-{number}}}");
            if self.owner(&name).await == node {
                return name;
            }
        }
        unreachable!("the loop is infinite")
    }

    /// Begins to move a key's slot to another node. From now on, the old owner answers `ASK` for keys of the slot
    /// that it does not have, until [`SlotMove::finish`].
    pub async fn begin_move(&self, key: &str, to: usize) -> SlotMove<'_> {
        let (slot, from) = (self.slot(key).await, self.owner(key).await);
        let text = slot.to_string();
        let ids = (self.id(from).await, self.id(to).await);
        let (mut source, mut target) = (self.nodes[from].connection().await, self.nodes[to].connection().await);
        let _: () = ask(&mut target, &["CLUSTER", "SETSLOT", &text, "IMPORTING", &ids.0]).await;
        let _: () = ask(&mut source, &["CLUSTER", "SETSLOT", &text, "MIGRATING", &ids.1]).await;
        SlotMove { cluster: self, slot, from, to, target: ids.1 }
    }

    /// Moves a key's slot with all its keys to another node.
    pub async fn move_slot(&self, key: &str, to: usize) {
        let moving = self.begin_move(key, to).await;
        moving.move_keys().await;
        moving.finish().await;
    }

    async fn id(&self, node: usize) -> String {
        ask(&mut self.nodes[node].connection().await, &["CLUSTER", "MYID"]).await
    }

    async fn launched(arguments: Vec<String>) -> Result<Self> {
        let mut nodes = Vec::new();
        for _ in 0..MASTERS {
            nodes.push(node(&arguments).await?);
        }
        let share = SLOTS / MASTERS;
        for (number, node) in (0..).zip(&nodes) {
            let last = if number == MASTERS - 1 { SLOTS } else { share * (number + 1) } - 1;
            let mut connection = node.connection().await;
            let (from, to) = ((share * number).to_string(), last.to_string());
            cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(from).arg(to).query_async::<()>(&mut connection).await?;
            let epoch = number + 1;
            cmd("CLUSTER").arg("SET-CONFIG-EPOCH").arg(epoch).query_async::<()>(&mut connection).await?;
        }
        let mut first = nodes[0].connection().await;
        for node in &nodes[1..] {
            meet(&mut first, node).await?;
        }
        Ok(Self { nodes, arguments, fronts: None })
    }
}

impl Fronts {
    async fn start(nodes: &[RedisServer]) -> Result<Self> {
        let folder = temporary_folder()?;
        let certificates = Certificates::create(folder.path())?;
        let mut each = Vec::new();
        for node in nodes {
            each.push(TlsFront::start(&certificates, node.port).await?);
        }
        Ok(Self { certificates, each, _folder: folder })
    }
}

/// A slot that is being moved to another node.
pub struct SlotMove<'a> {
    cluster: &'a RedisCluster,
    slot: u16,
    from: usize,
    to: usize,
    target: String,
}

impl SlotMove<'_> {
    /// Moves the keys that the slot has now.
    pub async fn move_keys(&self) {
        let mut source = self.cluster.nodes[self.from].connection().await;
        loop {
            let slot = self.slot.to_string();
            let keys: Vec<String> = ask(&mut source, &["CLUSTER", "GETKEYSINSLOT", &slot, "100"]).await;
            if keys.is_empty() {
                return;
            }
            let mut migrate = cmd("MIGRATE");
            migrate.arg("127.0.0.1").arg(self.cluster.nodes[self.to].port).arg("").arg(0).arg(10_000).arg("KEYS");
            let moved = migrate.arg(keys).query_async::<String>(&mut source).await;
            moved.unwrap_or_else(|error| panic!("the keys of slot {slot} were not moved: {error}"));
        }
    }

    /// Assigns the slot to its new node. Its keys must have been moved.
    pub async fn finish(self) {
        let slot = self.slot.to_string();
        // The new owner first, so that the slot always has an owner.
        for node in [self.to, self.from] {
            let mut connection = self.cluster.nodes[node].connection().await;
            let _: () = ask(&mut connection, &["CLUSTER", "SETSLOT", &slot, "NODE", &self.target]).await;
        }
        for node in &self.cluster.nodes {
            let all_know = async || {
                let nodes: String = ask(&mut node.connection().await, &["CLUSTER", "NODES"]).await;
                let line = nodes.lines().find(|line| line.starts_with(&self.target)).map(str::to_owned);
                line.is_some_and(|line| ranges(&line).iter().any(|(from, to)| (*from..=*to).contains(&self.slot)))
            };
            wait_until("every node to know the slot's owner", LONG, all_know).await;
        }
    }
}

/// A single server in cluster mode.
async fn node(arguments: &[String]) -> Result<RedisServer> {
    let mut last = None;
    for _ in 0..TRIES {
        // The server's own handle chooses the other port, and does not know that this one can be in use as well.
        let bus = free_port();
        let mut line: Vec<String> = ["--cluster-enabled", "yes", "--cluster-node-timeout", NODE_TIMEOUT]
            .into_iter()
            .chain(["--cluster-config-file", "nodes.conf", "--cluster-port"])
            .map(str::to_owned)
            .collect();
        line.push(bus.to_string());
        line.extend(arguments.iter().cloned());
        match RedisServer::launched(temporary_folder()?, line, Security::Plain).await {
            Ok(server) => return Ok(RedisServer { bus: Some(bus), ..server }),
            Err(error) => last = Some(error),
        }
    }
    match last {
        Some(error) => Err(error),
        None => bail!("could not start a node"),
    }
}

async fn meet(connection: &mut MultiplexedConnection, node: &RedisServer) -> Result<()> {
    let bus = node.bus.context("a node of a cluster has a bus")?;
    let mut meet = cmd("CLUSTER");
    meet.arg("MEET").arg("127.0.0.1").arg(node.port).arg(bus).query_async::<()>(connection).await?;
    Ok(())
}

async fn is_ok(node: &RedisServer, nodes: usize) -> bool {
    let mut connection = node.connection().await;
    let info: String = ask(&mut connection, &["CLUSTER", "INFO"]).await;
    let has = |line: &str| info.lines().any(|known| known.trim() == line);
    if !has("cluster_state:ok") || !has(&format!("cluster_slots_ok:{SLOTS}")) {
        return false;
    }
    let known: String = ask(&mut connection, &["CLUSTER", "NODES"]).await;
    let connected = |line: &&str| line.contains(" connected") && !line.contains("fail") && !line.contains("handshake");
    known.lines().filter(connected).count() == nodes
}

/// The slots of the node itself, from the answer to `CLUSTER NODES`.
fn owned(nodes: &str) -> Vec<(u16, u16)> {
    nodes.lines().find(|line| line.contains("myself")).map(ranges).unwrap_or_default()
}

/// The slots on a line of that answer: `1`, `1-3`, but not `[1->-ID]`, which is being moved.
fn ranges(line: &str) -> Vec<(u16, u16)> {
    let range = |text: &str| {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        Some((from.parse().ok()?, to.parse().ok()?))
    };
    line.split(' ').skip(8).filter_map(range).collect()
}

async fn ask<T: FromRedisValue>(connection: &mut MultiplexedConnection, command: &[&str]) -> T {
    let answer = cmd(command[0]).arg(&command[1..]).query_async(connection).await;
    answer.unwrap_or_else(|error| panic!("{command:?}: {error}"))
}
