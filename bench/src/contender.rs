//! The workers that are compared. To add one, add a line to [`ALL`].

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use toril_tests::toril::engine_cache;
use toril_tests::{Toril, http, repository};

use crate::database::CONNECTIONS;

/// How long a worker may take to get ready. Toril compiles a plugin the first time, which takes long for one that
/// contains an engine.
const READY: Duration = Duration::from_secs(600);

/// The variable with the URL of the database.
const DATABASE_URL: &str = "DATABASE_URL";

/// One of the compared workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contender {
    /// Its name on the command line.
    pub key: &'static str,
    /// Its name in the tables.
    pub title: &'static str,
    /// A short description.
    pub about: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A host with this component, and these lines in the plugin's entry.
    Toril { guest: &'static str, entry: &'static str },
    /// bench/node/worker.mjs with this isolation, and the processor of this name in target/bench.
    Node { isolation: &'static str, processor: &'static str },
    /// This program itself.
    Native,
}

/// A plugin in Rust.
pub const TORIL: Contender =
    toril_with("toril", "Toril, Rust plugin", "plugin in Rust; each job has its own pen", "bench", "");
/// A plugin in TypeScript.
pub const TORIL_JS: Contender = toril_with(
    "toril-js",
    "Toril, TypeScript plugin",
    "plugin in TypeScript; each job has its own pen",
    "bench-js",
    "",
);
/// The same with the jobs that compute, which need packages. The other one stays small.
pub const COMPUTING_JS: Contender =
    toril_with("toril-js", "Toril, TypeScript plugin", TORIL_JS.about, "bench-compute-js", "");
/// The Rust plugin whose jobs insert rows into PostgreSQL.
pub const DATABASE: Contender = toril_with("toril", "Toril, Rust plugin", TORIL.about, "postgres", "");
/// The same in TypeScript, with the package `pg`.
pub const DATABASE_JS: Contender =
    toril_with("toril-js", "Toril, TypeScript plugin", TORIL_JS.about, "bench-database-js", "");
/// The same source in Node.
pub const DATABASE_NODE: Contender =
    Contender { kind: Kind::Node { isolation: "inline", processor: "database" }, ..NODE };
/// No isolation.
pub const NODE: Contender = node(
    "node",
    "Node, in process",
    "BullMQ's own worker in Node; jobs share its process, without isolation",
    "inline",
);
/// As isolated as Toril.
pub const CHILDREN: Contender = node(
    "node-processes",
    "Node, child processes",
    "BullMQ's own worker in Node with a sandboxed processor; one child process for each concurrent job",
    "process",
);
/// No isolation.
pub const NATIVE: Contender = Contender {
    key: "native",
    title: "Rust, native closure",
    about: "BullMQ's own worker in Rust (`bullmq-official`); a closure runs jobs in its process, without isolation",
    kind: Kind::Native,
};

/// All of them, in the order of their turns.
pub const ALL: &[Contender] = &[
    TORIL_JS,
    toril_with(
        "toril-js-reused",
        "Toril, TypeScript plugin reused",
        "plugin in TypeScript with `isolation = \"reuse\"`; a pen runs one job after the other",
        "bench-js",
        "isolation = \"reuse\"",
    ),
    TORIL,
    toril_with("toril-py", "Toril, Python plugin", "plugin in Python; each job has its own pen", "bench-py", ""),
    NODE,
    NATIVE,
    CHILDREN,
    node(
        "node-threads",
        "Node, worker threads",
        "BullMQ's own worker in Node with a sandboxed processor; one thread for each concurrent job",
        "thread",
    ),
];

const fn toril_with(
    key: &'static str,
    title: &'static str,
    about: &'static str,
    guest: &'static str,
    entry: &'static str,
) -> Contender {
    Contender { key, title, about, kind: Kind::Toril { guest, entry } }
}

const fn node(key: &'static str, title: &'static str, about: &'static str, isolation: &'static str) -> Contender {
    Contender { key, title, about, kind: Kind::Node { isolation, processor: "processor" } }
}

/// A worker's environment.
#[derive(Clone)]
pub struct Place<'a> {
    /// URL of Redis, or of one node of a cluster.
    pub url: String,
    /// Whether it is a cluster. Only Toril supports one here.
    pub cluster: bool,
    /// The queues.
    pub queues: &'a [String],
    /// Concurrency of each queue.
    pub concurrency: usize,
    /// The origin that jobs may request.
    pub http: Option<&'a str>,
    /// The URL of the database that jobs may use.
    pub database: Option<&'a str>,
}

impl Contender {
    /// The contender with this key.
    pub fn named(key: &str) -> Result<Self, String> {
        let known = || ALL.iter().map(|one| one.key).collect::<Vec<_>>().join(", ");
        ALL.iter().find(|one| one.key == key).copied().ok_or_else(|| format!("there are: {}", known()))
    }

    /// Whether it is a Toril host.
    pub fn is_toril(self) -> bool {
        matches!(self.kind, Kind::Toril { .. })
    }

    /// Starts it, and returns once it is ready.
    pub async fn start(self, place: &Place<'_>) -> Result<Running> {
        let Place { url, queues, .. } = place;
        let concurrency = place.concurrency.to_string();
        match self.kind {
            Kind::Toril { guest, entry } => host(guest, entry, place).await,
            _ if place.cluster => bail!("{} is not measured on a cluster", self.title),
            Kind::Node { isolation, processor } => {
                let mut command = Command::new("node");
                command.arg("worker.mjs").args([url, &concurrency, isolation, processor]).args(*queues);
                command.envs(place.database.map(|url| (DATABASE_URL, url)));
                spawn(command.current_dir(node_folder()?)).await
            }
            Kind::Native => {
                let mut command =
                    Command::new(std::env::current_exe().context("could not find the path of this program")?);
                spawn(command.args(["native", url, &concurrency]).args(*queues)).await
            }
        }
    }
}

/// A running worker. Dropping it kills it.
pub enum Running {
    /// A host.
    Toril(Box<Toril>),
    /// Another process.
    Process(Child),
}

impl Running {
    /// Its process id.
    pub fn id(&mut self) -> Result<u32> {
        match self {
            Self::Toril(toril) => Ok(toril.pid()),
            Self::Process(child) => child.id().context("the worker has ended"),
        }
    }

    /// Ends it and waits until it has ended.
    pub async fn end(self) -> Result<()> {
        match self {
            Self::Toril(mut toril) => {
                toril.kill();
                Ok(())
            }
            Self::Process(mut child) => {
                // Node's sandboxed processors keep running and computing when their worker is killed.
                let tree = child.id().map(crate::process::tree).unwrap_or_default();
                child.kill().await.context("could not end the worker")?;
                for id in tree.into_iter().skip(1) {
                    let mut kill = Command::new("kill");
                    // Most have ended with it.
                    kill.args(["-9", &id.to_string()])
                        .stderr(Stdio::null())
                        .status()
                        .await
                        .context("could not start `kill`")?;
                }
                Ok(())
            }
        }
    }
}

async fn host(guest: &str, entry: &str, place: &Place<'_>) -> Result<Running> {
    let mut toril = Toril::new().redis(&place.url).cache(engine_cache()).plugin(guest);
    if let Some(url) = place.database {
        toril = toril.env(DATABASE_URL, url);
    }
    // As in production: each attempt writes a log line. Nothing reads them.
    let mut toril = toril.config(config(guest, entry, place)).spawn_run();
    let ready = async {
        // Only an answer from this process counts. Another program might answer at this port.
        while toril.is_running() {
            if http::get(&toril.url("/readyz")).await.is_ok_and(|answer| answer.status == 200) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        false
    };
    match tokio::time::timeout(READY, ready).await {
        Ok(true) => Ok(Running::Toril(Box::new(toril))),
        _ => bail!("the host with {guest} did not get ready:\n{}", toril.logs()),
    }
}

fn config(guest: &str, entry: &str, place: &Place<'_>) -> String {
    let mut config = String::new();
    if place.cluster {
        config += &format!("[redis]\nurl = {:?}\ncluster = true\n", place.url);
    }
    for queue in place.queues {
        let concurrency = place.concurrency;
        // Jobs must not fail on a busy machine or in a slow guest.
        config += &format!("[queues.{queue:?}]\nplugin = {guest:?}\nconcurrency = {concurrency}\ntimeout = \"5m\"\n");
    }
    config += &format!("[plugins.{guest}]\n{entry}\n");
    config += &place.http.map(|origin| format!("http = [{origin:?}]\n")).unwrap_or_default();
    if place.database.is_some() {
        config +=
            &format!("[plugins.{guest}.postgres.main]\nurl = \"env:{DATABASE_URL}\"\nconnections = {CONNECTIONS}\n");
    }
    config
}

async fn spawn(command: &mut Command) -> Result<Running> {
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
        bail!("no Node packages in {}: run `cargo xtask bench`, which installs them", folder.display());
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contender_is_found_by_its_key() {
        for one in ALL {
            assert_eq!(Contender::named(one.key), Ok(*one));
        }
        assert!(Contender::named("sidekiq").is_err_and(|error| error.contains("toril-js")));
    }

    #[test]
    fn the_configuration_of_a_host_has_the_cluster_and_the_plugins_entry() {
        let queues = ["{a}".to_owned()];
        let url = "redis://r".to_owned();
        let place =
            Place { url, cluster: true, queues: &queues, concurrency: 3, http: Some("http://h"), database: Some("u") };
        let expected = "[redis]\nurl = \"redis://r\"\ncluster = true\n[queues.\"{a}\"]\nplugin = \"p\"\nconcurrency = 3\n\
                        timeout = \"5m\"\n[plugins.p]\nfuel = 1\nhttp = [\"http://h\"]\n\
                        [plugins.p.postgres.main]\nurl = \"env:DATABASE_URL\"\nconnections = 10\n";
        assert_eq!(config("p", "fuel = 1", &place), expected);
    }
}
