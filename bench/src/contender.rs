//! The workers that are compared.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use toril_tests::{RedisServer, Toril, repository};

use crate::workload::Servers;

/// How long one has to get ready: Toril compiles its plugin the first time.
const READY: Duration = Duration::from_secs(120);

/// One of those that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contender {
    /// Toril, with a plugin in Rust.
    Toril,
    /// BullMQ's worker in Node, in its own process: no isolation.
    NodeInline,
    /// The same with a sandboxed processor, in child processes.
    NodeProcesses,
    /// The same in worker threads.
    NodeThreads,
    /// BullMQ's worker in Rust with a native closure: no isolation.
    RustNative,
}

impl Contender {
    /// All of them, in the order of their turns.
    pub const ALL: [Self; 5] =
        [Self::Toril, Self::NodeInline, Self::RustNative, Self::NodeProcesses, Self::NodeThreads];

    /// For a person.
    pub fn title(self) -> &'static str {
        match self {
            Self::Toril => "Toril, Rust plugin",
            Self::NodeInline => "Node, in process",
            Self::NodeProcesses => "Node, child processes",
            Self::NodeThreads => "Node, worker threads",
            Self::RustNative => "Rust, native closure",
        }
    }

    /// The share of the jobs that it is given: those that are slow would take minutes.
    pub fn share(self) -> usize {
        match self {
            Self::Toril | Self::NodeInline | Self::RustNative => 1,
            Self::NodeProcesses | Self::NodeThreads => 4,
        }
    }

    /// Starts it. `queues` share out the concurrency only in so far as each has it. `servers`: that its jobs may reach.
    pub async fn start(
        self,
        redis: &RedisServer,
        queues: &[String],
        concurrency: usize,
        servers: Option<&Servers>,
    ) -> Result<Running> {
        let isolation = match self {
            Self::Toril => return toril(redis, queues, concurrency, servers).await,
            Self::NodeInline => "inline",
            Self::NodeProcesses => "process",
            Self::NodeThreads => "thread",
            Self::RustNative => {
                let mut command = Command::new(std::env::current_exe().context("where is this program?")?);
                command.args(["native", &redis.url(), &concurrency.to_string()]).args(queues);
                return spawn(command).await;
            }
        };
        let mut command = Command::new("node");
        command.arg("worker.mjs").arg(redis.url()).args([&concurrency.to_string(), isolation]).args(queues);
        command.current_dir(node_folder()?);
        spawn(command).await
    }
}

/// A worker that runs. Dropped, it is killed.
pub enum Running {
    /// A host.
    Toril(Box<Toril>),
    /// Another process.
    Process(Child),
}

impl Running {
    /// Its process.
    pub fn id(&mut self) -> Result<u32> {
        match self {
            Self::Toril(toril) => Ok(toril.pid()),
            Self::Process(child) => child.id().context("the worker has ended"),
        }
    }

    /// Ends it and waits for that.
    pub async fn end(self) -> Result<()> {
        match self {
            Self::Toril(mut toril) => {
                toril.kill();
                Ok(())
            }
            Self::Process(mut child) => child.kill().await.context("the worker could not be ended"),
        }
    }
}

async fn toril(
    redis: &RedisServer,
    queues: &[String],
    concurrency: usize,
    servers: Option<&Servers>,
) -> Result<Running> {
    let mut config = String::new();
    for queue in queues {
        config += &format!("[queues.{queue}]\nplugin = \"bench\"\nconcurrency = {concurrency}\n");
    }
    if let Some(servers) = servers {
        config += &format!("[plugins.bench]\nhttp = [{:?}]\n", servers.slow);
    }
    let cache = toril_tests::toril::shared_cache();
    let toril = Toril::new().redis(redis.url()).host(format!("cache = {cache:?}")).plugin("bench").config(config);
    // As one runs it: a line for each attempt is written, and read by nobody.
    let mut toril = toril.spawn_run();
    toril.wait_ready().await;
    Ok(Running::Toril(Box::new(toril)))
}

async fn spawn(mut command: Command) -> Result<Running> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().with_context(|| format!("{command:?} does not start"))?;
    let stdout = child.stdout.take().context("the worker has no output")?;
    let mut lines = BufReader::new(stdout).lines();
    match tokio::time::timeout(READY, lines.next_line()).await {
        Ok(Ok(Some(line))) if line == "ready" => Ok(Running::Process(child)),
        other => bail!("{command:?} did not get ready: {other:?}"),
    }
}

fn node_folder() -> Result<PathBuf> {
    let folder = repository().join("bench/node");
    if !folder.join("node_modules").is_dir() {
        bail!("there are no Node packages in {}: run `cargo xtask bench`, which installs them", folder.display());
    }
    Ok(folder)
}
