//! A private Redis server on a port of its own, for one test. It can be stopped, killed, paused and started again. And
//! several of them, as a cluster or as a master with replicas and sentinels.

mod cluster;
mod find;
mod sentinel;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

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

/// How often another port is tried after the server found one taken.
const TRIES: usize = 5;
const STOP_BOUND: Duration = Duration::from_secs(20);

/// A server that keeps its data in a temporary folder, over restarts too, until it is dropped.
pub struct RedisServer {
    folder: TempDir,
    port: u16,
    /// What is run. None: whatever server the set-up has found.
    program: Option<PathBuf>,
    arguments: Vec<String>,
    process: Option<Guarded>,
    security: Security,
    /// Where the other nodes of a cluster reach it.
    bus: Option<u16>,
}

/// How clients are answered.
enum Security {
    Plain,
    /// The server itself speaks TLS.
    Tls(Certificates),
    /// The server was built without TLS, and this speaks it in front of the server.
    Front(Certificates, TlsFront),
}

impl RedisServer {
    /// Starts a server. It answers when this returns.
    pub async fn start() -> Self {
        Self::start_with::<&str>(&[]).await
    }

    /// Starts a server with further arguments, such as `["--maxmemory", "1mb"]`.
    pub async fn start_with<S: AsRef<str>>(arguments: &[S]) -> Self {
        let arguments = arguments.iter().map(|argument| argument.as_ref().to_owned()).collect();
        let launch = async || Self::launched(temporary_folder()?, arguments, Security::Plain).await;
        launch().await.unwrap_or_else(|error| panic!("no Redis for this test: {error:#}"))
    }

    /// Starts the server at this path, such as that of [`valkey_9`] or [`redis_7_0`].
    pub async fn start_program(program: PathBuf) -> Self {
        let launch =
            async || Self::tried(Self::new(temporary_folder()?, Vec::new(), Security::Plain, Some(program))).await;
        launch().await.unwrap_or_else(|error| panic!("no Redis for this test: {error:#}"))
    }

    /// Starts a server that is reached by TLS alone, with a certificate for 127.0.0.1 and localhost that the CA at
    /// [`RedisServer::ca_path`] has signed. Where the Redis that was found is built without TLS, this process speaks
    /// it in front of the server.
    pub async fn start_tls() -> Self {
        Self::launched_with_tls().await.unwrap_or_else(|error| panic!("no Redis with TLS for this test: {error:#}"))
    }

    /// Where clients connect: `redis://127.0.0.1:PORT`, or `rediss://…`.
    pub fn url(&self) -> String {
        match &self.security {
            Security::Plain => format!("redis://127.0.0.1:{}", self.port),
            Security::Tls(_) => format!("rediss://127.0.0.1:{}", self.port),
            Security::Front(_, front) => format!("rediss://127.0.0.1:{}", front.port()),
        }
    }

    /// The port that it listens on, TLS or not.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of the CA, in PEM, that a client of [`RedisServer::start_tls`] must trust.
    pub fn ca_path(&self) -> PathBuf {
        self.ca().unwrap_or_else(|| panic!("this Redis server has no certificate: start it with start_tls()"))
    }

    pub(crate) fn ca(&self) -> Option<PathBuf> {
        match &self.security {
            Security::Tls(certificates) | Security::Front(certificates, _) => Some(certificates.ca.clone()),
            Security::Plain => None,
        }
    }

    /// A connection for the test itself. It goes around the port and TLS.
    pub async fn connection(&self) -> MultiplexedConnection {
        let connection = connect(&self.socket()).await;
        connection.unwrap_or_else(|error| panic!("could not connect to the test's Redis server: {error:#}"))
    }

    /// `master` or `slave`, as it says itself. Empty while it does not answer.
    pub async fn role(&self) -> String {
        let Ok(mut connection) = connect(&self.socket()).await else { return String::new() };
        let answer = redis::cmd("ROLE").query_async::<Vec<redis::Value>>(&mut connection).await.unwrap_or_default();
        answer.into_iter().next().and_then(|role| redis::from_redis_value(role).ok()).unwrap_or_default()
    }

    /// Ends the server in order. What it holds is still there after [`RedisServer::restart`].
    pub async fn stop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        process.signal(Signal::Terminate);
        // A paused server takes the signal once it runs on.
        process.signal(Signal::Continue);
        let ended = process.wait(STOP_BOUND).await;
        assert!(ended.is_some(), "the Redis server still ran {STOP_BOUND:?} after SIGTERM\n{}", self.log());
    }

    /// Kills the server. What it had acknowledged is still there after [`RedisServer::restart`].
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts the server again on the same port with its data, after ending it if it runs.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.run().await.unwrap_or_else(|error| panic!("the Redis server did not start again: {error:#}"));
    }

    /// Makes it stand still: connections stay open and nothing is answered.
    pub fn pause(&mut self) {
        self.process_mut().signal(Signal::Stop);
    }

    /// Lets it run on after [`RedisServer::pause`].
    pub fn resume(&mut self) {
        self.process_mut().signal(Signal::Continue);
    }

    /// What the server has logged.
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
        // So says a server that was built without it: the newer ones, and those that do not even know the option.
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

    /// Runs it on a free port, and on another one where somebody else took that first.
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
        // What is acknowledged has been handed to the system, so that it outlives the process.
        let data =
            ["--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction"];
        let mut line: Vec<String> = data.map(str::to_owned).into();
        line.extend(["--bind".into(), "127.0.0.1".into(), "--dir".into(), folder.to_string()]);
        // By this alone the test itself connects, so it cannot meet another server that got the port.
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
    tempfile::tempdir().context("could not make a temporary folder")
}

async fn connect(socket: &Path) -> Result<MultiplexedConnection> {
    let client = Client::open(format!("unix://{}", socket.display()))?;
    // A busy machine may let an answer wait for longer than the client's own half second.
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(LONG));
    Ok(client.get_multiplexed_async_connection_with_config(&config).await?)
}

/// Whether the server answers PONG. One that still loads its data answers an error.
async fn answers(socket: &Path) -> bool {
    let Ok(mut connection) = connect(socket).await else { return false };
    redis::cmd("PING").query_async::<String>(&mut connection).await.is_ok_and(|answer| answer == "PONG")
}
