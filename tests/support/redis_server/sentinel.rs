//! A master with replicas, and sentinels that watch it and promote a replica when it is down.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use redis::aio::MultiplexedConnection;
use redis::{Client, FromRedisValue, cmd};
use tempfile::TempDir;

use super::{RedisServer, TRIES, program, temporary_folder};
use crate::ports::free_port;
use crate::process::Guarded;
use crate::wait::{LONG, wait_until, within};

/// The sentinels' name of the master.
pub const MASTER: &str = "mymaster";

/// Longer than a failover takes, and than the pause of a sentinel that a busy machine has delayed (30 s).
const FAILOVER: Duration = Duration::from_secs(180);

/// After this silence, in milliseconds, a sentinel marks the master as down. Longer than a busy machine delays it.
const DOWN_AFTER: u32 = 3_000;

/// A master, two replicas and three sentinels.
pub struct RedisSentinel {
    servers: Vec<RedisServer>,
    sentinels: Vec<Sentinel>,
}

struct Sentinel {
    port: u16,
    process: Guarded,
    _folder: TempDir,
}

impl RedisSentinel {
    /// Starts them. When this returns, the replicas follow the master and the sentinels know each other.
    pub async fn start() -> Self {
        Self::start_with::<&str>(&[]).await
    }

    /// The same, with additional arguments for the master and the replicas.
    pub async fn start_with<S: AsRef<str>>(arguments: &[S]) -> Self {
        let mut line: Vec<String> = ["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"]
            .into_iter()
            .chain(arguments.iter().map(AsRef::as_ref))
            .map(str::to_owned)
            .collect();
        let master = RedisServer::start_with(&line).await;
        line.extend(["--replicaof".to_owned(), "127.0.0.1".to_owned(), master.port.to_string()]);
        let mut servers = vec![master];
        for _ in 0..2 {
            servers.push(RedisServer::start_with(&line).await);
        }
        let mut group = Self { servers, sentinels: Vec::new() };
        group.wait_replicated().await;
        for _ in 0..3 {
            let sentinel = Sentinel::launched(group.servers[0].port).await;
            group
                .sentinels
                .push(sentinel.unwrap_or_else(|error| panic!("could not start a sentinel of the test: {error:#}")));
        }
        for sentinel in &group.sentinels {
            wait_until("the sentinels to know each other and the replicas", LONG, async || {
                let known = sentinel.master().await.unwrap_or_default();
                let is = |name: &str| known.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
                is("num-other-sentinels") == Some("2") && is("num-slaves") == Some("2") && is("flags") == Some("master")
            })
            .await;
        }
        group
    }

    /// The addresses of the sentinels: `127.0.0.1:PORT` each.
    pub fn sentinels(&self) -> Vec<String> {
        self.sentinels.iter().map(|sentinel| format!("127.0.0.1:{}", sentinel.port)).collect()
    }

    /// The sentinels' name of the master.
    pub fn name(&self) -> &'static str {
        MASTER
    }

    /// Kills one sentinel. The other two are a majority.
    pub fn kill_sentinel(&mut self, sentinel: usize) {
        self.sentinels[sentinel].process.kill();
    }

    /// The index of the master, according to a running sentinel.
    pub async fn master(&mut self) -> usize {
        let mut found = None;
        for sentinel in &mut self.sentinels {
            if sentinel.process.ended().is_none() {
                let answer: Option<(String, u16)> = sentinel.ask(&["GET-MASTER-ADDR-BY-NAME", MASTER]).await.ok();
                found = found.or(answer);
            }
        }
        let (_, port) = found.unwrap_or_else(|| panic!("no sentinel knows the master"));
        let server = self.servers.iter().position(|server| server.port == port);
        server.unwrap_or_else(|| panic!("the master's port {port} belongs to no server of this test"))
    }

    /// A server of the group.
    pub fn server(&self, server: usize) -> &RedisServer {
        &self.servers[server]
    }

    /// A server to kill, pause or restart. A restarted master returns as a master, until the sentinels notice.
    pub fn server_mut(&mut self, server: usize) -> &mut RedisServer {
        &mut self.servers[server]
    }

    /// A connection for the test itself, to the present master.
    pub async fn connection(&mut self) -> MultiplexedConnection {
        let master = self.master().await;
        self.servers[master].connection().await
    }

    /// Waits until both replicas have all writes up to this call. Replication is asynchronous: later acknowledged
    /// writes can be lost with the master.
    pub async fn wait_replicated(&mut self) {
        let master = if self.sentinels.is_empty() { 0 } else { self.master().await };
        let server = &self.servers[master];
        let replicas = i64::try_from(self.servers.len() - 1).unwrap_or(i64::MAX);
        wait_until("the replicas to have everything", LONG, async || {
            let mut connection = server.connection().await;
            // Redis waits only for writes of this connection.
            let marked = cmd("SET").arg("replicated").arg(1).query_async::<()>(&mut connection).await.is_ok();
            let reached = cmd("WAIT").arg(replicas).arg(1_000).query_async::<i64>(&mut connection).await;
            marked && reached.is_ok_and(|reached| reached >= replicas)
        })
        .await;
    }

    /// Kills the master, and returns its index. [`RedisSentinel::wait_promoted`] waits for the next one.
    pub async fn kill_master(&mut self) -> usize {
        let master = self.master().await;
        self.servers[master].kill();
        master
    }

    /// Lets a sentinel promote a replica while the master runs, and returns the new master.
    pub async fn promote(&mut self) -> usize {
        let old = self.master().await;
        // Rejected while the sentinels still finish the previous failover.
        let asked = within(FAILOVER, async || {
            for sentinel in &mut self.sentinels {
                let running = sentinel.process.ended().is_none();
                if running && sentinel.ask::<String>(&["FAILOVER", MASTER]).await.is_ok() {
                    return true;
                }
            }
            false
        });
        asked.await.unwrap_or_else(|| panic!("no sentinel accepted the request to promote a replica"));
        self.wait_promoted(old).await
    }

    /// Waits until another server is the master, and returns its index.
    pub async fn wait_promoted(&mut self, old: usize) -> usize {
        let promoted = within(FAILOVER, async || {
            let master = self.master().await;
            (master != old && self.servers[master].role().await == "master").then_some(master)
        });
        promoted.await.unwrap_or_else(|| panic!("no replica was promoted within {FAILOVER:?}"))
    }

    /// Waits until a server is a replica, as a former master becomes after the sentinels have demoted it.
    pub async fn wait_demoted(&self, server: usize) {
        let server = &self.servers[server];
        wait_until("the former master to be a replica", FAILOVER, async || server.role().await == "slave").await;
    }
}

impl Sentinel {
    async fn launched(master: u16) -> Result<Self> {
        let mut last = None;
        for _ in 0..TRIES {
            match Self::start(master).await {
                Ok(sentinel) => return Ok(sentinel),
                Err(error) => last = Some(error),
            }
        }
        match last {
            Some(error) => Err(error),
            None => bail!("no server was started"),
        }
    }

    async fn start(master: u16) -> Result<Self> {
        let (folder, port) = (temporary_folder()?, free_port());
        let (config, log) = (folder.path().join("sentinel.conf"), folder.path().join("sentinel.log"));
        let text = format!(
            "port {port}\nbind 127.0.0.1\nprotected-mode no\ndir {dir:?}\nlogfile {log:?}\n\
             sentinel monitor {MASTER} 127.0.0.1 {master} 2\n\
             sentinel down-after-milliseconds {MASTER} {DOWN_AFTER}\n\
             sentinel failover-timeout {MASTER} 10000\n\
             sentinel parallel-syncs {MASTER} 2\n",
            dir = folder.path(),
        );
        fs::write(&config, text).context("could not write the sentinel's configuration")?;
        let mut command = Command::new(program()?);
        command.arg(&config).arg("--sentinel").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Guarded::start(&mut command)?;
        let mut sentinel = Self { port, process, _folder: folder };
        let ready = within(LONG, async || {
            if sentinel.process.ended().is_some() {
                return Some(false);
            }
            sentinel.ask::<String>(&["MYID"]).await.is_ok().then_some(true)
        });
        match ready.await {
            Some(true) => Ok(sentinel),
            _ => bail!("the sentinel did not answer:\n{}", fs::read_to_string(log).unwrap_or_default()),
        }
    }

    async fn master(&self) -> Option<Vec<(String, String)>> {
        self.ask(&["MASTER", MASTER]).await.ok()
    }

    async fn ask<T: FromRedisValue>(&self, command: &[&str]) -> redis::RedisResult<T> {
        let client = Client::open(format!("redis://127.0.0.1:{}", self.port))?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        cmd("SENTINEL").arg(command).query_async(&mut connection).await
    }
}
