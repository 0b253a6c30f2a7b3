//! A private Redis server for one test, which can be stopped, killed, paused and started again. Also several servers
//! as a cluster, or as a master with replicas and sentinels.

mod cluster;
mod find;
mod sentinel;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client};
use tempfile::TempDir;
use tokio::time::Instant;

pub use cluster::{RedisCluster, SlotMove};
pub use find::{program, redis_7_0, valkey_9};
pub use sentinel::RedisSentinel;

use crate::certificates::Certificates;
use crate::ports::free_port;
use crate::process::{Guarded, Signal};
use crate::tls_front::TlsFront;
use crate::wait::{LONG, POLL};

/// How often another port is tried if one is in use.
const TRIES: usize = 5;

/// A server that keeps its data in a temporary folder, also over restarts, until it is dropped.
pub struct RedisServer {
    folder: TempDir,
    port: u16,
    /// The program. `None`: the server that `cargo xtask setup` has found.
    program: Option<PathBuf>,
    arguments: Vec<String>,
    process: Option<Guarded>,
    security: Security,
    /// The port for the other nodes of a cluster.
    bus: Option<u16>,
}

/// How clients connect.
enum Security {
    Plain,
    /// The server itself speaks TLS.
    Tls(Certificates),
    /// The server was built without TLS, and this handles it in front of the server.
    Front(Certificates, TlsFront),
}

impl RedisServer {
    /// Starts a server. It is ready when this returns.
    pub async fn start() -> Self {
        Self::start_with::<&str>(&[]).await
    }

    /// Starts a server with additional arguments, such as `["--maxmemory", "1mb"]`.
    pub async fn start_with<S: AsRef<str>>(arguments: &[S]) -> Self {
        let arguments = arguments.iter().map(|argument| argument.as_ref().to_owned()).collect();
        let launch = async || Self::launched(temporary_folder()?, arguments, Security::Plain).await;
        launch().await.unwrap_or_else(|error| panic!("could not start the test's Redis: {error:#}"))
    }

    /// Starts the server at this path, such as the result of [`valkey_9`] or [`redis_7_0`].
    pub async fn start_program(program: PathBuf) -> Self {
        let launch =
            async || Self::tried(Self::new(temporary_folder()?, Vec::new(), Security::Plain, Some(program))).await;
        launch().await.unwrap_or_else(|error| panic!("could not start the test's Redis: {error:#}"))
    }

    /// Starts a server that accepts only TLS, with a certificate for 127.0.0.1 and localhost that the CA at
    /// [`RedisServer::ca_path`] has signed. If the server program was built without TLS, this process handles TLS in
    /// front of it.
    pub async fn start_tls() -> Self {
        Self::launched_with_tls()
            .await
            .unwrap_or_else(|error| panic!("could not start the test's Redis with TLS: {error:#}"))
    }

    /// The URL for clients: `redis://127.0.0.1:PORT`, or `rediss://…`.
    pub fn url(&self) -> String {
        match &self.security {
            Security::Plain => format!("redis://127.0.0.1:{}", self.port),
            Security::Tls(_) => format!("rediss://127.0.0.1:{}", self.port),
            Security::Front(_, front) => format!("rediss://127.0.0.1:{}", front.port()),
        }
    }

    /// The port for clients, with or without TLS.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The CA certificate, in PEM, for clients of [`RedisServer::start_tls`].
    pub fn ca_path(&self) -> PathBuf {
        self.ca().unwrap_or_else(|| panic!("this Redis server has no certificate: start it with start_tls()"))
    }

    pub(crate) fn ca(&self) -> Option<PathBuf> {
        match &self.security {
            Security::Tls(certificates) | Security::Front(certificates, _) => Some(certificates.ca.clone()),
            Security::Plain => None,
        }
    }

    /// A connection for the test itself, over a Unix socket without TLS.
    pub async fn connection(&self) -> MultiplexedConnection {
        let connection = connect(&self.socket()).await;
        connection.unwrap_or_else(|error| panic!("could not connect to the test's Redis server: {error:#}"))
    }

    /// `master` or `slave`, from the server itself. Empty while it does not answer.
    pub async fn role(&self) -> String {
        let Ok(mut connection) = connect(&self.socket()).await else { return String::new() };
        let answer = redis::cmd("ROLE").query_async::<Vec<redis::Value>>(&mut connection).await.unwrap_or_default();
        answer.into_iter().next().and_then(|role| redis::from_redis_value(role).ok()).unwrap_or_default()
    }

    /// Ends the server in order. [`RedisServer::restart`] restores its data.
    pub async fn stop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        process.signal(Signal::Terminate);
        // A paused server handles the signal once it continues.
        process.signal(Signal::Continue);
        let ended = process.wait(LONG).await;
        assert!(ended.is_some(), "the Redis server still ran {LONG:?} after SIGTERM\n{}", self.log());
    }

    /// Kills the server. [`RedisServer::restart`] restores all acknowledged writes.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts the server again on the same port with its data. Ends it first if it runs.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.run().await.unwrap_or_else(|error| panic!("the Redis server did not start again: {error:#}"));
    }

    /// Pauses it with SIGSTOP: connections stay open and nothing is answered.
    pub fn pause(&mut self) {
        self.process_mut().signal(Signal::Stop);
    }

    /// Continues it after [`RedisServer::pause`].
    pub fn resume(&mut self) {
        self.process_mut().signal(Signal::Continue);
    }

    /// The server's log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("redis.log")).unwrap_or_default()
    }

    fn process_mut(&mut self) -> &mut Guarded {
        self.process.as_mut().unwrap_or_else(|| panic!("the Redis server does not run: restart() it first"))
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    async fn launched_with_tls() -> Result<Self> {
        let folder = temporary_folder()?;
        let certificates = Certificates::create(folder.path())?;
        let error = match Self::launched(folder, Vec::new(), Security::Tls(certificates)).await {
            Ok(server) => return Ok(server),
            Err(error) => error,
        };
        // The messages of servers that were built without TLS: of newer ones, and of those that do not know the
        // option.
        let said = format!("{error:#}");
        if !["Failed finding TLS support", "tls-port"].iter().any(|words| said.contains(words)) {
            return Err(error);
        }
        let mut server = Self::launched(temporary_folder()?, Vec::new(), Security::Plain).await?;
        let certificates = Certificates::create(server.folder.path())?;
        let front = TlsFront::start(&certificates, server.port).await?;
        server.security = Security::Front(certificates, front);
        Ok(server)
    }

    async fn launched(folder: TempDir, arguments: Vec<String>, security: Security) -> Result<Self> {
        Self::tried(Self::new(folder, arguments, security, None)).await
    }

    fn new(folder: TempDir, arguments: Vec<String>, security: Security, program: Option<PathBuf>) -> Self {
        Self { folder, port: 0, program, arguments, process: None, security, bus: None }
    }

    /// Starts it on a free port, and on another one if that port is in use.
    async fn tried(mut server: Self) -> Result<Self> {
        for _ in 1..TRIES {
            server.port = free_port();
            match server.run().await {
                Err(error) if format!("{error:#}").contains("already in use") => {}
                other => return other.map(|()| server),
            }
        }
        server.port = free_port();
        server.run().await.map(|()| server)
    }

    /// Starts the process, and waits until it has loaded its data and answers.
    async fn run(&mut self) -> Result<()> {
        let output = File::create(self.folder.path().join("redis.log")).context("could not create the server's log")?;
        let program = self.program.clone().map_or_else(program, Ok)?;
        let mut command = Command::new(program);
        command.args(self.command_line()).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let mut process = Guarded::start(&mut command)?;
        let end = Instant::now() + LONG;
        while !answers(&self.socket()).await {
            if let Some(status) = process.ended() {
                bail!("the Redis server ended with {status} before it answered:\n{}", self.log());
            }
            if Instant::now() >= end {
                bail!("the Redis server did not answer within {LONG:?}:\n{}", self.log());
            }
            tokio::time::sleep(POLL).await;
        }
        self.process = Some(process);
        Ok(())
    }

    fn command_line(&self) -> Vec<String> {
        let folder = self.folder.path().display();
        // Redis hands each write to the kernel before it acknowledges it, so acknowledged writes outlive the process. With
        // `everysec` that is not so: while an fsync is slow, Redis acknowledges writes up to two seconds before it hands
        // them over.
        let data = ["--appendonly", "yes", "--appendfsync", "no", "--save", "", "--maxmemory-policy", "noeviction"];
        let mut line: Vec<String> = data.map(str::to_owned).into();
        line.extend(["--bind".into(), "127.0.0.1".into(), "--dir".into(), folder.to_string()]);
        // The test itself connects only through this socket, so it cannot reach another server that got the port.
        line.extend(["--unixsocket".into(), self.socket().display().to_string()]);
        match &self.security {
            Security::Tls(certificates) => line.extend(certificates.command_line(self.port)),
            Security::Plain | Security::Front(..) => line.extend(["--port".into(), self.port.to_string()]),
        }
        line.extend(self.arguments.iter().cloned());
        line
    }
}

fn temporary_folder() -> Result<TempDir> {
    tempfile::tempdir().context("could not create a temporary folder")
}

async fn connect(socket: &Path) -> Result<MultiplexedConnection> {
    let client = Client::open(format!("unix://{}", socket.display()))?;
    // On a busy machine, an answer may take longer than the client's default of half a second.
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(LONG));
    Ok(client.get_multiplexed_async_connection_with_config(&config).await?)
}

/// Whether the server answers PONG. It answers an error while it still loads its data.
async fn answers(socket: &Path) -> bool {
    let Ok(mut connection) = connect(socket).await else { return false };
    redis::cmd("PING").query_async::<String>(&mut connection).await.is_ok_and(|answer| answer == "PONG")
}
