//! The folder `target/demo`: a configuration, plugins and a secret, as a user of Toril would have them.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::servers::Servers;
use crate::process;
use crate::workspace::{Workspace, write_atomically};

const PLUGINS: [&str; 2] = ["agent-commands", "github-sync"];

pub struct Project {
    folder: PathBuf,
    /// Where the host serves its health checks.
    pub listen: String,
}

impl Project {
    /// Creates the folder, and removes an older one.
    pub fn create(workspace: &Workspace, servers: &Servers) -> Result<Self> {
        let project = Self { folder: workspace.target().join("demo"), listen: free_address()? };
        if let Some(pid) = project.running_host() {
            bail!("a demo already runs in {} (process {pid}): end it first", project.folder.display());
        }
        let _ = fs::remove_dir_all(&project.folder);
        for plugin in PLUGINS {
            copy(&component(&workspace.target().join("plugins"), plugin), &component(&project.plugins(), plugin))?;
        }
        write_atomically(&project.secret(), b"demo-token")?;
        write_atomically(&project.config(), project.queues_toml(servers).as_bytes())?;
        Ok(project)
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn config(&self) -> PathBuf {
        self.folder.join("queues.toml")
    }

    /// The host's log file.
    pub fn log(&self) -> PathBuf {
        self.folder.join("toril-dev.log")
    }

    /// Components that are built for the demo, outside of the folder that the host watches.
    pub fn variants(&self) -> PathBuf {
        self.folder.join("variants")
    }

    /// The file that `toril dev` writes when it is ready.
    pub fn dev_file(&self) -> PathBuf {
        self.folder.join(".toril/dev.json")
    }

    /// Replaces the running plugin with its variant.
    pub fn replace_plugin(&self, name: &str) -> Result<()> {
        copy(&component(&self.variants(), name), &component(&self.plugins(), name))
    }

    fn plugins(&self) -> PathBuf {
        self.folder.join("plugins")
    }

    fn secret(&self) -> PathBuf {
        self.folder.join("github-token")
    }

    /// The process id of a host that an earlier demo left running with `--stay`.
    fn running_host(&self) -> Option<u64> {
        let dev: Value = serde_json::from_slice(&fs::read(self.dev_file()).ok()?).ok()?;
        dev["pid"].as_u64().filter(|pid| process::is_alive(*pid))
    }

    fn queues_toml(&self, servers: &Servers) -> String {
        let listen = quoted(&self.listen);
        let plugins = quoted(&self.plugins().to_string_lossy());
        let token = quoted(&format!("file:{}", self.secret().display()));
        let agent = quoted(&servers.agent);
        let github = quoted(&servers.github);
        format!(
            r#"# Made by `cargo xtask demo`. It has no [redis], because `toril dev` starts its own server.

[host]
listen = {listen}
plugins = {plugins}
shutdown_timeout = "10s"

[queues.agent-commands]
plugin = "agent-commands"
concurrency = 10
timeout = "30s"
attempts = 5
backoff = {{ type = "exponential", delay = "2s", jitter = 0.5 }}

[queues.github-sync]
plugin = "github-sync"
concurrency = 5
timeout = "2m"
attempts = 8
backoff = {{ type = "exponential", delay = "2s", jitter = 0.5 }}
rate_limit = {{ max = 5, per = "1s" }}

[plugins.agent-commands]
http = [{agent}]
config = {{ agent-url = {agent} }}

[plugins.github-sync]
http = [{github}]
keyvalue = true
add_to = ["github-sync"]
config = {{ api-url = {github} }}
secrets = {{ token = {token} }}
"#
        )
    }
}

fn component(folder: &Path, plugin: &str) -> PathBuf {
    folder.join(format!("{plugin}.wasm"))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let content = fs::read(from).with_context(|| format!("could not read the plugin {}", from.display()))?;
    write_atomically(to, &content)
}

/// Quotes a text for TOML. JSON's strings are valid in TOML.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn free_address() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("could not find a free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.to_string())
}
