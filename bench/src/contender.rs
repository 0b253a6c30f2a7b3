//! The workers that are compared. A further one is one line in [`ALL`].

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use toril_tests::{Toril, http, repository};

/// How long one has to get ready: Toril compiles a plugin the first time, and one that carries an engine takes its time.
const READY: Duration = Duration::from_secs(600);

/// One of those that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contender {
    /// On the command line.
    pub key: &'static str,
    /// For a person.
    pub title: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A host with this component, and these lines in the plugin's entry.
    Toril { guest: &'static str, entry: &'static str },
    /// bench/node/worker.mjs with this isolation.
    Node { isolation: &'static str },
    /// This program itself.
    Native,
}

/// The one that the others are measured by.
pub const TORIL: Contender =
    toril_with("toril", "Toril, Rust plugin", "each job in a pen of its own; the plugin is Rust", "bench", "");
/// No isolation.
pub const NODE: Contender =
    node("node", "Node, in process", "BullMQ's own worker in Node; jobs share its process: no isolation", "inline");
/// The same isolation as Toril's.
pub const CHILDREN: Contender = node(
    "node-processes",
    "Node, child processes",
    "the same with a sandboxed processor: as many child processes as jobs at a time",
    "process",
);
/// No isolation.
pub const NATIVE: Contender = Contender {
    key: "native",
    title: "Rust, native closure",
    about: "BullMQ's own worker in Rust (`bullmq-official`); jobs are a closure in its process: no isolation",
    kind: Kind::Native,
};

/// All of them, in the order of their turns.
pub const ALL: &[Contender] = &[
    TORIL,
    toril_with("toril-js", "Toril, TypeScript plugin", "the same; the plugin is TypeScript", "bench-js", ""),
    toril_with(
        "toril-js-reused",
        "Toril, TypeScript plugin reused",
        "the same with `isolation = \"reuse\"`: one job after the other in each pen",
        "bench-js",
        "isolation = \"reuse\"",
    ),
    toril_with("toril-py", "Toril, Python plugin", "the same; the plugin is Python", "bench-py", ""),
    NODE,
    NATIVE,
    CHILDREN,
    node("node-threads", "Node, worker threads", "the same in worker threads", "thread"),
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
    Contender { key, title, about, kind: Kind::Node { isolation } }
}

/// Where a worker works, and what its jobs may reach.
#[derive(Clone)]
pub struct Place<'a> {
    /// Of Redis, or of one node of a cluster.
    pub url: String,
    /// Whether it is a cluster. Only Toril takes one here.
    pub cluster: bool,
    /// The queues.
    pub queues: &'a [String],
    /// Jobs at a time, in each queue.
    pub concurrency: usize,
    /// The origin that jobs may ask.
    pub http: Option<&'a str>,
}

impl Contender {
    /// The one of this key.
    pub fn named(key: &str) -> Result<Self, String> {
        let known = || ALL.iter().map(|one| one.key).collect::<Vec<_>>().join(", ");
        ALL.iter().find(|one| one.key == key).copied().ok_or_else(|| format!("there are: {}", known()))
    }

    /// Whether it is a host of Toril's.
    pub fn is_toril(self) -> bool {
        matches!(self.kind, Kind::Toril { .. })
    }

    /// Starts it. It works when this returns.
    pub async fn start(self, place: &Place<'_>) -> Result<Running> {
        let Place { url, queues, .. } = place;
        let concurrency = place.concurrency.to_string();
        match self.kind {
            Kind::Toril { guest, entry } => host(guest, entry, place).await,
            _ if place.cluster => bail!("{} is not measured on a cluster", self.title),
            Kind::Node { isolation } => {
                let mut command = Command::new("node");
                command.arg("worker.mjs").args([url, &concurrency, isolation]).args(*queues);
                spawn(command.current_dir(node_folder()?)).await
            }
            Kind::Native => {
                let mut command = Command::new(std::env::current_exe().context("where is this program?")?);
                spawn(command.args(["native", url, &concurrency]).args(*queues)).await
            }
        }
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
            Self::Process(mut child) => {
                // Node's sandboxed processors go on, and compute, when their worker is killed.
                let tree = child.id().map(crate::process::tree).unwrap_or_default();
                child.kill().await.context("the worker could not be ended")?;
                for id in tree.into_iter().skip(1) {
                    let mut kill = Command::new("kill");
                    // Most have ended with it.
                    kill.args(["-9", &id.to_string()]).stderr(Stdio::null()).status().await.context("no `kill`")?;
                }
                Ok(())
            }
        }
    }
}

async fn host(guest: &str, entry: &str, place: &Place<'_>) -> Result<Running> {
    let cache = toril_tests::toril::shared_cache();
    let toril = Toril::new().redis(&place.url).host(format!("cache = {cache:?}")).plugin(guest);
    // As one runs it: a line for each attempt is written, and read by nobody.
    let mut toril = toril.config(config(guest, entry, place)).spawn_run();
    let ready = async {
        // Its own answer alone counts: another one's at this port would not be this process.
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
        // A busy machine and a slow guest are no reason for a job to fail.
        config += &format!("[queues.{queue:?}]\nplugin = {guest:?}\nconcurrency = {concurrency}\ntimeout = \"5m\"\n");
    }
    config += &format!("[plugins.{guest}]\n{entry}\n");
    config += &place.http.map(|origin| format!("http = [{origin:?}]\n")).unwrap_or_default();
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
        bail!("there are no Node packages in {}: run `cargo xtask bench`, which installs them", folder.display());
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contender_is_found_by_its_key_and_no_other_is() {
        for one in ALL {
            assert_eq!(Contender::named(one.key), Ok(*one));
        }
        assert!(Contender::named("sidekiq").is_err_and(|error| error.contains("toril-js")));
    }

    #[test]
    fn a_host_on_a_cluster_is_told_so_and_its_plugin_has_its_entry() {
        let queues = ["{a}".to_owned()];
        let url = "redis://r".to_owned();
        let place = Place { url, cluster: true, queues: &queues, concurrency: 3, http: Some("http://h") };
        let expected = "[redis]\nurl = \"redis://r\"\ncluster = true\n[queues.\"{a}\"]\nplugin = \"p\"\nconcurrency = 3\n\
                        timeout = \"5m\"\n[plugins.p]\nfuel = 1\nhttp = [\"http://h\"]\n";
        assert_eq!(config("p", "fuel = 1", &place), expected);
    }
}
