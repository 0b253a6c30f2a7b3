//! The A2A agents of `tests/a2a`: one built with PyPI's `a2a-sdk`, one with npm's `@a2a-js/sdk`. Each is a separate
//! process. Its ledger records all calls and actions, and outlives the process.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http;
use crate::paths;
use crate::ports::free_port;
use crate::process::{Guarded, Signal, print_if_failed};
use crate::wait::{LONG, within};

/// The SDK of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sdk {
    /// PyPI's `a2a-sdk`. Its tasks are in a file.
    Python,
    /// npm's `@a2a-js/sdk`. Its tasks are in memory.
    Node,
}

/// The settings of an agent.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Its SDK.
    pub sdk: Sdk,
    /// The versions of the protocol in its card.
    pub versions: &'static [&'static str],
    /// How it takes calls: `JSONRPC` or `HTTP+JSON`.
    pub binding: &'static str,
    /// Whether its card says that it streams.
    pub streaming: bool,
    /// Answers this many of the first calls with 429 and `Retry-After: 1`. Python only.
    pub refuse: u32,
    /// The token that every call must have. Python only.
    pub token: Option<&'static str>,
    /// Whether it rejects messages of conversations that it has not started. Python only.
    pub own_contexts: bool,
}

impl Default for Options {
    /// Python, 1.0 over JSON-RPC, streaming, and nobody is turned away.
    fn default() -> Self {
        Self {
            sdk: Sdk::Python,
            versions: &["1.0"],
            binding: "JSONRPC",
            streaming: true,
            refuse: 0,
            token: None,
            own_contexts: false,
        }
    }
}

/// A running agent. Dropped, it is killed.
#[derive(Debug)]
pub struct A2aServer {
    options: Options,
    port: u16,
    folder: TempDir,
    process: Guarded,
}

impl A2aServer {
    /// Starts an agent, and waits until it serves its card.
    pub async fn start(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("could not create a temporary folder: {error}"));
        let port = free_port();
        let process = spawn(options, port, &folder);
        let mut server = Self { options, port, folder, process };
        server.wait_ready().await;
        server
    }

    /// Its URL: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Kills it, without a chance to clean up.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Stops it with SIGSTOP: it accepts connections and answers none.
    pub fn pause(&mut self) {
        self.process.signal(Signal::Stop);
    }

    /// Starts it again at the same address after it was killed. In Python it still has its tasks.
    pub async fn restart(&mut self) {
        self.process = spawn(self.options, self.port, &self.folder);
        self.wait_ready().await;
    }

    /// All events, in order.
    pub fn ledger(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.path().join("ledger.jsonl")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The messages that it has acted on, in order: `messageId`, `taskId`, `contextId`, `text`, `parts`.
    pub fn executed(&self) -> Vec<Value> {
        self.of("executed")
    }

    /// The tasks that it has cancelled.
    pub fn cancelled(&self) -> Vec<Value> {
        self.of("cancelled")
    }

    /// The methods that were called, in order. Over HTTP+JSON they have the names of 1.0.
    pub fn methods(&self) -> Vec<String> {
        self.requests().iter().filter_map(|request| request["method"].as_str().map(str::to_owned)).collect()
    }

    /// The calls: `method`, `version`, `authorization` and `key`, which are headers.
    pub fn requests(&self) -> Vec<Value> {
        self.of("request")
    }

    fn of(&self, event: &str) -> Vec<Value> {
        self.ledger().into_iter().filter(|entry| entry["event"] == event).collect()
    }

    async fn wait_ready(&mut self) {
        let card = format!("{}/.well-known/agent-card.json", self.url());
        let ready = within(LONG, async || {
            if let Some(status) = self.process.ended() {
                panic!("the A2A agent ended with {status}: {}", self.printed());
            }
            http::get(&card).await.is_ok_and(|answer| answer.status == 200)
        });
        if ready.await.is_none() {
            panic!("the A2A agent was not ready within {LONG:?}: {}", self.printed());
        }
    }

    fn printed(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr.log")).unwrap_or_default()
    }
}

impl Drop for A2aServer {
    fn drop(&mut self) {
        print_if_failed(&format!("the A2A agent at {}", self.url()), || self.printed());
    }
}

fn spawn(options: Options, port: u16, folder: &TempDir) -> Guarded {
    let mut command = match options.sdk {
        Sdk::Python => python(options, port, folder),
        Sdk::Node => node(options, port, folder),
    };
    let printed = fs::File::options().create(true).append(true).open(folder.path().join("stderr.log"));
    let printed = printed.unwrap_or_else(|error| panic!("could not create the agent's log: {error}"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(printed);
    Guarded::start(&mut command).unwrap_or_else(|error| panic!("{error:#}: run `cargo xtask setup --tests`"))
}

fn python(options: Options, port: u16, folder: &TempDir) -> Command {
    let mut command = Command::new(paths::root().join("target/python-a2a/bin/python"));
    command.arg(paths::a2a().join("server.py")).arg("--port").arg(port.to_string()).arg("--folder").arg(folder.path());
    command.arg("--versions").arg(options.versions.join(",")).arg("--refuse").arg(options.refuse.to_string());
    command.arg("--binding").arg(options.binding);
    if options.streaming {
        command.arg("--streaming");
    }
    if options.own_contexts {
        command.arg("--own-contexts");
    }
    if let Some(token) = options.token {
        command.arg("--token").arg(token);
    }
    command
}

fn node(options: Options, port: u16, folder: &TempDir) -> Command {
    assert!(
        options.refuse == 0 && options.token.is_none() && !options.own_contexts,
        "the agent in Node rejects no calls"
    );
    let argument = json!({
        "port": port, "folder": folder.path(), "versions": options.versions, "binding": options.binding,
        "streaming": options.streaming,
    });
    let mut command = Command::new("node");
    command.current_dir(paths::a2a()).arg("server.mjs").arg(argument.to_string());
    command
}
